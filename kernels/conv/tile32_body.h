/* The register tile for 32 registers: 16 pixels of one vector, and the taps of a filter row. */

/* One filter row, for the tile's rows from `first` on. left_out: the first column is padding that does not count.
 * first, rows, px and left_out are const. */
CB_INLINE void correlate_window_row(const struct correlation *c, const float *x, const float *w, size_t first,
                                    size_t rows, size_t px, bool left_out, vf *acc)
{
    size_t left = c->channels;
    CB_OPAQUE(left);
    do {
        vf tap[3];
        CB_UNROLL
        for (size_t s = 0; s < c->filter; s++) tap[s] = v_load(w + s * CB_LANES);
        CB_UNROLL
        for (size_t i = first; i < rows; i++) {
            CB_UNROLL
            for (size_t j = left_out; j < (px - 1) * c->stride + c->filter; j++) {
                const float *pixel = &x[i * c->stride * c->in_row + j * c->pixel];
                CB_UNROLL
                for (size_t s = 0; s < c->filter; s++)
                    if (j >= s && (j - s) % c->stride == 0 && (j - s) / c->stride < px)
                        acc[i * px + (j - s) / c->stride] =
                            v_fma_set1(tap[s], pixel, acc[i * px + (j - s) / c->stride]);
            }
        }
        x += c->channel;
        w += c->filter * CB_LANES;
    } while (--left > 0);
}

CB_INLINE void correlate_tile(const struct correlation *c, const struct epilogue *e, struct tile_pos at, size_t rows,
                              size_t px, bool left_out)
{
    vf acc[16], total[16];
    const float *w = c->w + at.lane;
    const float *corner = c->in + at.row * c->stride * c->in_row + at.col * c->stride * c->pixel;
    const bool upper_out = c->stride == 2 && at.row == 0;
    size_t b = 0;
    do {
        CB_UNROLL
        for (size_t i = 0; i < rows * px; i++) acc[i] = v_zero();
        for (size_t r = 0; r < c->filter; r++, w += c->channels * c->filter * CB_LANES) {
            const float *x = corner + r * c->in_row;
            if (!upper_out || r > 0)
                correlate_window_row(c, x, w, 0, rows, px, left_out, acc);
            else if (rows > 1)
                correlate_window_row(c, x, w, 1, rows, px, left_out, acc);
        }
        add_block(b, c->blocks, rows * px, acc, total);
        corner += c->in_plane;
    } while (++b < c->blocks);
    CB_UNROLL
    for (size_t i = 0; i < rows; i++) epilogue_row(e, (struct tile_pos){at.row + i, at.col, at.lane}, px, acc + i * px);
}

CB_INLINE void correlate_parts(const struct correlation *c, const struct epilogue *e, size_t row, size_t col,
                               size_t rows, size_t px)
{
    prefetch_next_image(e, rows * px);
    for (size_t i = 0; i < rows; i++) prefetch_epilogue_row(e, row + i, col, px);
    for (size_t lane = 0; lane < CB_LANES; lane += VL) {
        struct tile_pos at = {row, col, lane};
        if (c->stride == 2 && col == 0)
            correlate_tile(c, e, at, rows, px, true);
        else
            correlate_tile(c, e, at, rows, px, false);
    }
}

CB_INLINE void correlate_row(const struct correlation *c, const struct epilogue *e, size_t row)
{
    size_t col = 0, w = e->w;
    for (; w - col >= 16; col += 16) correlate_parts(c, e, row, col, 1, 16);
    for (; w - col >= 8; col += 8) correlate_parts(c, e, row, col, 1, 8);
    if (w - col >= 4) correlate_parts(c, e, row, col, 1, 4), col += 4;
    if (w - col >= 2) correlate_parts(c, e, row, col, 1, 2), col += 2;
    if (w - col >= 1) correlate_parts(c, e, row, col, 1, 1);
}

/* All tiles of one block of 16 output channels. Two rows of 8 pixels fill the registers of one tile. */
CB_INLINE void correlate(const struct correlation *c, const struct epilogue *e)
{
    size_t row = 0;
    if (e->w == 8)
        for (; c->h - row >= 2; row += 2) {
            correlate_parts(c, e, row, 0, 2, 8);
            end_row(e, row);
            end_row(e, row + 1);
        }
    for (; row < c->h; row++) {
        correlate_row(c, e, row);
        end_row(e, row);
    }
}

enum { STRIDED_PAIRS = 8 }; /* of a tile */

/* px pairs of columns. right_out (const): they are the last ones. */
CB_INLINE void strided_tile(const struct strided *c, const struct epilogue *e, size_t row, size_t q, size_t lane,
                            size_t px, bool right_out)
{
    vf acc[2 * STRIDED_PAIRS], total[2 * STRIDED_PAIRS];
    const struct tap_rows taps = taps_of_row(c, row);
    size_t b = 0;
    do {
        CB_UNROLL
        for (size_t i = 0; i < 2 * px; i++) acc[i] = v_zero();
        for (size_t t = 0; t < taps.n; t++) {
            const float *g = c->dy + b * c->dy_plane + taps.p[t] * c->dy_row + q * CB_LANES;
            const float *w = c->wt + (b * 3 + taps.r[t]) * CB_LANES * 3 * CB_LANES + lane;
            size_t channels = CB_LANES;
            CB_OPAQUE(channels);
            do {
                vf left = v_load(w), even = v_load(w + CB_LANES), right = v_load(w + 2 * CB_LANES);
                CB_UNROLL
                for (size_t i = 0; i < px; i++) {
                    const size_t j = px - 1 - i;
                    /* From right to left: a broadcast serves tap 0 of the pair before, then taps 1 and 2. */
                    if (j + 1 == px && !right_out) acc[2 * j + 1] = v_fma_set1(left, &g[px * CB_LANES], acc[2 * j + 1]);
                    const float *pixel = &g[j * CB_LANES];
                    if (j > 0) acc[2 * j - 1] = v_fma_set1(left, pixel, acc[2 * j - 1]);
                    acc[2 * j] = v_fma_set1(even, pixel, acc[2 * j]);
                    acc[2 * j + 1] = v_fma_set1(right, pixel, acc[2 * j + 1]);
                }
                g++;
                w += 3 * CB_LANES;
            } while (--channels > 0);
        }
        add_block(b, c->blocks, 2 * px, acc, total);
    } while (++b < c->blocks);
    epilogue_row(e, (struct tile_pos){row, 2 * q, lane}, 2 * px, acc);
}

CB_INLINE void strided_parts(const struct strided *c, const struct epilogue *e, size_t row, size_t q, size_t px)
{
    prefetch_epilogue_row(e, row, 2 * q, 2 * px);
    for (size_t lane = 0; lane < CB_LANES; lane += VL) {
        if (q + px == c->q)
            strided_tile(c, e, row, q, lane, px, true);
        else
            strided_tile(c, e, row, q, lane, px, false);
    }
}

/* One block of 16 input channels. */
CB_INLINE void strided_dx(const struct strided *c, const struct epilogue *e)
{
    for (size_t row = 0; row < 2 * c->p; row++) {
        size_t q = 0;
        for (; c->q - q >= STRIDED_PAIRS; q += STRIDED_PAIRS) strided_parts(c, e, row, q, STRIDED_PAIRS);
        if (c->q - q >= 4) strided_parts(c, e, row, q, 4), q += 4;
        if (c->q - q >= 2) strided_parts(c, e, row, q, 2), q += 2;
        if (c->q - q >= 1) strided_parts(c, e, row, q, 1);
        end_row(e, row);
    }
}
