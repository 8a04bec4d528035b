/* dW of one image, added to the group's: accumulators over one or more vectors of output channels x several input
 * channels x the taps of a filter row; the sum runs over the image in raster order. Needs vec_<isa>.h. */

enum { DW_CHANNELS = CB_REGISTERS / 4 }; /* of a tile of one vector, with three accumulators each */

/* Vectors of a tile: with 16 registers both halves of the lanes, as in tile16_body.h. The stem's 27 taps are too few for
 * that. block: see weights_image. */
#define DW_PARTS(block) ((size_t)(CB_REGISTERS == 16 && (block) == CB_LANES ? CB_PARTS : 1))

struct weights_pass {
    const float *x; /* padded source: what filter tap (r, 0) of output (0, 0) reads */
    size_t x_row;
    size_t pixel, channel; /* const: floats from one pixel, one channel to the next */
    size_t filter, stride; /* const */
    const float *dy;       /* padded, at pixel (0, 0) */
    size_t dy_row, p, q;
    float *dw;           /* [channel][S][16] */
    struct ahead *ahead; /* fetched by row */
};

/* One pixel of x where all three taps reach dY. */
CB_INLINE void weights_step(const struct weights_pass *a, const float *x, size_t channels, vf (*acc)[3], vf d0, vf d1,
                            vf d2)
{
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        vf v = v_set1(x[c * a->channel]);
        acc[c][0] = v_fma(v, d0, acc[c][0]);
        acc[c][1] = v_fma(v, d1, acc[c][1]);
        acc[c][2] = v_fma(v, d2, acc[c][2]);
    }
}

/* One row where the window slides by one pixel: each broadcast of x serves three taps, with three successive dY. Their
 * registers change roles from step to step: copies would cost accumulators where there are 16 registers. q >= 2. */
CB_INLINE void weights_row_sliding(const struct weights_pass *a, const float *x, const float *dy, size_t channels,
                                   vf (*acc)[3])
{
    vf d1 = v_load(dy), d0 = v_load(dy + CB_LANES);
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) acc[c][0] = v_fma(v_set1(x[c * a->channel]), d1, acc[c][0]);
    x += a->pixel;
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        vf v = v_set1(x[c * a->channel]);
        acc[c][0] = v_fma(v, d0, acc[c][0]);
        acc[c][1] = v_fma(v, d1, acc[c][1]);
    }
    x += a->pixel;
    size_t q = 2;
    vf d2;
    for (; q + 3 <= a->q; q += 3, x += 3 * a->pixel) {
        d2 = v_load(dy + q * CB_LANES);
        weights_step(a, x, channels, acc, d2, d0, d1);
        d1 = v_load(dy + (q + 1) * CB_LANES);
        weights_step(a, x + a->pixel, channels, acc, d1, d2, d0);
        d0 = v_load(dy + (q + 2) * CB_LANES);
        weights_step(a, x + 2 * a->pixel, channels, acc, d0, d1, d2);
    }
    for (; q < a->q; q++, x += a->pixel) {
        d2 = d1;
        d1 = d0;
        d0 = v_load(dy + q * CB_LANES);
        weights_step(a, x, channels, acc, d0, d1, d2);
    }
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        vf v = v_set1(x[c * a->channel]);
        acc[c][1] = v_fma(v, d0, acc[c][1]);
        acc[c][2] = v_fma(v, d1, acc[c][2]);
    }
    x += a->pixel;
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) acc[c][2] = v_fma(v_set1(x[c * a->channel]), d0, acc[c][2]);
}

/* The taps from `first` (const) on of one pixel of dY. */
CB_INLINE void weights_pixel(const struct weights_pass *a, const float *x, vf d, size_t first, size_t channels,
                             vf (*acc)[3])
{
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = first; s < a->filter; s++)
            acc[c][s] = v_fma(v_set1(x[s * a->pixel + c * a->channel]), d, acc[c][s]);
    }
}

CB_INLINE void weights_row(const struct weights_pass *a, const float *x, const float *dy, size_t channels, vf (*acc)[3])
{
    size_t q = 0;
    if (a->stride == 2) weights_pixel(a, x, v_load(dy), 1, channels, acc), q++; /* the left halo does not count */
    for (; q < a->q; q++) weights_pixel(a, x + q * a->stride * a->pixel, v_load(dy + q * CB_LANES), 0, channels, acc);
}

/* channels: const */
CB_INLINE void weights_tile(const struct weights_pass *a, size_t channels, size_t lane)
{
    vf acc[CB_LANES][3];
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = 0; s < a->filter; s++) acc[c][s] = v_zero();
    }
    const float *x = a->x, *dy = a->dy + lane;
    for (size_t p = 0; p < a->p; p++, x += a->stride * a->x_row, dy += a->dy_row) {
        ahead_fetch(a->ahead, 1);
        if (a->filter == 3 && a->stride == 1 && a->q >= 2)
            weights_row_sliding(a, x, dy, channels, acc);
        else
            weights_row(a, x, dy, channels, acc);
    }
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = 0; s < a->filter; s++) {
            float *dw = a->dw + (c * a->filter + s) * CB_LANES + lane;
            v_store(dw, v_add(v_load(dw), acc[c][s]));
        }
    }
}

CB_INLINE void weights_pixel_of_lanes(const struct weights_pass *a, const float *x, const float *dy, size_t first,
                                      size_t channels, vf (*acc)[3][CB_PARTS])
{
    vf d[CB_PARTS];
    CB_UNROLL
    for (size_t part = 0; part < CB_PARTS; part++) d[part] = v_load(dy + part * VL);
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = first; s < a->filter; s++) {
            vf v = v_set1(x[s * a->pixel + c * a->channel]);
            CB_UNROLL
            for (size_t part = 0; part < CB_PARTS; part++) acc[c][s][part] = v_fma(v, d[part], acc[c][s][part]);
        }
    }
}

