#include "counter_set.h"

#include <string.h>

#include "counter_perf.h"

int cb_set_code(const char *name, int *code)
{
    *code = cb_perf_code(name);
    return *code >= 0 ? 0 : cb_papi_code(name, code);
}

static bool is_perf(int code)
{
    return code >= CB_PERF_CODES && code < CB_PERF_CODES << 1;
}

/* The first error; all files are closed. */
static int stop_perf(struct cb_counter_set *set, long long *values)
{
    int first = 0;
    for (size_t i = 0; i < set->n; i++) {
        if (set->file[i] < 0) continue;
        const int error = cb_perf_stop(set->file[i], &values[i]);
        if (!first) first = error;
    }
    return first;
}

int cb_set_start(struct cb_counter_set *set, const int *codes, size_t n)
{
    int of_papi[CB_MAX_CODES], error = 0;
    long long unused[CB_MAX_CODES];
    *set = (struct cb_counter_set){0};
    for (; set->n < n && !error; set->n++) {
        set->file[set->n] = -1;
        if (!is_perf(codes[set->n])) {
            of_papi[set->n_papi++] = codes[set->n];
            continue;
        }
        const int file = cb_perf_start(codes[set->n]);
        if (file < 0) error = -file;
        set->file[set->n] = file < 0 ? -1 : file;
    }
    if (!error && set->n_papi) error = cb_papi_start(&set->papi, of_papi, set->n_papi);
    if (error) stop_perf(set, unused);
    return error;
}

int cb_set_stop(struct cb_counter_set *set, long long *values)
{
    long long of_papi[CB_MAX_CODES];
    const int perf = stop_perf(set, values), papi = set->n_papi ? cb_papi_stop(&set->papi, of_papi) : 0;
    for (size_t i = 0, next = 0; i < set->n; i++)
        if (set->file[i] < 0) values[i] = of_papi[next++];
    return papi ? papi : perf;
}

const char *cb_set_error(int error)
{
    return error > 0 ? strerror(error) : cb_papi_error(error);
}
