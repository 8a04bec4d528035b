#include "kernels.h"

/* What the kernels demand of a shape, as conv.h states it. */

enum { WINOGRAD_MAX_W = 128 }; /* a row of tiles fits a block of the scratch (winograd_scratch.h) */

static const char *name_of(const struct cb_conv_shape *s)
{
    static const char *const names[] = {[CB_CONV_3X3] = "3x3",
                                        [CB_CONV_3X3_S2] = "3x3, stride 2",
                                        [CB_CONV_1X1_S2] = "1x1, stride 2",
                                        [CB_CONV_STEM] = "stem",
                                        [CB_CONV_WINOGRAD] = "Winograd"};
    return names[s->kind];
}

static enum cb_status check_formats(const struct cb_conv_shape *s, struct cb_error *err)
{
    if ((unsigned)s->kind > CB_CONV_WINOGRAD)
        return cb_fail(err, CB_BAD_INPUT, "convolution: expected a kind up to %d, got %d", CB_CONV_WINOGRAD,
                       (int)s->kind);
    if ((unsigned)s->storage > CB_BF16 || (unsigned)s->fwd_products > CB_BF16 || (unsigned)s->bwd_products > CB_BF16)
        return cb_fail(err, CB_BAD_INPUT, "convolution (%s): expected formats f32 or bf16, got %d, %d, %d", name_of(s),
                       (int)s->storage, (int)s->fwd_products, (int)s->bwd_products);
    if (s->kind == CB_CONV_3X3 && s->storage == CB_BF16)
        return cb_fail(err, CB_BAD_INPUT, "convolution (3x3): expected storage f32, got bf16, which Winograd takes");
    if (s->kind != CB_CONV_WINOGRAD)
        return s->fwd_products == CB_F32 && s->bwd_products == CB_F32
                   ? CB_OK
                   : cb_fail(err, CB_BAD_INPUT, "convolution (%s): expected products of f32, got bf16", name_of(s));
    if (s->storage == CB_BF16 && s->bwd_products == CB_F32)
        return cb_fail(err, CB_BAD_INPUT,
                       "convolution (Winograd): expected bf16 products backward with storage bf16, got f32");
    if (s->storage == CB_F32 && s->fwd_products == CB_BF16)
        return cb_fail(err, CB_BAD_INPUT,
                       "convolution (Winograd): expected f32 products forward with storage f32, got bf16");
    return CB_OK;
}

static enum cb_status check_side(const struct cb_conv_shape *s, const char *side, size_t value, size_t multiple,
                                 size_t max, struct cb_error *err)
{
    if (value >= multiple && value <= max && value % multiple == 0) return CB_OK;
    if (value > max)
        return cb_fail(err, CB_BAD_INPUT, "convolution (%s): %s: expected at most %zu, got %zu", name_of(s), side, max,
                       value);
    if (multiple == 1)
        return cb_fail(err, CB_BAD_INPUT, "convolution (%s): %s: expected at least 1, got 0", name_of(s), side);
    return cb_fail(err, CB_BAD_INPUT, "convolution (%s): %s: expected a multiple of %zu, got %zu", name_of(s), side,
                   multiple, value);
}

static enum cb_status check_sides(const struct cb_conv_shape *s, struct cb_error *err)
{
    size_t h = 1, w = 1, max = SIZE_MAX;
    if (s->kind == CB_CONV_3X3_S2 || s->kind == CB_CONV_1X1_S2) h = w = 2;
    /* dU sums over pairs of tiles of a row where operands are bf16. */
    if (s->kind == CB_CONV_WINOGRAD) h = 4, w = s->bwd_products == CB_BF16 ? 8 : 4, max = WINOGRAD_MAX_W;
    enum cb_status status = check_side(s, "width", s->w, w, max, err);
    if (!status) status = check_side(s, "height", s->h, h, SIZE_MAX, err);
    if (!status) status = check_side(s, "output channels", s->k, CB_LANES, SIZE_MAX, err);
    if (status || s->kind != CB_CONV_STEM)
        return status ? status : check_side(s, "input channels", s->c, CB_LANES, SIZE_MAX, err);
    return s->c == 3 ? CB_OK
                     : cb_fail(err, CB_BAD_INPUT, "convolution (stem): input channels: expected 3, got %zu", s->c);
}

/* In doubles nothing overflows. Room for sums of a few of what is checked, in bytes and as pointer differences. */
static enum cb_status check_size(const struct cb_conv_shape *s, const char *what, double elements, struct cb_error *err)
{
    if (elements <= (double)(PTRDIFF_MAX / 16 / sizeof(float))) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "convolution (%s): %s of %.3g elements do not fit the address space", name_of(s),
                   what, elements);
}

static enum cb_status check_sizes(const struct cb_conv_shape *s, struct cb_error *err)
{
    double c = (double)s->c, k = (double)s->k, image = ((double)s->h + 2) * ((double)s->w + 2);  /* padded */
    enum cb_status status = check_size(s, "weight gradients", CB_IMAGE_GROUPS * 9 * c * k, err); /* > U, dU, V and M */
    if (!status) status = check_size(s, "padded images", (c > k ? c : k) * image, err);
    if (!status) status = check_size(s, "activations", (double)s->n * (c > k ? c : k) * image, err);
    return status;
}

enum cb_status cb_conv_check(const struct cb_conv_shape *s, struct cb_error *err)
{
    enum cb_status status = check_formats(s, err);
    if (!status) status = check_sides(s, err);
    return status ? status : check_sizes(s, err);
}
