/* Two libraries of convolutions of stride 1. The first has a right algorithm and one that loses a tap of one input
 * channel, to test that its result is refused; the second has the right one alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum { RIGHT, LOSES_TAP, ALGORITHMS };
static const char *const algorithm_names[ALGORITHMS] = {"right", "loses_tap"};

struct cb_conv_plan {
    struct cb_conv_shape shape;
    enum cb_conv_pass pass;
    size_t algorithm, n;
    float *x, *y, *w, *out; /* out: x, y or w */
};

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    (void)threads, (void)err;
    *about = (struct cb_peer_about){.isa = CB_ISA_COUNT, .text = "wrong on purpose"};
    return CB_OK;
}

static void destroy(struct cb_conv_plan *plan)
{
    if (!plan) return;
    free(plan->x);
    free(plan->y);
    free(plan->w);
    free(plan);
}

static float *copy(const float *from, size_t n)
{
    float *to = calloc(n, sizeof *to);
    if (to && from) memcpy(to, from, n * sizeof *to);
    return to;
}

static enum cb_status create(struct cb_conv_plan **out, const struct cb_conv_shape *s, enum cb_conv_pass pass,
                             size_t algorithm, const struct cb_conv_tensors *t, struct cb_error *err)
{
    *out = NULL;
    if (s->kind != CB_CONV_3X3 && s->kind != CB_CONV_WINOGRAD) return cb_fail(err, CB_UNAVAILABLE, "3x3 alone");
    size_t weights = cb_conv_weights(s), map = s->n * s->h * s->w;
    struct cb_conv_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    *plan = (struct cb_conv_plan){.shape = *s,
                                  .pass = pass,
                                  .algorithm = algorithm,
                                  .x = copy(t->x, map * s->c),
                                  .y = copy(t->y, map * s->k),
                                  .w = copy(t->w, weights)};
    if (!plan->x || !plan->y || !plan->w) {
        destroy(plan);
        return cb_fail(err, CB_NO_MEMORY, "out of memory");
    }
    plan->out = pass == CB_CONV_FORWARD ? plan->y : pass == CB_CONV_BACKWARD_DATA ? plan->x : plan->w;
    plan->n = pass == CB_CONV_FORWARD ? map * s->k : pass == CB_CONV_BACKWARD_DATA ? map * s->c : weights;
    *out = plan;
    return CB_OK;
}

/* What one weight of one image contributes. */
static void add_weight(struct cb_conv_plan *plan, size_t n, size_t k, size_t c, size_t r, size_t t)
{
    const struct cb_conv_shape *s = &plan->shape;
    size_t weight = ((k * s->c + c) * 3 + r) * 3 + t;
    for (size_t p = 0; p < s->h; p++)
        for (size_t q = 0; q < s->w; q++) {
            size_t h = p + r - 1, w = q + t - 1; /* of the input; the halo wraps or is too large */
            if (h >= s->h || w >= s->w) continue;
            float *x = &plan->x[((n * s->c + c) * s->h + h) * s->w + w];
            float *y = &plan->y[((n * s->k + k) * s->h + p) * s->w + q];
            if (plan->pass == CB_CONV_FORWARD)
                *y += *x * plan->w[weight];
            else if (plan->pass == CB_CONV_BACKWARD_DATA)
                *x += *y * plan->w[weight];
            else
                plan->w[weight] += *x * *y;
        }
}

static enum cb_status run(struct cb_conv_plan *plan, struct cb_error *err)
{
    (void)err;
    const struct cb_conv_shape *s = &plan->shape;
    memset(plan->out, 0, plan->n * sizeof *plan->out);
    for (size_t n = 0; n < s->n; n++)
        for (size_t k = 0; k < s->k; k++)
            for (size_t c = 0; c < s->c; c++)
                for (size_t tap = 0; tap < 9; tap++)
                    if (plan->algorithm == RIGHT || c != 3 || tap != 4) add_weight(plan, n, k, c, tap / 3, tap % 3);
    return CB_OK;
}

static enum cb_status result(struct cb_conv_plan *plan, float *out, struct cb_error *err)
{
    (void)err;
    memcpy(out, plan->out, plan->n * sizeof *out);
    return CB_OK;
}

static const char *implementation(const struct cb_conv_plan *plan)
{
    return algorithm_names[plan->algorithm];
}

static void buffers(const struct cb_conv_plan *plan, void (*visit)(void *context, const void *buffer, size_t bytes),
                    void *context)
{
    visit(context, plan->out, plan->n * sizeof *plan->out);
}

static const struct cb_conv_functions conv = {.algorithms = ALGORITHMS,
                                              .algorithm_names = algorithm_names,
                                              .create = create,
                                              .implementation = implementation,
                                              .run = run,
                                              .result = result,
                                              .buffers = buffers,
                                              .destroy = destroy};
static const struct cb_conv_functions other_conv = {.algorithms = 1,
                                                    .algorithm_names = algorithm_names,
                                                    .create = create,
                                                    .implementation = implementation,
                                                    .run = run,
                                                    .result = result,
                                                    .buffers = buffers,
                                                    .destroy = destroy};
static const struct cb_peer first = {.name = "First", .start = start, .conv = &conv};
static const struct cb_peer second = {.name = "Second", .start = start, .conv = &other_conv};

const struct cb_peer *const cb_peers[CB_PEERS + 1] = {&first, &second};
