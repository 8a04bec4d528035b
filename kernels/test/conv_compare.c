#include "test/conv_compare.h"
#include "test/data.h"

#include <string.h>

const char *const conv_kind_names[CONV_KINDS] = {[CB_CONV_3X3] = "conv3x3",
                                                 [CB_CONV_3X3_S2] = "conv3x3s2",
                                                 [CB_CONV_1X1_S2] = "conv1x1s2",
                                                 [CB_CONV_STEM] = "conv_stem",
                                                 [CB_CONV_WINOGRAD] = "winograd"};

#define CB_OP(...)
#define CB_OP_BF16(...)
static const struct {
    void (*fn)(void);
    const char *name;
} names[] = {
#define CB_CONV(op, kind, storage, products, name, ...) {(void (*)(void))cb_##name##__scalar, #name},
#include "conv/conv.inc"
};
#undef CB_OP
#undef CB_OP_BF16

const char *conv_op_name(const struct cb_conv_shape *s, bool fwd)
{
    void (*fn)(void) =
        fwd ? (void (*)(void))conv_forward_of(CB_ISA_SCALAR, s) : (void (*)(void))conv_backward_of(CB_ISA_SCALAR, s);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].fn == fn) return names[i].name;
    return "none";
}

void conv_set_formats(struct cb_conv_shape *s, size_t f)
{
    /* storage, forward products, backward products */
    static const enum cb_format formats[CONV_FORMATS][3] = {{CB_F32, CB_F32, CB_F32},
                                                            {CB_F32, CB_F32, CB_BF16},
                                                            {CB_BF16, CB_F32, CB_F32},
                                                            {CB_BF16, CB_F32, CB_BF16},
                                                            {CB_BF16, CB_BF16, CB_BF16}};
    s->storage = formats[f][0];
    s->fwd_products = s->kind == CB_CONV_WINOGRAD ? formats[f][1] : CB_F32;
    s->bwd_products = s->kind == CB_CONV_WINOGRAD ? formats[f][2] : CB_F32;
}

cb_conv_fwd_fn *conv_forward_of(enum cb_isa isa, const struct cb_conv_shape *s)
{
    return cb_conv_fwd_op(cb_ops_of(isa), s);
}

cb_conv_bwd_fn *conv_backward_of(enum cb_isa isa, const struct cb_conv_shape *s)
{
    return cb_conv_bwd_op(cb_ops_of(isa), s);
}

unsigned conv_fwd_all(const struct cb_conv_shape *s)
{
    if (s->kind == CB_CONV_STEM) return FWD_STATS;
    return s->kind == CB_CONV_1X1_S2 ? FWD_ALL & ~(unsigned)FWD_Z : FWD_ALL;
}

bool conv_fwd_options_valid(const struct cb_conv_shape *s, unsigned o)
{
    if (o & ~conv_fwd_all(s) & ~(unsigned)FWD_Z_IS_X) return false;
    return !((o & FWD_RESIDUAL && !(o & FWD_NORM)) || (o & FWD_RESIDUAL_NORM && !(o & FWD_RESIDUAL)) ||
             (o & FWD_Z_IS_X && !(o & FWD_Z)));
}

unsigned conv_bwd_all(const struct cb_conv_shape *s)
{
    if (s->kind == CB_CONV_STEM) return BWD_DY_NORM;
    if (s->kind == CB_CONV_1X1_S2) return BWD_NORM | BWD_DY_NORM;
    if (s->kind == CB_CONV_WINOGRAD) return BWD_ALL & ~(unsigned)BWD_SKIP_EVEN;
    return s->h % 2 || s->w % 2 ? BWD_ALL & ~(unsigned)BWD_SKIP_EVEN : BWD_ALL;
}

bool conv_bwd_options_valid(const struct cb_conv_shape *s, unsigned o)
{
    if (s->kind == CB_CONV_STEM || s->kind == CB_CONV_1X1_S2) return !(o & ~conv_bwd_all(s));
    if (o & BWD_BN_Y_IS_X && (!(o & BWD_SUMS) || o & (BWD_SKIP | BWD_SKIP_EVEN))) return false;
    return !((o & BWD_SKIP_IS_DX && !(o & BWD_SKIP)) || (o & BWD_SKIP_EVEN && !(conv_bwd_all(s) & BWD_SKIP_EVEN)));
}

size_t conv_input_size(const struct cb_conv_shape *s)
{
    return s->n * s->c * s->h * s->w;
}

/* The projection's dX is compact. */
static size_t dx_size(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_1X1_S2 ? conv_input_size(s) / 4 : conv_input_size(s);
}

size_t conv_output_size(const struct cb_conv_shape *s)
{
    return s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
}

