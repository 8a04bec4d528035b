#include "conv_case.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/bf16.h"

/* n numbers in +-1, 64-byte aligned; NULL and no more buffers after memory ran out. */
static void *buffer(struct conv_case *c, enum cb_format format, size_t n)
{
    size_t bytes = n * cb_format_bytes(format);
    c->bytes += bytes;
    if (c->n_buffers && !c->buffers[c->n_buffers - 1]) return NULL;
    void *p = cb_alloc_tensor(bytes);
    c->buffer_bytes[c->n_buffers] = bytes;
    c->buffers[c->n_buffers++] = p;
    if (p) cb_fill_random(c->team, (uint32_t)c->n_buffers, format, p, n);
    return p;
}

static float *floats(struct conv_case *c, size_t n)
{
    return buffer(c, CB_F32, n);
}

static void *activation(struct conv_case *c, size_t n)
{
    return buffer(c, c->shape.storage, n);
}

/* The images of the stem are floats always. */
static void *source(struct conv_case *c, size_t n)
{
    return c->shape.kind == CB_CONV_STEM ? floats(c, n) : activation(c, n);
}

static float *workspace(struct conv_case *c)
{
    size_t n = cb_conv_workspace(&c->shape);
    return n ? floats(c, n) : NULL;
}

static void plan_forward(struct conv_case *c, size_t in, size_t out, bool fused)
{
    const struct cb_conv_shape *s = &c->shape;
    c->fwd = (struct cb_conv_fwd){
        .shape = *s, .source = {.x = source(c, in)}, .w = c->w, .y = activation(c, out), .workspace = workspace(c)};
    if (!fused) return;
    c->fwd.stats = floats(c, s->n * s->k * 2);
    if (s->kind == CB_CONV_STEM) return;
    c->fwd.source.scale = floats(c, s->c);
    c->fwd.source.shift = floats(c, s->c);
    c->fwd.source.residual = activation(c, in);
    if (s->kind != CB_CONV_1X1_S2) c->fwd.source.z = activation(c, in);
}

/* Batch norm on both sides, and with stride 1 or 3x3 also the skip gradient, the ReLU mask and the sums. */
static void fuse_backward(struct conv_case *c, size_t in, size_t out)
{
    const struct cb_conv_shape *s = &c->shape;
    c->bwd.dy.y = activation(c, out);
    c->bwd.dy.a = floats(c, s->k);
    c->bwd.dy.b = floats(c, s->k);
    c->bwd.dy.c = floats(c, s->k);
    if (s->kind == CB_CONV_STEM) return;
    c->bwd.source.scale = floats(c, s->c);
    c->bwd.source.shift = floats(c, s->c);
    if (s->kind == CB_CONV_1X1_S2) return;
    c->bwd.skip = activation(c, in);
    c->bwd.masked = 1;
    c->bwd.bn_y = activation(c, in);
    c->bwd.bn_mean = floats(c, s->c);
    c->bwd.sums = floats(c, s->n * s->c * 2);
}

static void plan_backward(struct conv_case *c, size_t in, size_t out, bool fused)
{
    const struct cb_conv_shape *s = &c->shape;
    size_t weights = cb_conv_weights(s);
    c->bwd = (struct cb_conv_bwd){.shape = *s,
                                  .source = {.x = source(c, in)},
                                  .dy = {.g = activation(c, out)},
                                  .dw_groups = floats(c, CB_IMAGE_GROUPS * weights),
                                  .dw = floats(c, weights),
                                  .workspace = workspace(c)};
    if (fused) fuse_backward(c, in, out);
    if (s->kind == CB_CONV_STEM) return;
    c->flops *= 2;
    c->bwd.dx = activation(c, s->kind == CB_CONV_1X1_S2 ? in / 4 : in);
    float *wt = floats(c, weights);
    if (wt) cb_conv_transpose(s, c->w, wt);
    c->bwd.wt = wt;
}

