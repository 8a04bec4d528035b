/* Convolutions that are wrong on purpose, the scalar reference with one mistake: the comparison must see it. */
#include "test/conv_compare.h"

#include <string.h>

enum { WRONG_WEIGHTS = 48 * 32 * 36, WRONG_INPUT = 3 * 48 * 8 * 8 }; /* of the shapes below */
static float changed[WRONG_INPUT > WRONG_WEIGHTS ? WRONG_INPUT : WRONG_WEIGHTS];

static float *without_some_taps(const float *weights, size_t n)
{
    memcpy(changed, weights, n * sizeof *changed);
    memset(changed, 0, 16 * CB_LANES * sizeof *changed); /* several channels: the ReLU may silence one */
    return changed;
}

static void forward_drops_taps(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    struct cb_conv_fwd a = *args;
    if (a.workspace)
        a.workspace = without_some_taps(a.workspace, cb_conv_workspace(&a.shape));
    else
        a.w = without_some_taps(a.w, cb_conv_weights(&a.shape));
    conv_forward_of(CB_ISA_SCALAR, &a.shape)(&a, image, scratch);
}

static void forward_shifts_row(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    conv_forward_of(CB_ISA_SCALAR, &args->shape)(args, image, scratch);
    size_t row = cb_conv_out_w(&args->shape) * CB_LANES,
           map = args->shape.k / CB_LANES * cb_conv_out_h(&args->shape) * row;
    float *y = args->y;
    memmove(y + image * map + row, y + image * map, (map - row) * sizeof *y);
}

static void forward_writes_past_end(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    conv_forward_of(CB_ISA_SCALAR, &args->shape)(args, image, scratch);
    if (image + 1 == cb_conv_fwd_tasks(&args->shape)) ((float *)args->y)[conv_output_size(&args->shape)] = 0;
}

static void forward_swallows_nan(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    struct cb_conv_fwd a = *args;
    const float *x = a.source.x;
    for (size_t i = 0; i < conv_input_size(&a.shape); i++) changed[i] = x[i] == x[i] ? x[i] : 0;
    a.source.x = changed;
    conv_forward_of(CB_ISA_SCALAR, &a.shape)(&a, image, scratch);
}

/* Input pixels one further to the right: of a strided convolution the odd columns. */
static void forward_shifts_column(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    struct cb_conv_fwd a = *args;
    size_t pixel = a.shape.kind == CB_CONV_STEM ? 1 : CB_LANES, n = conv_input_size(&a.shape);
    memcpy(changed, (const float *)a.source.x + pixel, (n - pixel) * sizeof *changed);
    memset(changed + n - pixel, 0, pixel * sizeof *changed);
    a.source.x = changed;
    conv_forward_of(CB_ISA_SCALAR, &a.shape)(&a, image, scratch);
}

/* parts[rows][n][len], the n in reverse order. */
static void reverse(const float *parts, size_t rows, size_t n, size_t len, float *to)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < n; i++)
            memcpy(to + (r * n + i) * len, parts + (r * n + n - 1 - i) * len, len * sizeof *to);
}

/* Blocks of channels, of the stem channels, in reverse order: the same sum, other bits. */
static void forward_reorders(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    static float weights[WRONG_WEIGHTS];
    struct cb_conv_fwd a = *args;
    const struct cb_conv_shape *s = &a.shape;
    bool stem = s->kind == CB_CONV_STEM;
    size_t lanes = stem ? 1 : CB_LANES, filter = cb_conv_filter(s);
    reverse(a.source.x, s->n, s->c / lanes, s->h * s->w * lanes, changed);
    a.source.x = changed;
    if (a.workspace)
        reverse(a.workspace, CB_WINOGRAD_POSITIONS * s->k / CB_LANES, s->c / CB_LANES, CB_LANES * CB_LANES, weights);
    else if (stem)
        reverse(a.w, s->k / CB_LANES * 3, 3, 3 * CB_LANES, weights);
    else
        reverse(a.w, s->k / CB_LANES, s->c / CB_LANES, CB_LANES * CB_LANES * filter * filter, weights);
    if (a.workspace)
        a.workspace = weights;
    else
        a.w = weights;
    conv_forward_of(CB_ISA_SCALAR, s)(&a, image, scratch);
}

