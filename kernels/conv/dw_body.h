/* dW of one image, added to its image group's. A register tile is some vectors of output channels x some input channels
 * x the taps of a filter row; it sums over the image in raster order. */

enum { DW_CHANNELS = CB_REGISTERS / 4 }; /* of a tile of one vector, three accumulators each */

/* Vectors of a tile: with 16 registers all parts, as in tile16_body.h, but for the stem, whose taps are too few.
 * block: see dw_image. */
#define DW_PARTS(block) ((size_t)(CB_REGISTERS == 16 && (block) == CB_LANES ? CB_PARTS : 1))

struct dw_pass {
    const float *x; /* padded source, at what filter tap (r, 0) of output (0, 0) reads */
    size_t x_row;
    size_t pixel, channel; /* const: floats between pixels, between channels */
    size_t filter, stride; /* const */
    const float *dy;       /* padded, at pixel (0, 0) */
    size_t dy_row, p, q;
    float *dw;                     /* [channel][S][16] */
    struct prefetcher *prefetcher; /* a step a row */
};

/* One pixel of x where all three taps reach dY. */
CB_INLINE void dw_step(const struct dw_pass *a, const float *x, size_t channels, vf (*acc)[3], vf d0, vf d1, vf d2)
{
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        vf v = v_set1(x[c * a->channel]);
        acc[c][0] = v_fma(v, d0, acc[c][0]);
        acc[c][1] = v_fma(v, d1, acc[c][1]);
        acc[c][2] = v_fma(v, d2, acc[c][2]);
    }
}

/* One row with stride 1: each broadcast of x serves three taps with three successive dY. q >= 2. The loop is unrolled
 * by three, so that the registers of dY change roles instead of contents. */
CB_INLINE void dw_row_sliding(const struct dw_pass *a, const float *x, const float *dy, size_t channels, vf (*acc)[3])
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
        dw_step(a, x, channels, acc, d2, d0, d1);
        d1 = v_load(dy + (q + 1) * CB_LANES);
        dw_step(a, x + a->pixel, channels, acc, d1, d2, d0);
        d0 = v_load(dy + (q + 2) * CB_LANES);
        dw_step(a, x + 2 * a->pixel, channels, acc, d0, d1, d2);
    }
    for (; q < a->q; q++, x += a->pixel) {
        d2 = d1;
        d1 = d0;
        d0 = v_load(dy + q * CB_LANES);
        dw_step(a, x, channels, acc, d0, d1, d2);
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

/* One pixel of dY, taps from `first` (const) on. */
CB_INLINE void dw_pixel(const struct dw_pass *a, const float *x, vf d, size_t first, size_t channels, vf (*acc)[3])
{
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = first; s < a->filter; s++)
            acc[c][s] = v_fma(v_set1(x[s * a->pixel + c * a->channel]), d, acc[c][s]);
    }
}

CB_INLINE void dw_row(const struct dw_pass *a, const float *x, const float *dy, size_t channels, vf (*acc)[3])
{
    size_t q = 0;
    if (a->stride == 2) dw_pixel(a, x, v_load(dy), 1, channels, acc), q++; /* the left halo does not count */
    for (; q < a->q; q++) dw_pixel(a, x + q * a->stride * a->pixel, v_load(dy + q * CB_LANES), 0, channels, acc);
}

