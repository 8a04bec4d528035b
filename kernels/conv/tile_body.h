/* What the register tiles of forward and dX share: their epilogue, and what they compute. */

/* Where one block of 16 output channels goes, and its epilogue flags: a NULL pointer leaves its step out
 * (conv.h: struct cb_conv_bwd). */
struct epilogue {
    size_t w;           /* pixels of an output row */
    size_t step, phase; /* const: pixel i of a tile's row is output column phase + i*step */
    bool stream;        /* const: non-temporal stores, and sums taken from registers: tiles must come in raster order */
    storage *out;
    const storage *skip, *skip_even;
    const float *mask; /* padded source at pixel (0, 0) */
    size_t mask_row;
    const storage *bn_y; /* NULL: the second sum is of d*d */
    const float *bn_mean;
    float *sums;                   /* [2][16] */
    struct prefetcher *prefetcher; /* of the next image, a step a pixel */
    struct z_writer *z;            /* a step a row */
};

/* First pixel and first lane of a register tile. */
struct tile_pos {
    size_t row, col, lane;
};

/* Adds a row of a tile, whose first output element is `first`, to the sums. */
CB_INLINE void sum_tile_row(const struct epilogue *e, size_t first, size_t lane, size_t px, const vf *d)
{
    vf sum = v_load(e->sums + lane), sum2 = v_load(e->sums + CB_LANES + lane);
    vf mean = e->bn_y ? v_load(e->bn_mean + lane) : v_zero();
    CB_UNROLL
    for (size_t i = 0; i < px; i++) {
        vf value = v_round_storage(d[i]);
        vf other = e->bn_y ? v_sub(v_load_storage(e->bn_y + first + i * CB_LANES), mean) : value;
        sum = v_add(sum, value);
        sum2 = v_fma(value, other, sum2);
    }
    v_store(e->sums + lane, sum);
    v_store(e->sums + CB_LANES + lane, sum2);
}

/* px pixels of a row, `step` columns apart. */
CB_INLINE void epilogue_row(const struct epilogue *e, struct tile_pos at, size_t px, vf *d)
{
    size_t first = (at.row * e->w + at.col) * CB_LANES + at.lane;
    const size_t step = e->step, next = step * CB_LANES;
    if (e->skip) {
        CB_UNROLL
        for (size_t i = 0; i < px; i++) d[i] = v_add(d[i], v_load_storage(e->skip + first + i * next));
    }
    if (e->skip_even && at.row % 2 == 0) {
        const storage *even = e->skip_even + (at.row / 2 * (e->w / 2) + (at.col + 1) / 2) * CB_LANES + at.lane;
        if (at.col % 2 == 0) {
            CB_UNROLL
            for (size_t i = 0; i < px; i += 3 - step) d[i] = v_add(d[i], v_load_storage(even + i * next / 2));
        } else if (step == 1) {
            CB_UNROLL
            for (size_t i = 1; i < px; i += 2) d[i] = v_add(d[i], v_load_storage(even + i / 2 * CB_LANES));
        }
    }
    if (e->mask) {
        const float *mask = e->mask + at.row * e->mask_row + at.col * CB_LANES + at.lane;
        CB_UNROLL
        for (size_t i = 0; i < px; i++) d[i] = v_where_positive(v_load(mask + i * next), d[i]);
    }
    if (e->stream && e->sums) sum_tile_row(e, first, at.lane, px, d);
    CB_UNROLL
    for (size_t i = 0; i < px; i++) {
        if (e->stream)
            v_stream_storage(e->out + first + i * next, d[i]);
        else
            v_store_storage(e->out + first + i * next, d[i]);
    }
}

/* Adds a finished row to the sums, in raster order: these chains overlap with the next tile. */
CB_INLINE void sum_row(const struct epilogue *e, size_t row)
{
    vf sum[CB_PARTS], sum2[CB_PARTS], mean[CB_PARTS];
    CB_UNROLL
    for (size_t i = 0; i < CB_PARTS; i++) {
        sum[i] = v_load(e->sums + i * VL);
        sum2[i] = v_load(e->sums + CB_LANES + i * VL);
        mean[i] = e->bn_y ? v_load(e->bn_mean + i * VL) : v_zero();
    }
    size_t first = row * e->w * CB_LANES;
    for (size_t at = first; at < first + e->w * CB_LANES; at += CB_LANES) {
        CB_UNROLL
        for (size_t i = 0; i < CB_PARTS; i++) {
            vf d = v_load_storage(e->out + at + i * VL);
            vf other = e->bn_y ? v_sub(v_load_storage(e->bn_y + at + i * VL), mean[i]) : d;
            sum[i] = v_add(sum[i], d);
            sum2[i] = v_fma(d, other, sum2[i]);
        }
    }
    CB_UNROLL
    for (size_t i = 0; i < CB_PARTS; i++) {
        v_store(e->sums + i * VL, sum[i]);
        v_store(e->sums + CB_LANES + i * VL, sum2[i]);
    }
}

CB_INLINE void end_row(const struct epilogue *e, size_t row)
{
    if (e->sums && !e->stream) sum_row(e, row);
    if (e->z) z_step(e->z);
}

/* By the tile: a whole row's share would be a burst. */
CB_INLINE void prefetch_next_image(const struct epilogue *e, size_t px)
{
    if (e->prefetcher) prefetch_steps(e->prefetcher, px);
}

/* What the epilogue of these pixels will read. */
CB_INLINE void prefetch_epilogue_row(const struct epilogue *e, size_t row, size_t col, size_t px)
{
    size_t first = (row * e->w + col) * CB_LANES, next = e->step * CB_LANES;
    if (e->skip)
        for (size_t j = 0; j < px; j++) __builtin_prefetch(e->skip + first + j * next);
    if (e->bn_y)
        for (size_t j = 0; j < px; j++) __builtin_prefetch(e->bn_y + first + j * next);
}

/* A correlation: out[pixel] = sum over blocks, r, channel of the block, s of in[...] * w[block][R][channels][S][16].
 * Members marked const are compile-time constants in each specialisation. */
struct correlation {
    const float *in; /* padded; the first pixel that the window at output (0, 0) covers */
    size_t in_row, in_plane;
    size_t pixel, channel; /* const: floats between pixels, between channels */
    size_t filter, stride; /* const */
    size_t channels;       /* const: of a block */
    size_t blocks;
    const float *w;
    size_t h; /* output rows; their length is epilogue.w */
};

/* Adds channel block b to the blocks before it; after the last, acc is the whole sum. */
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
