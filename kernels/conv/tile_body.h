/* What the register tiles of forward and dX share: what they compute and how they are finished. Needs vec/stored_*.h. */

/* Where the pixels of one block of 16 channels go: every step is present or not (conv.h: struct cb_conv_bwd). */
struct finish {
    size_t w;           /* pixels of a row of the output */
    size_t step, phase; /* const: pixel i of a tile's row is column phase + i*step of the output */
    bool
        stream; /* const: the output goes around the caches, as nobody reads it soon, and is summed from registers: tiles
                    come in raster order */
    stored *out;
    const stored *skip, *skip_even;
    const float *mask; /* padded source at pixel (0, 0), or NULL */
    size_t mask_row;
    const stored *bn_y; /* NULL: the second sum is of d*d */
    const float *bn_mean;
    float *sums;         /* [2][16], or NULL */
    struct ahead *ahead; /* fetched by pixel, or NULL */
    struct z_writer *z;  /* a step for each row, or NULL */
};

/* The first pixel of a tile, and of its VL of the 16 lanes. */
struct place {
    size_t row, col, lane;
};

/* The sums over a tile's row, whose first element of the output is `first`. */
CB_INLINE void sum_tile_row(const struct finish *f, size_t first, size_t lane, size_t px, const vf *d)
{
    vf sum = v_load(f->sums + lane), sum2 = v_load(f->sums + CB_LANES + lane);
    vf mean = f->bn_y ? v_load(f->bn_mean + lane) : v_zero();
    CB_UNROLL
    for (size_t i = 0; i < px; i++) {
        vf value = v_as_stored(d[i]);
        vf other = f->bn_y ? v_sub(v_load_stored(f->bn_y + first + i * CB_LANES), mean) : value;
        sum = v_add(sum, value);
        sum2 = v_fma(value, other, sum2);
    }
    v_store(f->sums + lane, sum);
    v_store(f->sums + CB_LANES + lane, sum2);
}

/* px pixels of a row, each `step` columns on. */
CB_INLINE void finish_row(const struct finish *f, struct place at, size_t px, vf *d)
{
    size_t first = (at.row * f->w + at.col) * CB_LANES + at.lane;
    const size_t step = f->step, next = step * CB_LANES;
    if (f->skip) {
        CB_UNROLL
        for (size_t i = 0; i < px; i++) d[i] = v_add(d[i], v_load_stored(f->skip + first + i * next));
    }
    if (f->skip_even && at.row % 2 == 0) {
        const stored *even = f->skip_even + (at.row / 2 * (f->w / 2) + (at.col + 1) / 2) * CB_LANES + at.lane;
        if (at.col % 2 == 0) {
            CB_UNROLL
            for (size_t i = 0; i < px; i += 3 - step) d[i] = v_add(d[i], v_load_stored(even + i * next / 2));
        } else if (step == 1) {
            CB_UNROLL
            for (size_t i = 1; i < px; i += 2) d[i] = v_add(d[i], v_load_stored(even + i / 2 * CB_LANES));
        }
    }
    if (f->mask) {
        const float *mask = f->mask + at.row * f->mask_row + at.col * CB_LANES + at.lane;
        CB_UNROLL
        for (size_t i = 0; i < px; i++) d[i] = v_where_positive(v_load(mask + i * next), d[i]);
    }
    if (f->stream && f->sums) sum_tile_row(f, first, at.lane, px, d);
    CB_UNROLL
    for (size_t i = 0; i < px; i++) {
        if (f->stream)
            v_stream_stored(f->out + first + i * next, d[i]);
        else
            v_store_stored(f->out + first + i * next, d[i]);
    }
}