/* channels: const */
CB_INLINE void dw_tile(const struct dw_pass *a, size_t channels, size_t lane)
{
    vf acc[CB_LANES][3];
    CB_UNROLL
    for (size_t c = 0; c < channels; c++) {
        CB_UNROLL
        for (size_t s = 0; s < a->filter; s++) acc[c][s] = v_zero();
    }
    const float *x = a->x, *dy = a->dy + lane;
    for (size_t p = 0; p < a->p; p++, x += a->stride * a->x_row, dy += a->dy_row) {
        prefetch_steps(a->prefetcher, 1);
        if (a->filter == 3 && a->stride == 1 && a->q >= 2)
            dw_row_sliding(a, x, dy, channels, acc);
        else
            dw_row(a, x, dy, channels, acc);
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

CB_INLINE void dw_pixel_of_lanes(const struct dw_pass *a, const float *x, const float *dy, size_t first,
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
CB_INLINE void dw_tile_of_lanes(const struct dw_pass *a, size_t channels)
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
        prefetch_steps(a->prefetcher, 1);
        const float *x = a->x + p * a->stride * a->x_row, *dy = a->dy + p * a->dy_row;
        size_t q = 0;
        if (a->stride == 2) dw_pixel_of_lanes(a, x, dy, 1, channels, acc), q++; /* the left halo does not count */
        for (; q < a->q; q++) dw_pixel_of_lanes(a, x + q * a->stride * a->pixel, dy + q * CB_LANES, 0, channels, acc);
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

/* block: channels of a block (16, the stem 3), `step` of them a tile. block, step, filter, stride: const */
CB_INLINE void dw_image(const struct cb_conv_shape *shape, struct cb_padded src, struct cb_padded dy, float *dw,
                        struct prefetcher *prefetcher, size_t block, size_t step, size_t filter, size_t stride)
{
    bool planar = block != CB_LANES;
    const size_t parts = DW_PARTS(block);
    size_t corner = (1 - filter / 2) * (src.row + (planar ? 1 : CB_LANES));
    struct dw_pass pass = {.x_row = src.row,
                           .pixel = planar ? 1 : CB_LANES,
                           .channel = planar ? src.plane : 1,
                           .filter = filter,
                           .stride = stride,
                           .dy_row = dy.row,
                           .q = cb_conv_out_w(shape),
                           .dw = dw,
                           .prefetcher = prefetcher};
    const size_t p = cb_conv_out_h(shape);
    prefetch_spread(prefetcher, shape->k / (VL * parts) * (shape->c / step) * (filter * p - (stride == 2)));
    for (size_t kb = 0; kb < shape->k / CB_LANES; kb++) {
        for (size_t b = 0; b < shape->c / block; b++)
            for (size_t r = 0; r < filter; r++) {
                size_t above = stride == 2 && r == 0; /* rows whose tap is the halo above, which does not count */
                pass.p = p - above;
                pass.dy = dy.data + kb * dy.plane + (1 + above) * dy.row + CB_LANES;
                for (size_t c = 0; c < block; c += step, pass.dw += step * filter * CB_LANES) {
                    pass.x = src.data + corner + b * src.plane + (r + above * stride) * src.row + c * pass.channel;
                    if (parts > 1)
                        dw_tile_of_lanes(&pass, step);
                    else
                        for (size_t lane = 0; lane < CB_LANES; lane += VL) dw_tile(&pass, step, lane);
                }
            }
    }
}

/* dW of the stem, whose 27 accumulators fit 32 registers: dY is read once, from memory. normed: const */
CB_INLINE void stem_dw_tile(const struct cb_conv_shape *shape, const struct cb_grad_source *dy, bool normed,
                            struct cb_padded src, size_t channel, size_t at, float *dw, struct prefetcher *prefetcher)
{
    vf acc[27], a = v_zero(), b = v_zero(), c = v_zero();
    CB_UNROLL
    for (size_t i = 0; i < 27; i++) acc[i] = v_zero();
    if (normed) a = v_load(dy->a + channel), b = v_load(dy->b + channel), c = v_load(dy->c + channel);
    const storage *g = (const storage *)dy->g + at, *y = normed ? (const storage *)dy->y + at : NULL;
    const float *x = src.data;
    for (size_t p = 0; p < shape->h; p++, x += src.row) {
        for (size_t q = 0; q < shape->w; q++, g += CB_LANES) {
            if (q % 4 == 0) prefetch_steps(prefetcher, 1);
            vf d = v_load_storage(g);
            if (normed) {
                d = v_fma(a, d, v_fma(b, v_load_storage(y), c));
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

CB_INLINE void stem_dw_image(const struct cb_conv_shape *shape, const struct cb_grad_source *dy, size_t image,
                             struct cb_padded src, float *dw, struct prefetcher *prefetcher)
{
    prefetch_spread(prefetcher, shape->k / VL * shape->h * ((shape->w + 3) / 4));
    for (size_t k = 0; k < shape->k; k += VL) {
        size_t block = k / CB_LANES, lane = k % CB_LANES;
        size_t at = (image * (shape->k / CB_LANES) + block) * shape->h * shape->w * CB_LANES + lane;
        if (dy->a)
            stem_dw_tile(shape, dy, true, src, k, at, dw + block * 27 * CB_LANES + lane, prefetcher);
        else
            stem_dw_tile(shape, dy, false, src, k, at, dw + block * 27 * CB_LANES + lane, prefetcher);
    }
}