/* The same for all lanes. channels: const */
CB_INLINE void weights_tile_of_lanes(const struct weights_pass *a, size_t channels)
{
    vf acc[CB_LANES][3][CB_PARTS];
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = 0; s < a->filter; s++) {
            CB_UNROLL
            for (size_t part = 0; part < CB_PARTS; part++) acc[c][s][part] = v_zero();
        }
    }
    for (size_t p = 0; p < a->p; p++) {
        ahead_fetch(a->ahead, 1);
        const float *x = a->x + p * a->stride * a->x_row, *dy = a->dy + p * a->dy_row;
        size_t q = 0;
        if (a->stride == 2) weights_pixel_of_lanes(a, x, dy, 1, channels, acc), q++; /* the left halo does not count */
        for (; q < a->q; q++)
            weights_pixel_of_lanes(a, x + q * a->stride * a->pixel, dy + q * CB_LANES, 0, channels, acc);
    }
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = 0; s < a->filter; s++) {
            CB_UNROLL
            for (size_t part = 0; part < CB_PARTS; part++) {
                float *dw = a->dw + (c * a->filter + s) * CB_LANES + part * VL;
                v_store(dw, v_add(v_load(dw), acc[c][s][part]));
            }
        }
    }
}

/* block: channels of a block (16, the stem 3), taken `step` at a time. block, step, filter, stride: const */
CB_INLINE void weights_image(const struct cb_conv_shape *shape, struct cb_padded src, struct cb_padded dy, float *dw,
                             struct ahead *ahead, size_t block, size_t step, size_t filter, size_t stride)
{
    bool planar = block != CB_LANES;
    const size_t parts = DW_PARTS(block);
    size_t corner = (1 - filter / 2) * (src.row + (planar ? 1 : CB_LANES));
    struct weights_pass pass = {.x_row = src.row,
                                .pixel = planar ? 1 : CB_LANES,
                                .channel = planar ? src.plane : 1,
                                .filter = filter,
                                .stride = stride,
                                .dy_row = dy.row,
                                .q = cb_conv_out_w(shape),
                                .dw = dw,
                                .ahead = ahead};
    const size_t p = cb_conv_out_h(shape);
    ahead_spread(ahead, shape->k / (VL * parts) * (shape->c / step) * (filter * p - (stride == 2)));
    for (size_t kb = 0; kb < shape->k / CB_LANES; kb++) {
        for (size_t b = 0; b < shape->c / block; b++)
            for (size_t r = 0; r < filter; r++) {
                size_t above = stride == 2 && r == 0; /* rows whose tap is the upper halo, which does not count */
                pass.p = p - above;
                pass.dy = dy.data + kb * dy.plane + (1 + above) * dy.row + CB_LANES;
                for (size_t c = 0; c < block; c += step, pass.dw += step * filter * CB_LANES) {
                    pass.x = src.data + corner + b * src.plane + (r + above * stride) * src.row + c * pass.channel;
                    if (parts > 1)
                        weights_tile_of_lanes(&pass, step);
                    else
                        for (size_t lane = 0; lane < CB_LANES; lane += VL) weights_tile(&pass, step, lane);
                }
            }
    }
}

/* dW of the stem with all its 27 accumulators at once: with 32 registers dY is read once, straight from memory. normalised: const */
CB_INLINE void stem_weights_tile(const struct cb_conv_shape *shape, const struct cb_grad_source *dy, bool normalised,
                                 struct cb_padded src, size_t channel, size_t at, float *dw, struct ahead *ahead)
{
    vf acc[27], a = v_zero(), b = v_zero(), c = v_zero();
    CB_UNROLL
    for (size_t i = 0; i < 27; i++) acc[i] = v_zero();
    if (normalised) a = v_load(dy->a + channel), b = v_load(dy->b + channel), c = v_load(dy->c + channel);
    const stored *g = (const stored *)dy->g + at, *y = normalised ? (const stored *)dy->y + at : NULL;
    const float *x = src.data;
    for (size_t p = 0; p < shape->h; p++, x += src.row) {
        for (size_t q = 0; q < shape->w; q++, g += CB_LANES) {
            if (q % 4 == 0) ahead_fetch(ahead, 1);
            vf d = v_load_stored(g);
            if (normalised) {
                d = v_fma(a, d, v_fma(b, v_load_stored(y), c));
                y += CB_LANES;
            }
            CB_UNROLL
            for (size_t i = 0; i < 27; i++)
                acc[i] = v_fma(v_set1(x[i / 9 * src.row + i / 3 % 3 * src.plane + q + i % 3]), d, acc[i]);
        }
    }
    CB_UNROLL
    for (size_t i = 0; i < 27; i++) v_store(dw + i * CB_LANES, v_add(v_load(dw + i * CB_LANES), acc[i]));
}

CB_INLINE void stem_weights_image(const struct cb_conv_shape *shape, const struct cb_grad_source *dy, size_t image,
                                  struct cb_padded src, float *dw, struct ahead *ahead)
{
    ahead_spread(ahead, shape->k / VL * shape->h * ((shape->w + 3) / 4));
    for (size_t k = 0; k < shape->k; k += VL) {
        size_t block = k / CB_LANES, lane = k % CB_LANES;
        size_t at = (image * (shape->k / CB_LANES) + block) * shape->h * shape->w * CB_LANES + lane;
        if (dy->a)
            stem_weights_tile(shape, dy, true, src, k, at, dw + block * 27 * CB_LANES + lane, ahead);
        else
            stem_weights_tile(shape, dy, false, src, k, at, dw + block * 27 * CB_LANES + lane, ahead);
    }
}
