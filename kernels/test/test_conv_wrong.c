/* Convolutions that are wrong on purpose, the scalar reference with one mistake: the comparison must see it. */
#include "test/conv_compare.h"

#include <string.h>

enum { WRONG_WEIGHTS = 48 * 32 * 36, WRONG_INPUT = 3 * 48 * 8 * 8 }; /* of the shapes in main */
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

/* Blocks of channels in reverse order: the same sum, other bits. */
static void forward_reorders(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    static float weights[WRONG_WEIGHTS];
    struct cb_conv_fwd a = *args;
    const struct cb_conv_shape *s = &a.shape;
    size_t blocks = s->c / CB_LANES, map = s->h * s->w * CB_LANES, taps = CB_LANES * CB_LANES * 9;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t n = 0; n < s->n; n++)
            memcpy(changed + (n * blocks + b) * map, (const float *)a.source.x + (n * blocks + blocks - 1 - b) * map,
                   map * sizeof(float));
        if (a.workspace) taps = CB_LANES * CB_LANES;
        for (size_t k = 0; k < (a.workspace ? CB_WINOGRAD_POSITIONS : 1) * s->k / CB_LANES; k++)
            memcpy(weights + (k * blocks + b) * taps,
                   (a.workspace ? a.workspace : a.w) + (k * blocks + blocks - 1 - b) * taps, taps * sizeof(float));
    }
    a.source.x = changed;
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

int main(void)
{
    static const struct {
        const char *name;
        cb_conv_fwd_fn *fn;
        unsigned options;
        enum check_fill fill;
    } forwards[] = {
        {"drops taps", forward_drops_taps, FWD_ALL, CHECK_NORMAL},
        {"is off by one row", forward_shifts_row, FWD_ALL, CHECK_NORMAL},
        {"writes one element past the end", forward_writes_past_end, 0, CHECK_NORMAL},
        {"swallows NaN", forward_swallows_nan, 0, CHECK_SPECIALS},
        {"adds in another order", forward_reorders, 0, CHECK_NORMAL},
    };
    static const struct {
        const char *name;
        cb_conv_bwd_fn *fn;
    } backwards[] = {
        {"drops taps", backward_drops_taps},
        {"forgets the mask", backward_forgets_mask},
        {"forgets the skip gradient", backward_forgets_skip},
        {"leaves dW of empty groups as it was", backward_leaves_empty_groups},
        {"writes one element past the end", backward_writes_past_end},
    };
    /* Three blocks of channels: two would commute. */
    static const struct cb_conv_shape wrong[] = {{CB_CONV_3X3, 3, 48, 8, 8, 32},
                                                 {CB_CONV_WINOGRAD, 3, 48, 8, 8, 32},
                                                 {CB_CONV_WINOGRAD, 3, 48, 8, 8, 32, CB_BF16, CB_BF16, CB_BF16}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        const struct cb_conv_shape s = wrong[k];
        const char *products = s.storage == CB_BF16 ? "bf16" : "f32";
        for (size_t i = 0; i < sizeof forwards / sizeof *forwards; i++) {
            /* Every tile of CHECK_SPECIALS holds infinities, whose differences are NaN anyway. */
            if (s.kind == CB_CONV_WINOGRAD && forwards[i].fill == CHECK_SPECIALS) continue;
            if (s.storage == CB_BF16 && forwards[i].fn != forward_drops_taps) continue; /* the others move floats */
            check_begin_must_fail(CB_ISA_SCALAR, "a %s_%s_fwd that %s", conv_kind_names[s.kind], products,
                                  forwards[i].name);
            conv_compare_forward(forwards[i].fn, &s, forwards[i].options, forwards[i].fill);
            check_end();
        }
        for (size_t i = 0; i < sizeof backwards / sizeof *backwards; i++) {
            check_begin_must_fail(CB_ISA_SCALAR, "a %s_%s_bwd that %s", conv_kind_names[s.kind], products,
                                  backwards[i].name);
            conv_compare_backward(backwards[i].fn, &s, conv_bwd_all(&s), CHECK_NORMAL);
            check_end();
        }
    }
    return check_finish();
}
