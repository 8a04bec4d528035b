/* Suites in the place of suites/kernels.c: one kernel with variants that are wrong on purpose. */
#include <stdlib.h>
#include <string.h>

#include "../suites/outputs.h"
#include "case.h"

static const struct cb_shape_key keys[] = {{.name = "n", .min = 1, .max = 1 << 20, .step = 1}};
static const struct cb_shape_form form = {.name = "add", .keys = keys, .n_keys = 1};

enum { RIGHT, OFF_BY_ONE, TOO_SHORT, ABSENT, BREAKS, LATER };
static const char *const names[] = {"right", "off_by_one", "too_short", "absent", "breaks", "breaks_later"};

static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    struct cb_availability one = *available;
    one.n_isas = 1;
    double n = (double)cb_shape_value(the_case->shape, "n");
    struct cb_cost cost = {.flops = n, .least_flops = {[CB_F32] = n}, .bytes = 2 * n * sizeof(float)};
    for (unsigned i = RIGHT; i <= LATER; i++) cb_add_ours(the_case, &one, names[i], i, &cost, false);
}

struct work {
    size_t n, calls;
    float *x, *y;
    struct outputs outputs;
};

static void add(struct work *w, size_t first, size_t end, float what)
{
    for (size_t i = first; i < end; i++) w->y[i] = w->x[i] + what;
}

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    (void)team;
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    w->n = cb_shape_value(the_case->shape, "n");
    w->x = calloc(w->n, sizeof *w->x);
    w->y = calloc(w->n, sizeof *w->y);
    if (!w->x || !w->y) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    add(w, 0, w->n, 1);
    outputs_add(&w->outputs, "y", CB_F32, w->y, w->n);
    return outputs_expect(&w->outputs, err);
}

static enum cb_status prepare(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    (void)work;
    return e->algorithm == ABSENT ? cb_fail(err, CB_UNAVAILABLE, "not offered for this shape") : CB_OK;
}

static enum cb_status run(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->algorithm == BREAKS) return cb_fail(err, CB_UNAVAILABLE, "it broke");
    if (e->algorithm == LATER && ++w->calls > 2) return cb_fail(err, CB_UNAVAILABLE, "it broke in the third call");
    add(w, 0, e->algorithm == TOO_SHORT ? w->n - 1 : w->n, 1);
    if (e->algorithm == OFF_BY_ONE) w->y[w->n / 2] += 1;
    return CB_OK;
}

static enum cb_status verify(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    outputs_poison(&w->outputs);
    enum cb_status status = run(work, e, err);
    return status ? status : outputs_check(&w->outputs, err);
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    free(w->x);
    free(w->y);
    outputs_release(&w->outputs);
    free(w);
}

static const struct cb_kernel kernels[] = {{
                                               .name = "add",
                                               .form = &form,
                                               .implement = implement,
                                               .setup = setup,
                                               .prepare = prepare,
                                               .verify = verify,
                                               .run = run,
                                               .release = release,
                                           },
                                           {0}};

const struct cb_kernel *const cb_suites[] = {kernels, NULL};
