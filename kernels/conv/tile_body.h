/* What forward and dX share: the finish of a register tile, and the tile that correlates a padded map with packed
 * weights. Needs vec/stored_*.h. */

/* Where the pixels of one block of 16 channels go: every step is present or not (conv.h: struct cb_conv_bwd). */
struct finish {
    size_t w;    /* pixels of a row of the output */
    bool stream; /* const: nobody reads the output soon; it goes around the caches and is summed from registers */
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

/* A register tile: `rows` x `px` pixels from (row, col), VL of the 16 lanes from `lane`. */
struct place {
    size_t row, col, lane;
};

/* The sums of d and d*d over a tile's row: tiles come in raster order. */
CB_INLINE void sum_tile_row(const struct finish *f, size_t lane, size_t px, const vf *d)
{
    vf sum = v_load(f->sums + lane), sum2 = v_load(f->sums + CB_LANES + lane);
    CB_UNROLL
    for (size_t i = 0; i < px; i++) {
        vf value = v_as_stored(d[i]);
        sum = v_add(sum, value);
        sum2 = v_fma(value, value, sum2);
    }
    v_store(f->sums + lane, sum);
    v_store(f->sums + CB_LANES + lane, sum2);
}

CB_INLINE void finish_row(const struct finish *f, struct place at, size_t px, vf *d)
{
    size_t first = (at.row * f->w + at.col) * CB_LANES + at.lane;
    if (f->skip) {
        CB_UNROLL
        for (size_t i = 0; i < px; i++) d[i] = v_add(d[i], v_load_stored(f->skip + first + i * CB_LANES));
    }
    if (f->skip_even && at.row % 2 == 0) {
        const stored *even = f->skip_even + (at.row / 2 * (f->w / 2) + (at.col + 1) / 2) * CB_LANES + at.lane;
        if (at.col % 2 == 0) {
            CB_UNROLL
            for (size_t i = 0; i < px; i += 2) d[i] = v_add(d[i], v_load_stored(even + i / 2 * CB_LANES));
        } else {
            CB_UNROLL
            for (size_t i = 1; i < px; i += 2) d[i] = v_add(d[i], v_load_stored(even + i / 2 * CB_LANES));
        }
    }
    if (f->mask) {
        const float *mask = f->mask + at.row * f->mask_row + at.col * CB_LANES + at.lane;
        CB_UNROLL
        for (size_t i = 0; i < px; i++) d[i] = v_where_positive(v_load(mask + i * CB_LANES), d[i]);
    }
    if (f->stream && f->sums) sum_tile_row(f, at.lane, px, d);
    CB_UNROLL
    for (size_t i = 0; i < px; i++) {
        if (f->stream)
            v_stream_stored(f->out + first + i * CB_LANES, d[i]);
        else
            v_store_stored(f->out + first + i * CB_LANES, d[i]);
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

/* What the finish will read, and a piece of the next image: on their way while the tile is computed. */
CB_INLINE void fetch_row(const struct finish *f, size_t row, size_t col, size_t px)
{
    size_t first = (row * f->w + col) * CB_LANES;
    if (f->ahead) ahead_fetch(f->ahead, px);
    if (f->skip)
        for (size_t j = 0; j < px; j++) __builtin_prefetch(f->skip + first + j * CB_LANES);
    if (f->bn_y)
        for (size_t j = 0; j < px; j++) __builtin_prefetch(f->bn_y + first + j * CB_LANES);
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

CB_INLINE void correlate_tile(const struct correlation *c, const struct finish *f, struct place at, size_t rows,
                              size_t px)
{
    vf acc[16], total[16];
    const float *w = c->w + at.lane;
    const float *corner = c->in + at.row * c->stride * c->in_row + at.col * c->stride * c->pixel;
    for (size_t b = 0; b < c->blocks; b++, corner += c->in_plane) {
        CB_UNROLL
        for (size_t i = 0; i < rows * px; i++) acc[i] = v_zero();
        for (size_t r = 0; r < c->filter; r++) {
            const float *x = corner + r * c->in_row;
            for (size_t k = 0; k < c->channels; k++, x += c->channel, w += c->filter * CB_LANES) {
                vf tap[3];
                CB_UNROLL
                for (size_t s = 0; s < c->filter; s++) tap[s] = v_load(w + s * CB_LANES);
                CB_UNROLL
                for (size_t i = 0; i < rows; i++) {
                    /* One broadcast serves all taps that read its pixel. */
                    CB_UNROLL
                    for (size_t j = 0; j < (px - 1) * c->stride + c->filter; j++) {
                        vf v = v_set1(x[i * c->stride * c->in_row + j * c->pixel]);
                        CB_UNROLL
                        for (size_t s = 0; s < c->filter; s++)
                            if (j >= s && (j - s) % c->stride == 0 && (j - s) / c->stride < px)
                                acc[i * px + (j - s) / c->stride] = v_fma(v, tap[s], acc[i * px + (j - s) / c->stride]);
                    }
                }
            }
        }
        add_block(b, c->blocks, rows * px, acc, total);
    }
    CB_UNROLL
    for (size_t i = 0; i < rows; i++) finish_row(f, (struct place){at.row + i, at.col, at.lane}, px, acc + i * px);
}

/* A 1x1 window, all lanes of a pixel at once: a broadcast serves CB_PARTS vectors, where correlate_tile would load more
 * than it multiplies. */
CB_INLINE void correlate_pixels(const struct correlation *c, const struct finish *f, size_t row, size_t col,
                                size_t rows, size_t px)
{
    vf acc[CB_PARTS * 6], total[CB_PARTS * 6];
    const size_t n = rows * px;
    const float *w = c->w, *x = c->in + row * c->in_row + col * CB_LANES;
    for (size_t i = 0; i < rows; i++) fetch_row(f, row + i, col, px);
    for (size_t b = 0; b < c->blocks; b++, x += c->in_plane) {
        CB_UNROLL
        for (size_t i = 0; i < CB_PARTS * n; i++) acc[i] = v_zero();
        for (size_t k = 0; k < CB_LANES; k++, w += CB_LANES) {
            vf tap[CB_PARTS];
            CB_UNROLL
            for (size_t part = 0; part < CB_PARTS; part++) tap[part] = v_load(w + part * VL);
            CB_UNROLL
            for (size_t i = 0; i < n; i++) {
                vf v = v_set1(x[i / px * c->in_row + i % px * CB_LANES + k]);
                CB_UNROLL
                for (size_t part = 0; part < CB_PARTS; part++)
                    acc[part * n + i] = v_fma(v, tap[part], acc[part * n + i]);
            }
        }
        add_block(b, c->blocks, CB_PARTS * n, acc, total);
    }
    CB_UNROLL
    for (size_t part = 0; part < CB_PARTS; part++) {
        CB_UNROLL
        for (size_t i = 0; i < rows; i++)
            finish_row(f, (struct place){row + i, col, part * VL}, px, acc + part * n + i * px);
    }
}

CB_INLINE void correlate_parts(const struct correlation *c, const struct finish *f, size_t row, size_t col, size_t rows,
                               size_t px)
{
    for (size_t i = 0; i < rows; i++) fetch_row(f, row + i, col, px);
    for (size_t lane = 0; lane < CB_LANES; lane += VL) correlate_tile(c, f, (struct place){row, col, lane}, rows, px);
}

/* One row of tiles. Fewer than ten accumulators do not cover the latency of the multiply-adds; with 16 registers,
 * eleven are the most that leave room for three taps and a broadcast. */
CB_INLINE void correlate_row(const struct correlation *c, const struct finish *f, size_t row)
{
    size_t col = 0, w = f->w;
    if (CB_TILE == 16 && c->stride == 1) {
        for (; w - col >= 16; col += 16) correlate_parts(c, f, row, col, 1, 16);
    } else if (CB_TILE == 11) { /* 32 = 11 + 11 + 10 */
        for (; w - col >= 21; col += 11) correlate_parts(c, f, row, col, 1, 11);
        if (w - col == 10) correlate_parts(c, f, row, col, 1, 10), col += 10;
    }
    for (; w - col >= 8; col += 8) correlate_parts(c, f, row, col, 1, 8);
    if (w - col >= 4) correlate_parts(c, f, row, col, 1, 4), col += 4;
    if (w - col >= 2) correlate_parts(c, f, row, col, 1, 2), col += 2;
    if (w - col >= 1) correlate_parts(c, f, row, col, 1, 1);
}

CB_INLINE void correlate_1x1(const struct correlation *c, const struct finish *f)
{
    size_t row = 0, w = f->w;
    if (w == 8 && !f->stream)
        for (; c->h - row >= 2; row += 2) { /* 8 + 8 = 6 + 6 + 4 */
            correlate_pixels(c, f, row, 0, 2, 3);
            correlate_pixels(c, f, row, 3, 2, 3);
            correlate_pixels(c, f, row, 6, 2, 2);
            end_row(f, row);
            end_row(f, row + 1);
        }
    for (; row < c->h; row++) {
        size_t col = 0;
        for (; w - col >= 16; col += 16) {
            correlate_pixels(c, f, row, col, 1, 6);
            correlate_pixels(c, f, row, col + 6, 1, 5);
            correlate_pixels(c, f, row, col + 11, 1, 5);
        }
        for (; w - col >= 4; col += 4) correlate_pixels(c, f, row, col, 1, 4);
        for (; w > col; col++) correlate_pixels(c, f, row, col, 1, 1);
        end_row(f, row);
    }
}

/* All tiles of one block of 16 output channels. Where a row does not fill the registers, two rows do. */
CB_INLINE void correlate(const struct correlation *c, const struct finish *f)
{
    size_t row = 0;
    if (CB_TILE == 11 && c->filter == 1) {
        correlate_1x1(c, f);
        return;
    }
    if (CB_TILE == 16 && c->stride == 1 && f->w == 8) {
        for (; c->h - row >= 2; row += 2) {
            correlate_parts(c, f, row, 0, 2, 8);
            end_row(f, row);
            end_row(f, row + 1);
        }
    } else if (CB_TILE == 11 && c->stride == 1 && f->w == 16) {
        for (; c->h - row >= 2; row += 2) {
            correlate_parts(c, f, row, 0, 2, 5);
            correlate_parts(c, f, row, 5, 2, 5);
            correlate_parts(c, f, row, 10, 2, 6);
            end_row(f, row);
            end_row(f, row + 1);
        }
    }
    for (; row < c->h; row++) {
        correlate_row(c, f, row);
        end_row(f, row);
    }
}
