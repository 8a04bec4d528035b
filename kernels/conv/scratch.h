#ifndef CB_CONV_SCRATCH_H
#define CB_CONV_SCRATCH_H

#include "kernels.h"

/* A thread's scratch during a convolution (cb_conv_scratch_bytes): one image of the source and one of dY, each with a
 * halo of one zero pixel on every side. source [C/16][H+2][W+2][16], the stem's planar [3][H+2][W+2];  dY
 * [K/16][P+2][Q+2][16] */
struct cb_padded {
    float *data;  /* the corner of the halo */
    size_t row;   /* floats from one row to the next */
    size_t plane; /* floats from one channel block (stem: channel) to the next */
};

static inline struct cb_padded cb_padded_source(const struct cb_conv_shape *s, void *scratch)
{
    size_t row = (s->w + 2) * (s->kind == CB_CONV_STEM ? 1 : CB_LANES);
    return (struct cb_padded){scratch, row, row * (s->h + 2)};
}

static inline struct cb_padded cb_padded_dy(const struct cb_conv_shape *s, void *scratch)
{
    size_t source = (s->c * (s->h + 2) * (s->w + 2) + CB_LANES - 1) / CB_LANES * CB_LANES;
    size_t row = (cb_conv_out_w(s) + 2) * CB_LANES;
    return (struct cb_padded){(float *)scratch + source, row, row * (cb_conv_out_h(s) + 2)};
}

#endif