static void at_shape(const struct cb_conv_shape *s, unsigned options, enum check_fill fill)
{
    check_at("n=%zu c=%zu h=%zu w=%zu k=%zu formats=%d %d %d options=%#x fill=%d", s->n, s->c, s->h, s->w, s->k,
             (int)s->storage, (int)s->fwd_products, (int)s->bwd_products, options, (int)fill);
}

/* Numbers that differ from call to call. */
static uint64_t next_seed(void)
{
    static uint64_t seed;
    return ++seed;
}

static void *copy_stored(const struct cb_conv_shape *s, const void *from, size_t n)
{
    return memcpy(check_stored(s->storage, n), from, n * cb_format_bytes(s->storage));
}

/* Weights in the transform domain. */
static float *filled_workspace(const struct cb_conv_shape *s, enum cb_format products, enum check_fill fill)
{
    size_t floats = cb_conv_workspace(s);
    if (!floats) return NULL;
    float *p = check_floats(floats);
    check_fill_stored(p, products, floats * sizeof *p / cb_format_bytes(products), fill, next_seed());
    return p;
}

/* --- forward --- */

struct cb_conv_fwd conv_forward_args(const struct cb_conv_shape *s, unsigned o, enum check_fill fill)
{
    struct cb_conv_fwd a = {.shape = *s,
                            .source.x = s->kind == CB_CONV_STEM
                                            ? filled(conv_input_size(s), fill, next_seed())
                                            : filled_stored(s->storage, conv_input_size(s), fill, next_seed()),
                            .w = filled(cb_conv_weights(s), fill, next_seed()),
                            .workspace = filled_workspace(s, s->fwd_products, fill)};
    if (o & FWD_NORM)
        a.source.scale = filled(s->c, fill, next_seed()), a.source.shift = filled(s->c, fill, next_seed());
    if (o & FWD_RESIDUAL) a.source.residual = filled_stored(s->storage, conv_input_size(s), fill, next_seed());
    if (o & FWD_RESIDUAL_NORM)
        a.source.residual_scale = filled(s->c, fill, next_seed()),
        a.source.residual_shift = filled(s->c, fill, next_seed());
    return a;
}

void conv_forward_outputs(struct cb_conv_fwd *a, unsigned o)
{
    const struct cb_conv_shape *s = &a->shape;
    if (o & FWD_Z) a->source.z = check_stored(s->storage, conv_input_size(s));
    if (o & FWD_Z_IS_X) a->source.x = a->source.z = copy_stored(s, a->source.x, conv_input_size(s));
    a->y = check_stored(s->storage, conv_output_size(s));
    if (o & FWD_STATS) a->stats = check_floats(s->n * s->k * 2);
}

void conv_forward_equal(const struct cb_conv_fwd *got, const struct cb_conv_fwd *want)
{
    const struct cb_conv_shape *s = &got->shape;
    check_equal_stored("y", s->storage, got->y, want->y, conv_output_size(s));
    if (got->stats) check_equal("stats", got->stats, want->stats, s->n * s->k * 2);
    if (got->source.z) check_equal_stored("z", s->storage, got->source.z, want->source.z, conv_input_size(s));
}

void conv_run_forward(cb_conv_fwd_fn *fn, const struct cb_conv_fwd *args)
{
    void *scratch = check_bytes(cb_conv_scratch_bytes(&args->shape));
    for (size_t i = 0; i < cb_conv_fwd_tasks(&args->shape); i++) fn(args, i, scratch);
}

void conv_compare_forward(cb_conv_fwd_fn *fn, const struct cb_conv_shape *s, unsigned options, enum check_fill fill)
{
    CHECK_COMPARED(fn);
    at_shape(s, options, fill);
    struct cb_conv_fwd got = conv_forward_args(s, options, fill), want = got;
    conv_forward_outputs(&got, options);
    conv_forward_outputs(&want, options);
    conv_run_forward(conv_forward_of(CB_ISA_SCALAR, s), &want);
    conv_run_forward(fn, &got);
    conv_forward_equal(&got, &want);
    check_release();
}

/* --- backward --- */

