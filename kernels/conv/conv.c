#include "conv/winograd_scratch.h"
#include "core/ops.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static size_t conv_stride(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_3X3_S2 || s->kind == CB_CONV_1X1_S2 ? 2 : 1;
}

/* Cb: input channels of a block */
static size_t channel_block(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_STEM ? 3 : CB_LANES;
}

size_t cb_conv_out_h(const struct cb_conv_shape *s)
{
    return s->h / conv_stride(s);
}

size_t cb_conv_out_w(const struct cb_conv_shape *s)
{
    return s->w / conv_stride(s);
}

size_t cb_conv_filter(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_1X1_S2 ? 1 : 3;
}

size_t cb_conv_weights(const struct cb_conv_shape *s)
{
    return s->k * s->c * cb_conv_filter(s) * cb_conv_filter(s);
}

size_t cb_conv_workspace(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_WINOGRAD ? CB_WINOGRAD_POSITIONS * s->c * s->k : 0;
}

size_t cb_conv_fwd_tasks(const struct cb_conv_shape *s)
{
    size_t images = s->kind == CB_CONV_WINOGRAD ? CB_WINOGRAD_TASK_IMAGES : 1;
    return (s->n + images - 1) / images;
}

/* One image of the source, then one of dY, both with a halo of one pixel (see scratch.h). */
size_t cb_conv_scratch_bytes(const struct cb_conv_shape *s)
{
    if (s->kind == CB_CONV_WINOGRAD) {
        size_t single = cb_winograd_scratch(s, 1, NULL).floats, pairs = cb_winograd_scratch(s, 2, NULL).floats;
        return (single > pairs ? single : pairs) * sizeof(float);
    }
    size_t source = s->c * (s->h + 2) * (s->w + 2);
    size_t dy = s->k * (cb_conv_out_h(s) + 2) * (cb_conv_out_w(s) + 2);
    source = (source + CB_LANES - 1) / CB_LANES * CB_LANES;
    return (source + dy) * sizeof(float);
}

double cb_conv_flops(const struct cb_conv_shape *s)
{
    return 2.0 * (double)s->n * (double)cb_conv_weights(s) * (double)(cb_conv_out_h(s) * cb_conv_out_w(s));
}

/* Index of w[k/16][c/Cb][r][c%Cb][s][k%16] */
static size_t packed_index(const struct cb_conv_shape *shape, size_t k, size_t c, size_t r, size_t s)
{
    size_t cb = channel_block(shape), rs = cb_conv_filter(shape);
    return (((((k / CB_LANES) * (shape->c / cb) + c / cb) * rs + r) * cb + c % cb) * rs + s) * CB_LANES + k % CB_LANES;
}

void cb_conv_pack_oihw(const struct cb_conv_shape *shape, const float *oihw, float *w)
{
    size_t rs = cb_conv_filter(shape);
    for (size_t k = 0; k < shape->k; k++)
        for (size_t c = 0; c < shape->c; c++)
            for (size_t r = 0; r < rs; r++)
                for (size_t s = 0; s < rs; s++) w[packed_index(shape, k, c, r, s)] = *oihw++;
}

void cb_conv_unpack_oihw(const struct cb_conv_shape *shape, const float *w, float *oihw)
{
    size_t rs = cb_conv_filter(shape);
    for (size_t k = 0; k < shape->k; k++)
        for (size_t c = 0; c < shape->c; c++)
            for (size_t r = 0; r < rs; r++)
                for (size_t s = 0; s < rs; s++) *oihw++ = w[packed_index(shape, k, c, r, s)];
}

void cb_conv_transpose(const struct cb_conv_shape *shape, const float *w, float *wt)
{
    assert(shape->kind != CB_CONV_STEM);
    size_t rs = cb_conv_filter(shape);
    int reversed = shape->kind == CB_CONV_3X3 || shape->kind == CB_CONV_WINOGRAD;
    for (size_t cb = 0; cb < shape->c; cb += CB_LANES)
        for (size_t kb = 0; kb < shape->k; kb += CB_LANES)
            for (size_t i = 0; i < rs; i++)
                for (size_t k = 0; k < CB_LANES; k++)
                    for (size_t j = 0; j < rs; j++)
                        for (size_t c = 0; c < CB_LANES; c++) {
                            size_t r = reversed ? rs - 1 - i : i, s = reversed ? rs - 1 - j : j;
                            *wt++ = w[packed_index(shape, kb + k, cb + c, r, s)];
                        }
}

