#include "model/plan.h"

#include <assert.h>
#include <string.h>
#include <time.h>

double cb_profile_start(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cb_profile_add(struct cb_model *m, size_t row, double start, double flops)
{
    m->profile[row].seconds += cb_profile_start() - start;
    m->profile[row].flops += flops;
    m->profile[row].calls++;
    if (m->after_operation) m->after_operation(m->after_operation_context, row);
}

void cb_model_after_operations(struct cb_model *m, void (*done)(void *context, size_t row), void *context)
{
    m->after_operation = done;
    m->after_operation_context = context;
}

size_t cb_profile_row(struct cb_model *m, const char *name)
{
    for (size_t i = 0; i < m->profile_rows; i++)
        if (!strcmp(m->profile[i].name, name)) return i;
    size_t row = m->profile_rows++;
    assert(row < CB_PROFILE_ROWS && strlen(name) < sizeof m->profile_names[0]);
    strcpy(m->profile_names[row], name);
    m->profile[row].name = m->profile_names[row];
    return row;
}

const struct cb_model_profile_row *cb_model_profile(const struct cb_model *m, size_t *rows)
{
    *rows = m->profile_rows;
    return m->profile;
}

void cb_model_profile_reset(struct cb_model *m)
{
    for (size_t i = 0; i < m->profile_rows; i++) {
        m->profile[i].seconds = m->profile[i].flops = 0;
        m->profile[i].calls = 0;
    }
}