/* The sums over a finished row, in raster order. Their chains of additions run while the next tile is computed. */
CB_INLINE void sum_row(const struct finish *f, size_t row)
{
    vf sum[CB_PARTS], sum2[CB_PARTS], mean[CB_PARTS];
    CB_UNROLL
    for (size_t i = 0; i < CB_PARTS; i++) {
        sum[i] = v_load(f->sums + i * VL);
        sum2[i] = v_load(f->sums + CB_LANES + i * VL);
        mean[i] = f->bn_y ? v_load(f->bn_mean + i * VL) : v_zero();
    }
    size_t first = row * f->w * CB_LANES;
    for (size_t at = first; at < first + f->w * CB_LANES; at += CB_LANES) {
        CB_UNROLL
        for (size_t i = 0; i < CB_PARTS; i++) {
            vf d = v_load_stored(f->out + at + i * VL);
            vf other = f->bn_y ? v_sub(v_load_stored(f->bn_y + at + i * VL), mean[i]) : d;
            sum[i] = v_add(sum[i], d);
            sum2[i] = v_fma(d, other, sum2[i]);
        }
    }
    CB_UNROLL
    for (size_t i = 0; i < CB_PARTS; i++) {
        v_store(f->sums + i * VL, sum[i]);
        v_store(f->sums + CB_LANES + i * VL, sum2[i]);
    }
}

CB_INLINE void end_row(const struct finish *f, size_t row)
{
    if (f->sums && !f->stream) sum_row(f, row);
    if (f->z) z_step(f->z);
}

/* A piece of the next image, on its way while a tile of px pixels is computed. By the tile, as a row's share is a burst. */
CB_INLINE void fetch_next_image(const struct finish *f, size_t px)
{
    if (f->ahead) ahead_fetch(f->ahead, px);
}

/* What the finish will read: on its way while the tile is computed. */
CB_INLINE void fetch_row(const struct finish *f, size_t row, size_t col, size_t px)
{
    size_t first = (row * f->w + col) * CB_LANES, next = f->step * CB_LANES;
    if (f->skip)
        for (size_t j = 0; j < px; j++) __builtin_prefetch(f->skip + first + j * next);
    if (f->bn_y)
        for (size_t j = 0; j < px; j++) __builtin_prefetch(f->bn_y + first + j * next);
}

/* A correlation: out[pixel] = sum over blocks, r, channel of the block, s of in[...] * w[block][R][channels][S][16].
 * The members marked const are compile-time constants in every copy. */
struct correlation {
    const float *in; /* padded; the first pixel that the window at output (0, 0) covers */
    size_t in_row, in_plane;
    size_t pixel, channel; /* const: floats from one pixel, one channel to the next */
    size_t filter, stride; /* const */
    size_t channels;       /* const: of a block */
    size_t blocks;
    const float *w;
    size_t h; /* rows of the output; their length is finish.w */
};

/* Adds the sum of channel block b to those before it; after the last one acc is the whole sum. */
CB_INLINE void add_block(size_t b, size_t blocks, size_t n, vf *acc, vf *total)
{
    if (b > 0) {
        CB_UNROLL
        for (size_t i = 0; i < n; i++) acc[i] = v_add(total[i], acc[i]);
    }
    if (b + 1 < blocks) {
        CB_UNROLL
        for (size_t i = 0; i < n; i++) total[i] = acc[i];
    }
}

/* dX of the 3x3 convolution with stride 2. A pair of input columns (2q, 2q+1) belongs to output column q:
 *   even column: tap 1 of q;  odd column: tap 0 of q+1, if there is one, then tap 2 of q;  rows alike. */
struct strided {
    const float *dy;                 /* padded, at pixel (0, 0) */
    size_t dy_row, dy_plane, blocks; /* blocks of K */
    const float *wt;
    size_t p, q;
};

/* Which row of the window reads which row of the input. */
struct tap_rows {
    size_t n, r[3], p[3];
};

CB_INLINE struct tap_rows taps_of_row(const struct strided *c, size_t row)
{
    if (row % 2 == 0) return (struct tap_rows){1, {1}, {row / 2}};
    if (row / 2 + 1 == c->p) return (struct tap_rows){1, {2}, {row / 2}};
    return (struct tap_rows){2, {0, 2}, {row / 2 + 1, row / 2}};
}