/* The variants of a pass, from conv.inc. */
#define CB_OP(...)
#define CB_OP_BF16(...)
#define IN_fwd_OF_fwd(...) __VA_ARGS__
#define IN_bwd_OF_bwd(...) __VA_ARGS__
#define IN_fwd_OF_bwd(...)
#define IN_bwd_OF_fwd(...)

cb_conv_fwd_fn *cb_conv_fwd_op(const struct cb_ops *ops, const struct cb_conv_shape *s)
{
    const struct {
        enum cb_conv_kind kind;
        enum cb_format storage, products;
        cb_conv_fwd_fn *fn;
    } variants[] = {
#define CB_CONV(op, kind, storage, products, name, pass, ...)                                                          \
    IN_fwd_OF_##pass({CB_CONV_##kind, storage, products, ops->name}, )
#include "conv/conv.inc"
    };
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (variants[i].kind == s->kind && variants[i].storage == s->storage && variants[i].products == s->fwd_products)
            return variants[i].fn;
    return NULL;
}

cb_conv_bwd_fn *cb_conv_bwd_op(const struct cb_ops *ops, const struct cb_conv_shape *s)
{
    const struct {
        enum cb_conv_kind kind;
        enum cb_format storage, products;
        cb_conv_bwd_fn *fn;
    } variants[] = {
#define CB_CONV(op, kind, storage, products, name, pass, ...)                                                          \
    IN_bwd_OF_##pass({CB_CONV_##kind, storage, products, ops->name}, )
#include "conv/conv.inc"
    };
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (variants[i].kind == s->kind && variants[i].storage == s->storage && variants[i].products == s->bwd_products)
            return variants[i].fn;
    return NULL;
}
#undef CB_OP
#undef CB_OP_BF16

struct weights_job {
    struct cb_winograd_weights args;
    cb_winograd_weights_fn *fn;
};

static void weights_task(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct weights_job *job = context;
    size_t blocks = job->args.c / CB_LANES;
    job->fn(&job->args, task / blocks, task % blocks);
}

/* c, k: of the product. */
static void transform_weights(struct cb_team *team, enum cb_format products, size_t c, size_t k, const float *w,
                              float *u)
{
    struct weights_job job = {{c, k, w, u},
                              products == CB_BF16 ? cb_ops()->winograd_bf16_weights : cb_ops()->winograd_f32_weights};
    cb_team_run(team, c / CB_LANES * (k / CB_LANES), weights_task, &job);
}

/* What conv.h states of the pointers; NULL is aligned. */
static bool aligned(const void *const *pointers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((uintptr_t)pointers[i] % 64) return false;
    return true;
}

static bool source_is_sound(const struct cb_source *s)
{
    if (!s->x || !s->scale != !s->shift || !s->residual_scale != !s->residual_shift) return false;
    return (s->scale || !s->residual) && (s->residual || !s->residual_scale);
}

static bool forward_is_sound(const struct cb_conv_fwd *a)
{
    const struct cb_source *source = &a->source;
    const void *pointers[] = {source->x, source->residual, source->z, a->w, a->y, a->workspace};
    if (cb_conv_check(&a->shape, NULL) || !source_is_sound(source) || !a->w || !a->y) return false;
    if (a->shape.kind == CB_CONV_STEM && source->scale) return false;
    if ((a->shape.kind == CB_CONV_STEM || a->shape.kind == CB_CONV_1X1_S2) && source->z) return false;
    if (a->shape.kind == CB_CONV_WINOGRAD && !a->workspace) return false;
    return aligned(pointers, sizeof pointers / sizeof *pointers);
}

