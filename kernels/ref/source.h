#ifndef CB_REF_SOURCE_H
#define CB_REF_SOURCE_H

#include "core/bf16.h"
#include "kernels.h"
#include "ref/ref.h"

/* Index of pixel 0 of a channel in [N][C/16][map][16]; the next pixel is CB_LANES further. */
CB_REF_INLINE size_t element_of(size_t image, size_t channel, size_t channels, size_t map)
{
    return ((image * (channels / CB_LANES) + channel / CB_LANES) * map) * CB_LANES + channel % CB_LANES;
}

/* Index of a channel's first sum in [N][C/16][2][16]; the second one is CB_LANES further. */
CB_REF_INLINE size_t sums_of(size_t image, size_t channel, size_t channels)
{
    return (image * (channels / CB_LANES) + channel / CB_LANES) * 2 * CB_LANES + channel % CB_LANES;
}

/* Element `at` of a tensor in memory. */
CB_REF_INLINE float load_stored(const void *tensor, size_t at, enum cb_format storage)
{
    return storage == CB_BF16 ? cb_bf16_value(((const uint16_t *)tensor)[at]) : ((const float *)tensor)[at];
}

/* Writes it; returns the value as it is stored. */
CB_REF_INLINE float store(void *tensor, size_t at, enum cb_format storage, float x)
{
    if (storage == CB_BF16)
        ((uint16_t *)tensor)[at] = cb_bf16_of(x);
    else
        ((float *)tensor)[at] = x;
    return storage == CB_BF16 ? cb_bf16_value(cb_bf16_of(x)) : x;
}

/* The value of a source at element `at`, which belongs to the channel. Does not write z. */
CB_REF_INLINE float source_value(const struct cb_source *s, enum cb_format storage, size_t channel, size_t at)
{
    float value = load_stored(s->x, at, storage);
    if (!s->scale) return value;
    value = __builtin_fmaf(value, s->scale[channel], s->shift[channel]);
    if (s->residual_scale)
        value += __builtin_fmaf(load_stored(s->residual, at, storage), s->residual_scale[channel],
                                s->residual_shift[channel]);
    else if (s->residual)
        value += load_stored(s->residual, at, storage);
    return 0 > value ? 0 : value;
}

/* dY of channel k at element `at`. */
CB_REF_INLINE float grad_value(const struct cb_grad_source *s, enum cb_format storage, size_t k, size_t at)
{
    float g = load_stored(s->g, at, storage);
    return s->a ? __builtin_fmaf(s->a[k], g, __builtin_fmaf(s->b[k], load_stored(s->y, at, storage), s->c[k])) : g;
}

#endif