enum cb_status conv_case_plan(struct conv_case *c, struct cb_team *team, const struct cb_conv_shape *shape,
                              enum case_pass pass, struct cb_error *err)
{
    *c = (struct conv_case){.team = team, .shape = *shape, .pass = pass, .flops = cb_conv_flops(shape)};
    size_t in = shape->n * shape->c * shape->h * shape->w;
    size_t out = shape->n * shape->k * cb_conv_out_h(shape) * cb_conv_out_w(shape);
    c->w = floats(c, cb_conv_weights(shape));
    if (pass == FORWARD || pass == FUSED_FORWARD)
        plan_forward(c, in, out, pass == FUSED_FORWARD);
    else
        plan_backward(c, in, out, pass == FUSED_BACKWARD);
    if (c->buffers[c->n_buffers - 1]) return CB_OK;
    return cb_fail(err, CB_NO_MEMORY, "out of memory for %.0f MB; use a smaller --batch", (double)c->bytes * 1e-6);
}

void conv_case_release(struct conv_case *c)
{
    for (size_t i = 0; i < c->n_buffers; i++) free(c->buffers[i]);
    *c = (struct conv_case){0};
}

enum cb_status conv_case_run(void *conv_case, struct cb_error *err)
{
    (void)err;
    const struct conv_case *c = conv_case;
    if (c->pass == FORWARD || c->pass == FUSED_FORWARD)
        cb_conv_forward(c->team, &c->fwd);
    else
        cb_conv_backward(c->team, &c->bwd);
    return CB_OK;
}

void conv_case_oihw(const struct conv_case *c, float *w)
{
    cb_conv_unpack_oihw(&c->shape, c->w, w);
}

size_t conv_case_result_size(const struct conv_case *c, enum cb_conv_pass pass)
{
    const struct cb_conv_shape *s = &c->shape;
    switch (pass) {
    case CB_CONV_FORWARD:
        return s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
    case CB_CONV_BACKWARD_DATA:
        return s->n * s->c * s->h * s->w;
    default:
        return cb_conv_weights(s);
    }
}

/* dX of the strided 1x1 has its even rows and columns only; the others are 0. */
static void expand_even(const struct cb_conv_shape *s, const float *dx, float *out)
{
    memset(out, 0, s->n * s->c * s->h * s->w * sizeof *out);
    for (size_t block = 0; block < s->n * s->c / 16; block++)
        for (size_t y = 0; y < s->h; y += 2)
            for (size_t x = 0; x < s->w; x += 2, dx += 16)
                memcpy(out + ((block * s->h + y) * s->w + x) * 16, dx, 16 * sizeof *dx);
}

static void to_floats(enum cb_format format, const void *from, size_t n, float *to)
{
    if (format == CB_F32)
        memcpy(to, from, n * sizeof *to);
    else
        for (size_t i = 0; i < n; i++) to[i] = cb_bf16_value(((const uint16_t *)from)[i]);
}

enum cb_status conv_case_result(const struct conv_case *c, enum cb_conv_pass pass, float *out, struct cb_error *err)
{
    const struct cb_conv_shape *s = &c->shape;
    size_t n = conv_case_result_size(c, pass);
    if (pass == CB_CONV_BACKWARD_WEIGHTS) {
        cb_conv_unpack_oihw(s, c->bwd.dw, out);
    } else if (pass == CB_CONV_FORWARD) {
        to_floats(s->storage, c->fwd.y, n, out);
    } else if (s->kind == CB_CONV_1X1_S2) {
        float *dx = malloc(n / 4 * sizeof *dx);
        if (!dx) return cb_fail(err, CB_NO_MEMORY, "out of memory to compare results; use a smaller --batch");
        to_floats(s->storage, c->bwd.dx, n / 4, dx);
        expand_even(s, dx, out);
        free(dx);
    } else {
        to_floats(s->storage, c->bwd.dx, n, out);
    }
    return CB_OK;
}