static bool backward_is_sound(const struct cb_conv_bwd *a)
{
    const struct cb_conv_shape *s = &a->shape;
    const struct cb_grad_source *dy = &a->dy;
    const void *pointers[] = {dy->g, dy->y,   a->source.x,  a->wt, a->skip,     a->skip_even,
                              a->dx, a->bn_y, a->dw_groups, a->dw, a->workspace};
    if (cb_conv_check(s, NULL) || !dy->g || !a->dw_groups || !a->dw) return false;
    if (dy->a ? !dy->b || !dy->c || !dy->y : dy->b || dy->c) return false;
    if (!source_is_sound(&a->source) || a->source.residual || a->source.z) return false;
    if (s->kind == CB_CONV_STEM ? a->dx || a->source.scale : !a->wt || !a->dx) return false;
    if (s->kind == CB_CONV_1X1_S2 && (a->skip || a->skip_even || a->masked || a->sums)) return false;
    if (a->skip_even && (s->kind == CB_CONV_WINOGRAD || s->h % 2 || s->w % 2)) return false;
    if (a->sums && (!a->bn_y || !a->bn_mean)) return false;
    if (s->kind == CB_CONV_WINOGRAD && !a->workspace) return false;
    return aligned(pointers, sizeof pointers / sizeof *pointers);
}

struct fwd_job {
    const struct cb_conv_fwd *args;
    cb_conv_fwd_fn *fn;
};

static void fwd_task(void *context, size_t task, void *scratch)
{
    const struct fwd_job *job = context;
    job->fn(job->args, task, scratch);
}

void cb_conv_forward(struct cb_team *team, const struct cb_conv_fwd *args)
{
    const struct cb_conv_shape *s = &args->shape;
    assert(forward_is_sound(args));
    if (s->kind == CB_CONV_WINOGRAD) transform_weights(team, s->fwd_products, s->c, s->k, args->w, args->workspace);
    struct fwd_job job = {args, cb_conv_fwd_op(cb_ops(), s)};
    assert(job.fn);
    cb_team_run(team, cb_conv_fwd_tasks(&args->shape), fwd_task, &job);
}

struct bwd_job {
    const struct cb_conv_bwd *args;
    cb_conv_bwd_fn *fn;
};

static void bwd_group(void *context, size_t group, void *scratch)
{
    const struct bwd_job *job = context;
    job->fn(job->args, group, scratch);
}

void cb_conv_backward(struct cb_team *team, const struct cb_conv_bwd *args)
{
    const struct cb_conv_shape *s = &args->shape;
    assert(backward_is_sound(args));
    if (s->kind == CB_CONV_WINOGRAD) transform_weights(team, s->bwd_products, s->k, s->c, args->wt, args->workspace);
    struct bwd_job job = {args, cb_conv_bwd_op(cb_ops(), s)};
    assert(job.fn);
    cb_team_run(team, CB_IMAGE_GROUPS, bwd_group, &job);
    cb_group_reduce(team, args->dw_groups, cb_conv_weights(&args->shape), args->dw);
}

enum { REDUCE_CHUNK = 256 }; /* floats of every group that a task adds: 32 KiB */

struct reduce_job {
    const float *parts;
    float *out;
    size_t len;
};

static void reduce_chunk(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct reduce_job *job = context;
    size_t first = task * REDUCE_CHUNK;
    size_t len = job->len - first < REDUCE_CHUNK ? job->len - first : REDUCE_CHUNK;
    float sum[CB_IMAGE_GROUPS / 2][REDUCE_CHUNK];
    for (size_t g = 0; g < CB_IMAGE_GROUPS; g += 2) {
        const float *a = job->parts + g * job->len + first, *b = a + job->len;
        for (size_t i = 0; i < len; i++) sum[g / 2][i] = a[i] + b[i];
    }
    for (size_t d = 1; d < CB_IMAGE_GROUPS / 2; d *= 2)
        for (size_t g = 0; g < CB_IMAGE_GROUPS / 2; g += 2 * d)
            for (size_t i = 0; i < len; i++) sum[g][i] += sum[g + d][i];
    memcpy(job->out + first, sum[0], len * sizeof(float));
}

void cb_group_reduce(struct cb_team *team, float *parts, size_t len, float *out)
{
    struct reduce_job job = {parts, out, len};
    cb_team_run(team, (len + REDUCE_CHUNK - 1) / REDUCE_CHUNK, reduce_chunk, &job);
}