struct cb_conv_bwd conv_backward_args(const struct cb_conv_shape *s, unsigned o, enum check_fill fill)
{
    size_t in = conv_input_size(s), out = conv_output_size(s);
    struct cb_conv_bwd a = {.shape = *s,
                            .dy.g = filled_stored(s->storage, out, fill, next_seed()),
                            .source.x = s->kind == CB_CONV_STEM ? filled(in, fill, next_seed())
                                                                : filled_stored(s->storage, in, fill, next_seed()),
                            .workspace = filled_workspace(s, s->bwd_products, fill)};
    if (s->kind != CB_CONV_STEM) a.wt = filled(cb_conv_weights(s), fill, next_seed());
    if (o & BWD_NORM)
        a.source.scale = filled(s->c, fill, next_seed()), a.source.shift = filled(s->c, fill, next_seed());
    if (o & BWD_DY_NORM) {
        a.dy.y = filled_stored(s->storage, out, fill, next_seed());
        a.dy.a = filled(s->k, fill, next_seed()), a.dy.b = filled(s->k, fill, next_seed()),
        a.dy.c = filled(s->k, fill, next_seed());
    }
    if (o & BWD_SKIP) a.skip = filled_stored(s->storage, in, fill, next_seed());
    if (o & BWD_SKIP_EVEN) a.skip_even = filled_stored(s->storage, in / 4, fill, next_seed());
    a.masked = (o & BWD_MASK) != 0;
    if (o & BWD_SUMS) {
        a.bn_y = o & BWD_BN_Y_IS_X ? a.source.x : filled_stored(s->storage, in, fill, next_seed());
        a.bn_mean = filled(s->c, fill, next_seed());
    }
    return a;
}

void conv_backward_outputs(struct cb_conv_bwd *a, unsigned o)
{
    const struct cb_conv_shape *s = &a->shape;
    if (s->kind != CB_CONV_STEM) a->dx = check_stored(s->storage, dx_size(s));
    if (o & BWD_SKIP_IS_DX) a->skip = a->dx = copy_stored(s, a->skip, conv_input_size(s));
    if (o & BWD_SUMS) a->sums = check_floats(s->n * s->c * 2);
    a->dw_groups = check_floats(CB_IMAGE_GROUPS * cb_conv_weights(s));
    a->dw = check_floats(cb_conv_weights(s));
}

void conv_backward_equal(const struct cb_conv_bwd *got, const struct cb_conv_bwd *want)
{
    const struct cb_conv_shape *s = &got->shape;
    if (got->dx) check_equal_stored("dx", s->storage, got->dx, want->dx, dx_size(s));
    if (got->sums) check_equal("sums", got->sums, want->sums, s->n * s->c * 2);
    check_equal("dw_groups", got->dw_groups, want->dw_groups, CB_IMAGE_GROUPS * cb_conv_weights(s));
}

void conv_run_backward(cb_conv_bwd_fn *fn, const struct cb_conv_bwd *args)
{
    void *scratch = check_bytes(cb_conv_scratch_bytes(&args->shape));
    for (size_t g = 0; g < CB_IMAGE_GROUPS; g++) fn(args, g, scratch);
}

void conv_compare_backward(cb_conv_bwd_fn *fn, const struct cb_conv_shape *s, unsigned options, enum check_fill fill)
{
    CHECK_COMPARED(fn);
    at_shape(s, options, fill);
    struct cb_conv_bwd got = conv_backward_args(s, options, fill), want = got;
    conv_backward_outputs(&got, options);
    conv_backward_outputs(&want, options);
    conv_run_backward(conv_backward_of(CB_ISA_SCALAR, s), &want);
    conv_run_backward(fn, &got);
    conv_backward_equal(&got, &want);
    check_release();
}

cb_winograd_weights_fn *conv_weights_of(enum cb_isa isa, enum cb_format products)
{
    const struct cb_ops *ops = cb_ops_of(isa);
    return products == CB_BF16 ? ops->winograd_bf16_weights : ops->winograd_f32_weights;
}

static void transform_weights(cb_winograd_weights_fn *fn, size_t c, size_t k, const float *w, void *u)
{
    for (size_t kb = 0; kb < k / CB_LANES; kb++)
        for (size_t cb = 0; cb < c / CB_LANES; cb++) fn(&(struct cb_winograd_weights){c, k, w, u}, kb, cb);
}

void conv_transform_weights(enum cb_isa isa, enum cb_format products, size_t c, size_t k, const float *w, void *u)
{
    transform_weights(conv_weights_of(isa, products), c, k, w, u);
}

void conv_compare_weights(cb_winograd_weights_fn *fn, enum cb_format products, size_t c, size_t k, enum check_fill fill)
{
    CHECK_COMPARED(fn);
    check_at("c=%zu k=%zu fill=%d", c, k, (int)fill);
    const size_t n = CB_WINOGRAD_POSITIONS * c * k;
    float *w = filled(9 * c * k, fill, next_seed());
    void *got = check_stored(products, n), *want = check_stored(products, n);
    conv_transform_weights(CB_ISA_SCALAR, products, c, k, w, want);
    transform_weights(fn, c, k, w, got);
    check_equal_stored("u", products, got, want, n);
    check_release();
}
