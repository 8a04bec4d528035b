/* A library in the place of oneDNN: plain convolutions of stride 1, one way right and one that loses a tap of one input
 * channel, to test that the latter's result is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conv_peer.h"
#include "core/bf16.h"
#include "gemm_peer.h"

enum { RIGHT, LOSES_TAP, ALGORITHMS };
static const char *const algorithm_names[ALGORITHMS] = {"right", "loses_tap"};

struct cb_conv_plan {
    struct cb_conv_shape shape;
    enum cb_conv_pass pass;
    size_t algorithm, n;
    const void *x, *y;
    float *w, *out;
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
    free(plan->w);
    free(plan->out);
    free(plan);
}

static enum cb_status create(struct cb_conv_plan **out, const struct cb_conv_shape *s, enum cb_conv_pass pass,
                             size_t algorithm, const struct cb_conv_tensors *t, struct cb_error *err)
{
    *out = NULL;
    if (s->kind != CB_CONV_3X3 && s->kind != CB_CONV_WINOGRAD) return cb_fail(err, CB_UNAVAILABLE, "3x3 alone");
    size_t weights = cb_conv_weights(s), map = s->n * s->h * s->w;
    size_t n = pass == CB_CONV_FORWARD ? map * s->k : pass == CB_CONV_BACKWARD_DATA ? map * s->c : weights;
    struct cb_conv_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    *plan = (struct cb_conv_plan){
        *s, pass, algorithm, n, t->x, t->y, malloc(weights * sizeof(float)), calloc(n, sizeof(float))};
    if (!plan->w || !plan->out) {
        destroy(plan);
        return cb_fail(err, CB_NO_MEMORY, "out of memory");
    }
    memcpy(plan->w, t->w, weights * sizeof *plan->w);
    *out = plan;
    return CB_OK;
}

/* Of [N][C/16][H][W][16]. */
static size_t at(const struct cb_conv_shape *s, size_t channels, size_t n, size_t c, size_t pixel)
{
    return ((n * channels / 16 + c / 16) * s->h * s->w + pixel) * 16 + c % 16;
}

static float load(const struct cb_conv_shape *s, const void *from, size_t i)
{
    return s->storage == CB_BF16 ? cb_bf16_value(((const uint16_t *)from)[i]) : ((const float *)from)[i];
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
            size_t x = at(s, s->c, n, c, h * s->w + w), y = at(s, s->k, n, k, p * s->w + q);
            if (plan->pass == CB_CONV_FORWARD)
                plan->out[y] += load(s, plan->x, x) * plan->w[weight];
            else if (plan->pass == CB_CONV_BACKWARD_DATA)
                plan->out[x] += load(s, plan->y, y) * plan->w[weight];
            else
                plan->out[weight] += load(s, plan->x, x) * load(s, plan->y, y);
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

const struct cb_conv_peer cb_conv_onednn = {.name = "oneDNN",
                                            .algorithms = ALGORITHMS,
                                            .algorithm_names = algorithm_names,
                                            .create = create,
                                            .implementation = implementation,
                                            .run = run,
                                            .result = result,
                                            .buffers = buffers,
                                            .destroy = destroy};
const struct cb_gemm_peer cb_gemm_onednn = {.name = "oneDNN", .start = start};
