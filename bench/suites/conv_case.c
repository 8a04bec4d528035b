#include "conv_case.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/bf16.h"
#include "model/block.h"

/* Buffer `number`, counted from 1, with its n numbers. */
static void fill(const struct conv_case *c, size_t number, enum cb_format format, size_t n)
{
    cb_fill_random(c->team, (uint32_t)number, format, c->buffers[number - 1], n);
}

/* n numbers in +-1, 64-byte aligned; NULL and no more buffers after memory ran out. */
static void *buffer(struct conv_case *c, enum cb_format format, size_t n)
{
    size_t bytes = n * cb_format_bytes(format);
    c->bytes += bytes;
    if (c->n_buffers && !c->buffers[c->n_buffers - 1]) return NULL;
    assert(c->n_buffers < CASE_BUFFERS);
    void *p = cb_alloc_tensor(bytes);
    c->buffer_bytes[c->n_buffers] = bytes;
    c->buffers[c->n_buffers++] = p;
    if (p) fill(c, c->n_buffers, format, n);
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

/* Elements of the input, and of the output. */
static size_t input_size(const struct cb_conv_shape *s)
{
    return s->n * s->c * s->h * s->w;
}

static size_t output_size(const struct cb_conv_shape *s)
{
    return s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
}

/* dX of the strided 1x1 has its even rows and columns alone. */
static size_t dx_size(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_1X1_S2 ? input_size(s) / 4 : input_size(s);
}

static float *transposed(struct conv_case *c)
{
    float *wt = floats(c, cb_conv_weights(&c->shape));
    if (wt) cb_conv_transpose(&c->shape, c->w, wt);
    return wt;
}

static void plain_forward(struct conv_case *c)
{
    const struct cb_conv_shape *s = &c->shape;
    c->fwd = (struct cb_conv_fwd){.shape = *s,
                                  .source = {.x = source(c, input_size(s))},
                                  .w = c->w,
                                  .y = activation(c, output_size(s)),
                                  .workspace = workspace(c)};
}

static void plain_backward(struct conv_case *c)
{
    const struct cb_conv_shape *s = &c->shape;
    size_t weights = cb_conv_weights(s);
    c->bwd = (struct cb_conv_bwd){.shape = *s,
                                  .source = {.x = source(c, input_size(s))},
                                  .dy = {.g = activation(c, output_size(s))},
                                  .dw_groups = floats(c, CB_IMAGE_GROUPS * weights),
                                  .dw = floats(c, weights),
                                  .workspace = workspace(c)};
    if (s->kind == CB_CONV_STEM) return;
    c->bwd.dx = activation(c, dx_size(s));
    c->bwd.wt = transposed(c);
}

/* The n elements of the output of a layer before, and the coefficients with which its channels are read. */
static void normed_output(struct conv_case *c, struct cb_conv_bn *l, size_t n, size_t channels)
{
    l->y = activation(c, n);
    l->bn.scale = floats(c, channels);
    l->bn.shift = floats(c, channels);
}

/* The layer whose convolution is run, as a pass reads and writes it. */
static void forward_layer(struct conv_case *c, struct cb_conv_bn *l, struct cb_conv_memory *memory)
{
    *l = (struct cb_conv_bn){.shape = c->shape, .w = c->w, .y = activation(c, output_size(&c->shape))};
    memory->stats = floats(c, c->shape.n * c->shape.k * 2);
    memory->workspace = workspace(c);
}

static void block1_forward(struct conv_case *c)
{
    const struct cb_conv_shape *s = &c->shape;
    struct cb_block b = {.z = activation(c, input_size(s))}, before = {.shortcut = CB_IDENTITY};
    struct cb_conv_memory memory = {0};
    normed_output(c, &before.conv2, input_size(s), s->c);
    before.z = activation(c, input_size(s));
    forward_layer(c, &b.conv1, &memory);
    c->fwd = cb_conv1_forward(&b, &before, NULL, memory);
}

static void block2_forward(struct conv_case *c)
{
    struct cb_block b = {.z = NULL};
    struct cb_conv_memory memory = {0};
    normed_output(c, &b.conv1, input_size(&c->shape), c->shape.c);
    forward_layer(c, &b.conv2, &memory);
    c->fwd = cb_conv2_forward(&b, memory);
}

static void stem_forward(struct conv_case *c)
{
    struct cb_conv_bn stem;
    struct cb_conv_memory memory = {0};
    const float *images = source(c, input_size(&c->shape));
    forward_layer(c, &stem, &memory);
    c->fwd = cb_stem_forward(&stem, images, memory);
}

static void projection_forward(struct conv_case *c)
{
    struct cb_block b = {.z = activation(c, input_size(&c->shape))};
    struct cb_conv_memory memory = {0};
    forward_layer(c, &b.projection, &memory);
    c->fwd = cb_projection_forward(&b, memory);
}

static void backward_layer(struct conv_case *c, struct cb_conv_bn *l, struct cb_conv_memory *memory)
{
    const struct cb_conv_shape *s = &c->shape;
    size_t weights = cb_conv_weights(s);
    *l = (struct cb_conv_bn){.shape = *s, .y = activation(c, output_size(s))};
    l->bn.a = floats(c, s->k);
    l->bn.b = floats(c, s->k);
    l->bn.coef = floats(c, s->k);
    l->dw = floats(c, weights);
    memory->dw_groups = floats(c, CB_IMAGE_GROUPS * weights);
    memory->workspace = workspace(c);
    if (s->kind == CB_CONV_STEM) return;
    l->wt = transposed(c);
    memory->stats = floats(c, s->n * s->c * 2);
}

static void block1_backward(struct conv_case *c)
{
    const struct cb_conv_shape *s = &c->shape;
    bool strided = s->kind == CB_CONV_3X3_S2;
    struct cb_block b = {.shortcut = strided ? CB_PROJECTION : CB_IDENTITY, .z = activation(c, input_size(s))};
    struct cb_conv_bn before = {.y = activation(c, input_size(s)), .bn = {.mean = floats(c, s->c)}};
    struct cb_conv_memory memory = {0};
    backward_layer(c, &b.conv1, &memory);
    const void *inner = activation(c, output_size(s));
    const void *compact = strided ? activation(c, input_size(s) / 4) : NULL;
    void *g = activation(c, input_size(s));
    if (!strided) c->in_place = c->n_buffers;
    c->bwd = cb_conv1_backward(&b, &before, inner, g, compact, memory);
}

static void block2_backward(struct conv_case *c)
{
    const struct cb_conv_shape *s = &c->shape;
    struct cb_block b = {.z = NULL};
    struct cb_conv_memory memory = {0};
    normed_output(c, &b.conv1, input_size(s), s->c);
    b.conv1.bn.mean = floats(c, s->c);
    backward_layer(c, &b.conv2, &memory);
    const void *g = activation(c, output_size(s));
    c->bwd = cb_conv2_backward(&b, g, activation(c, input_size(s)), memory);
}

static void stem_backward(struct conv_case *c)
{
    struct cb_conv_bn stem;
    struct cb_conv_memory memory = {0};
    const float *images = source(c, input_size(&c->shape));
    backward_layer(c, &stem, &memory);
    c->bwd = cb_stem_backward(&stem, images, activation(c, output_size(&c->shape)), memory);
}

static void projection_backward(struct conv_case *c)
{
    const struct cb_conv_shape *s = &c->shape;
    struct cb_block b = {.z = activation(c, input_size(s))};
    struct cb_conv_memory memory = {0};
    backward_layer(c, &b.projection, &memory);
    const void *g = activation(c, output_size(s));
    c->bwd = cb_projection_backward(&b, g, activation(c, dx_size(s)), memory);
}

static void plan_pass(struct conv_case *c)
{
    bool stem = c->shape.kind == CB_CONV_STEM;
    switch (c->pass) {
    case FORWARD:
        plain_forward(c);
        break;
    case BACKWARD:
        plain_backward(c);
        break;
    case BLOCK1_FORWARD:
        block1_forward(c);
        break;
    case BLOCK1_BACKWARD:
        block1_backward(c);
        break;
    case BLOCK2_FORWARD:
        block2_forward(c);
        break;
    case BLOCK2_BACKWARD:
        block2_backward(c);
        break;
    case FUSED_FORWARD:
        stem ? stem_forward(c) : projection_forward(c);
        break;
    case FUSED_BACKWARD:
        stem ? stem_backward(c) : projection_backward(c);
        break;
    case CASE_PASSES:
        break;
    }
}

enum cb_status conv_case_plan(struct conv_case *c, struct cb_team *team, const struct cb_conv_shape *shape,
                              enum case_pass pass, struct cb_error *err)
{
    *c = (struct conv_case){.team = team, .shape = *shape, .pass = pass};
    enum cb_status status = cb_conv_check(shape, err);
    if (status) return status;
    c->w = floats(c, cb_conv_weights(shape));
    plan_pass(c);
    if (c->buffers[c->n_buffers - 1]) return CB_OK;
    return cb_fail(err, CB_NO_MEMORY, "out of memory for %.0f MB; use a smaller --batch", (double)c->bytes * 1e-6);
}

void conv_case_release(struct conv_case *c)
{
    for (size_t i = 0; i < c->n_buffers; i++) free(c->buffers[i]);
    *c = (struct conv_case){0};
}

void conv_case_restore(const struct conv_case *c)
{
    if (c->in_place) fill(c, c->in_place, c->shape.storage, input_size(&c->shape));
}

enum cb_status conv_case_run(void *conv_case, struct cb_error *err)
{
    (void)err;
    const struct conv_case *c = conv_case;
    if (case_is_backward(c->pass))
        cb_conv_backward(c->team, &c->bwd);
    else
        cb_conv_forward(c->team, &c->fwd);
    return CB_OK;
}

static double value_of(enum cb_format format, const void *from, size_t at)
{
    return (double)(format == CB_F32 ? ((const float *)from)[at] : cb_bf16_value(((const uint16_t *)from)[at]));
}

/* [images][channels/16][pixels][16] -> [images][channels][pixels]; the three channels of images are planes already. */
static void to_plain(enum cb_format format, const void *from, size_t images, size_t channels, size_t pixels, float *to)
{
    size_t lanes = channels % CB_LANES ? 1 : CB_LANES, at = 0;
    for (size_t block = 0; block < images * channels / lanes; block++)
        for (size_t pixel = 0; pixel < pixels; pixel++)
            for (size_t lane = 0; lane < lanes; lane++, at++)
                to[(block * lanes + lane) * pixels + pixel] = (float)value_of(format, from, at);
}

enum cb_status conv_case_plain(const struct conv_case *c, enum cb_conv_pass pass, struct conv_plain *plain,
                               struct cb_error *err)
{
    const struct cb_conv_shape *s = &c->shape;
    bool forward = pass == CB_CONV_FORWARD, x = pass != CB_CONV_BACKWARD_DATA, w = pass != CB_CONV_BACKWARD_WEIGHTS;
    *plain = (struct conv_plain){0};
    if (x) plain->x = malloc(input_size(s) * sizeof(float));
    if (w) plain->w = malloc(cb_conv_weights(s) * sizeof(float));
    if (!forward) plain->y = malloc(output_size(s) * sizeof(float));
    if ((x && !plain->x) || (w && !plain->w) || (!forward && !plain->y)) {
        conv_plain_free(plain);
        return cb_fail(err, CB_NO_MEMORY, "out of memory for a library's operands; use a smaller --batch");
    }
    enum cb_format source = s->kind == CB_CONV_STEM ? CB_F32 : s->storage;
    if (x) to_plain(source, forward ? c->fwd.source.x : c->bwd.source.x, s->n, s->c, s->h * s->w, plain->x);
    if (w) cb_conv_unpack_oihw(s, c->w, plain->w);
    if (!forward) to_plain(s->storage, c->bwd.dy.g, s->n, s->k, cb_conv_out_h(s) * cb_conv_out_w(s), plain->y);
    return CB_OK;
}

void conv_plain_free(struct conv_plain *plain)
{
    free(plain->x);
    free(plain->w);
    free(plain->y);
    *plain = (struct conv_plain){0};
}

size_t conv_case_result_size(const struct conv_case *c, enum cb_conv_pass pass)
{
    const struct cb_conv_shape *s = &c->shape;
    switch (pass) {
    case CB_CONV_FORWARD:
        return output_size(s);
    case CB_CONV_BACKWARD_DATA:
        return input_size(s);
    default:
        return cb_conv_weights(s);
    }
}

/* dX of the strided 1x1 has its even rows and columns only; the others are 0. */
static void expand_even(const struct cb_conv_shape *s, const float *dx, float *out)
{
    memset(out, 0, input_size(s) * sizeof *out);
    for (size_t row = 0; row < s->n * s->c * s->h; row++)
        for (size_t x = 0; x < s->w && row % s->h % 2 == 0; x += 2) out[row * s->w + x] = *dx++;
}

enum cb_status conv_case_result(const struct conv_case *c, enum cb_conv_pass pass, float *out, struct cb_error *err)
{
    const struct cb_conv_shape *s = &c->shape;
    if (pass == CB_CONV_BACKWARD_WEIGHTS) {
        cb_conv_unpack_oihw(s, c->bwd.dw, out);
    } else if (pass == CB_CONV_FORWARD) {
        to_plain(s->storage, c->fwd.y, s->n, s->k, cb_conv_out_h(s) * cb_conv_out_w(s), out);
    } else if (s->kind == CB_CONV_1X1_S2) {
        float *dx = malloc(dx_size(s) * sizeof *dx);
        if (!dx) return cb_fail(err, CB_NO_MEMORY, "out of memory to compare results; use a smaller --batch");
        to_plain(s->storage, c->bwd.dx, s->n, s->c, s->h * s->w / 4, dx);
        expand_even(s, dx, out);
        free(dx);
    } else {
        to_plain(s->storage, c->bwd.dx, s->n, s->c, s->h * s->w, out);
    }
    return CB_OK;
}

double conv_case_worst_channel(const struct conv_case *c, enum cb_conv_pass pass, const float *expected,
                               const float *got)
{
    const struct cb_conv_shape *s = &c->shape;
    size_t channels = pass == CB_CONV_BACKWARD_DATA ? s->c : s->k;
    size_t images = pass == CB_CONV_BACKWARD_WEIGHTS ? 1 : s->n;
    size_t pixels = conv_case_result_size(c, pass) / images / channels; /* of dW: C*R*S */
    double worst = 0;
    for (size_t channel = 0; channel < channels; channel++) {
        double difference = 0, size = 0;
        for (size_t i = 0; i < images * pixels; i++) {
            size_t at = (i / pixels * channels + channel) * pixels + i % pixels;
            double d = (double)got[at] - (double)expected[at];
            difference += d * d;
            size += (double)expected[at] * (double)expected[at];
        }
        double share = difference == 0 ? 0 : sqrt(difference / size);
        if (isnan(share)) return share;
        if (share > worst) worst = share;
    }
    return worst;
}