static void backward_drops_taps(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    if (a.workspace)
        a.workspace = without_some_taps(a.workspace, cb_conv_workspace(&a.shape));
    else
        a.wt = without_some_taps(a.wt, cb_conv_weights(&a.shape));
    conv_backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_forgets_mask(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.masked = 0;
    conv_backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_forgets_skip(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.skip = NULL;
    conv_backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_forgets_even_skip(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.skip_even = NULL;
    conv_backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_forgets_batch_norm(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.dy.a = NULL;
    conv_backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_exchanges_taps(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    conv_backward_of(CB_ISA_SCALAR, &args->shape)(args, group, scratch);
    float *dw = args->dw_groups + group * cb_conv_weights(&args->shape), first[CB_LANES];
    memcpy(first, dw, sizeof first);
    memcpy(dw, dw + CB_LANES, sizeof first);
    memcpy(dw + CB_LANES, first, sizeof first);
}

static void backward_shifts_pixels(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    conv_backward_of(CB_ISA_SCALAR, &args->shape)(args, group, scratch);
    if (group + 1 < CB_IMAGE_GROUPS) return;
    size_t n = conv_input_size(&args->shape) / (args->shape.kind == CB_CONV_1X1_S2 ? 4 : 1);
    float *dx = args->dx;
    memmove(dx + CB_LANES, dx, (n - CB_LANES) * sizeof *dx);
}

static void backward_leaves_empty_groups(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    size_t first, end;
    cb_group_range(args->shape.n, group, &first, &end);
    if (first < end) conv_backward_of(CB_ISA_SCALAR, &args->shape)(args, group, scratch);
}

static void backward_writes_past_end(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    conv_backward_of(CB_ISA_SCALAR, &args->shape)(args, group, scratch);
    if (group + 1 == CB_IMAGE_GROUPS) args->dw_groups[CB_IMAGE_GROUPS * cb_conv_weights(&args->shape)] = 0;
}

/* --- transforms of weights, one block of channels at a time --- */

static enum cb_format wrong_products; /* of the transform that is wrong */

static void weights_of_scalar(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    conv_weights_of(CB_ISA_SCALAR, wrong_products)(args, kb, cb);
}

/* The elements of a block at a position, and how many there are. */
static float *weights_at(const struct cb_winograd_weights *args, size_t position, size_t kb, size_t cb,
                         size_t *elements)
{
    size_t packed = wrong_products == CB_BF16 ? 2 : 1;
    *elements = CB_LANES * CB_LANES / packed;
    return args->u + ((position * args->k / CB_LANES + kb) * args->c / CB_LANES + cb) * *elements;
}

/* Rows for columns. */
static void weights_exchange_positions(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    float first[CB_LANES * CB_LANES];
    size_t elements;
    weights_of_scalar(args, kb, cb);
    float *a = weights_at(args, 1, kb, cb, &elements), *b = weights_at(args, 6, kb, cb, &elements);
    memcpy(first, a, elements * sizeof *a);
    memcpy(a, b, elements * sizeof *a);
    memcpy(b, first, elements * sizeof *a);
}

static void weights_lose_tap(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    struct cb_winograd_weights a = *args;
    memcpy(changed, a.w, 9 * a.c * a.k * sizeof *changed);
    memset(changed + (9 * (kb * a.c / CB_LANES + cb) + 4) * CB_LANES * CB_LANES, 0, CB_LANES * sizeof *changed);
    a.w = changed;
    weights_of_scalar(&a, kb, cb);
}

static void weights_exchange_channels(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    size_t elements;
    weights_of_scalar(args, kb, cb);
    uint16_t *pair = (uint16_t *)(void *)weights_at(args, 7, kb, cb, &elements), first = pair[0];
    pair[0] = pair[1];
    pair[1] = first;
}

static void weights_leave_last(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    if ((kb + 1) * (cb + 1) * CB_LANES * CB_LANES < args->c * args->k) weights_of_scalar(args, kb, cb);
}

static void weights_write_past_end(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    size_t elements;
    weights_of_scalar(args, kb, cb);
    weights_at(args, CB_WINOGRAD_POSITIONS, 0, 0, &elements)[0] = 0;
}

/* --- what is caught of which --- */

#define KIND(kind) (1u << (kind))
enum {
    ALL_KINDS = KIND(CONV_KINDS) - 1,
    WITH_DX = ALL_KINDS & ~KIND(CB_CONV_STEM),
    WITH_MASK = WITH_DX & ~KIND(CB_CONV_1X1_S2),
    WITH_EVEN_SKIP = WITH_MASK & ~KIND(CB_CONV_WINOGRAD),
};

static const struct {
    const char *name;
    cb_conv_fwd_fn *fn;
    unsigned kinds, options;
    enum check_fill fill;
    bool moves_floats;
} forwards[] = {
    {"drops taps", forward_drops_taps, ALL_KINDS, FWD_ALL, CHECK_NORMAL, false},
    {"is off by one row", forward_shifts_row, ALL_KINDS, FWD_ALL, CHECK_NORMAL, true},
    {"is off by one column of the input", forward_shifts_column, ALL_KINDS, FWD_STATS, CHECK_NORMAL, true},
    {"writes one element past the end", forward_writes_past_end, ALL_KINDS, 0, CHECK_NORMAL, true},
    /* Every tile of CHECK_SPECIALS holds infinities, whose differences are NaN anyway. */
    {"swallows NaN", forward_swallows_nan, ALL_KINDS & ~KIND(CB_CONV_WINOGRAD), 0, CHECK_SPECIALS, true},
    {"adds in another order", forward_reorders, ALL_KINDS, 0, CHECK_NORMAL, true},
};

static const struct {
    const char *name;
    cb_conv_bwd_fn *fn;
    unsigned kinds;
    bool moves_floats;
} backwards[] = {
    {"drops taps", backward_drops_taps, WITH_DX, false},
    {"forgets the mask", backward_forgets_mask, WITH_MASK, false},
    {"forgets the skip gradient", backward_forgets_skip, WITH_MASK, false},
    {"forgets the compact skip gradient", backward_forgets_even_skip, WITH_EVEN_SKIP, false},
    {"forgets the batch norm of dY", backward_forgets_batch_norm, ALL_KINDS, false},
    {"exchanges two taps of dW", backward_exchanges_taps, ALL_KINDS, false},
    {"is off by one pixel of dX", backward_shifts_pixels, WITH_DX, true},
    {"leaves dW of empty groups as it was", backward_leaves_empty_groups, ALL_KINDS, false},
    {"writes one element past the end", backward_writes_past_end, ALL_KINDS, false},
};

static const struct {
    const char *name;
    cb_winograd_weights_fn *fn;
    bool pairs; /* of bf16 alone */
} transforms[] = {
    {"exchanges rows and columns", weights_exchange_positions, false},
    {"loses a tap of one channel", weights_lose_tap, false},
    {"exchanges the channels of a pair", weights_exchange_channels, true},
    {"leaves the last block as it was", weights_leave_last, false},
    {"writes past the end", weights_write_past_end, false},
};

static void test_shape(const struct cb_conv_shape *s)
{
    const char *format = s->storage == CB_BF16 ? "bf16" : "f32";
    for (size_t i = 0; i < sizeof forwards / sizeof *forwards; i++) {
        if (!(forwards[i].kinds & KIND(s->kind)) || (s->storage == CB_BF16 && forwards[i].moves_floats)) continue;
        check_begin_must_fail(CB_ISA_SCALAR, "a %s_%s_fwd that %s", conv_kind_names[s->kind], format, forwards[i].name);
        conv_compare_forward(forwards[i].fn, s, forwards[i].options & conv_fwd_all(s), forwards[i].fill);
        check_end();
    }
    for (size_t i = 0; i < sizeof backwards / sizeof *backwards; i++) {
        if (!(backwards[i].kinds & KIND(s->kind)) || (s->storage == CB_BF16 && backwards[i].moves_floats)) continue;
        check_begin_must_fail(CB_ISA_SCALAR, "a %s_%s_bwd that %s", conv_kind_names[s->kind], format,
                              backwards[i].name);
        conv_compare_backward(backwards[i].fn, s, conv_bwd_all(s), CHECK_NORMAL);
        check_end();
    }
}

int main(void)
{
    /* Three blocks of channels: two would commute. */
    static const struct cb_conv_shape shapes[] = {{CB_CONV_3X3, 3, 48, 8, 8, 32},
                                                  {CB_CONV_3X3_S2, 3, 48, 8, 8, 32},
                                                  {CB_CONV_3X3_S2, 3, 48, 8, 8, 32, CB_BF16},
                                                  {CB_CONV_1X1_S2, 3, 48, 8, 8, 32},
                                                  {CB_CONV_1X1_S2, 3, 48, 8, 8, 32, CB_BF16},
                                                  {CB_CONV_STEM, 3, 3, 8, 8, 32},
                                                  {CB_CONV_STEM, 3, 3, 8, 8, 32, CB_BF16},
                                                  {CB_CONV_WINOGRAD, 3, 48, 8, 8, 32},
                                                  {CB_CONV_WINOGRAD, 3, 48, 8, 8, 32, CB_BF16, CB_BF16, CB_BF16}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) test_shape(&shapes[i]);
    for (wrong_products = CB_F32; wrong_products <= CB_BF16; wrong_products++)
        for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++) {
            if (transforms[i].pairs && wrong_products == CB_F32) continue;
            check_begin_must_fail(CB_ISA_SCALAR, "a winograd_%s_weights that %s",
                                  wrong_products == CB_BF16 ? "bf16" : "f32", transforms[i].name);
            conv_compare_weights(transforms[i].fn, wrong_products, 48, 32, CHECK_NORMAL);
            check_end();
        }
    return check_finish();
}
