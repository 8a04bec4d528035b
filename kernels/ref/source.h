#ifndef CB_REF_SOURCE_H
#define CB_REF_SOURCE_H

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

/* The value of a source at element `at`, which belongs to the channel. Does not write z. */
CB_REF_INLINE float source_value(const struct cb_source *s, size_t channel, size_t at)
{
    if (!s->scale) return s->x[at];
    float value = __builtin_fmaf(s->x[at], s->scale[channel], s->shift[channel]);
    if (s->residual_scale)
        value += __builtin_fmaf(s->residual[at], s->residual_scale[channel], s->residual_shift[channel]);
    else if (s->residual)
        value += s->residual[at];
    return 0 > value ? 0 : value;
}

#endif
