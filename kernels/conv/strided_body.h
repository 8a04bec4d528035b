/* dX of the 3x3 convolution with stride 2. A pair of input columns (2q, 2q+1) belongs to output column q:
 *   even column: tap 1 of q;  odd column: tap 0 of q+1 (if it exists), then tap 2 of q;  rows alike.
 * Needs tile_body.h. */

enum { PAIRS = CB_TILE == 16 ? 8 : 4 }; /* of a tile */

struct strided {
    const float *dy;                 /* padded, at pixel (0, 0) */
    size_t dy_row, dy_plane, blocks; /* blocks of K */
    const float *wt;
    size_t p, q;
};

/* The one or two taps (row of the filter, row of dY) that reach an input row. */
struct tap_rows {
    size_t n, r[2], p[2];
};

CB_INLINE struct tap_rows taps_of_row(const struct strided *c, size_t row)
{
    if (row % 2 == 0) return (struct tap_rows){1, {1}, {row / 2}};
    if (row / 2 + 1 == c->p) return (struct tap_rows){1, {2}, {row / 2}};
    return (struct tap_rows){2, {0, 2}, {row / 2 + 1, row / 2}};
}

/* px pairs of columns; last: the pair at the right border is among them, its odd column has no tap 0. */
CB_INLINE void strided_tile(const struct strided *c, const struct finish *f, size_t row, size_t q, size_t lane,
                            size_t px, bool last)
{
    vf acc[2 * PAIRS], total[2 * PAIRS];
    const struct tap_rows taps = taps_of_row(c, row);
    for (size_t b = 0; b < c->blocks; b++) {
        CB_UNROLL
        for (size_t i = 0; i < 2 * px; i++) acc[i] = v_zero();
        for (size_t t = 0; t < taps.n; t++) {
            const float *g = c->dy + b * c->dy_plane + taps.p[t] * c->dy_row + q * CB_LANES;
            const float *w = c->wt + (b * 3 + taps.r[t]) * CB_LANES * 3 * CB_LANES + lane;
            for (size_t k = 0; k < CB_LANES; k++, g++, w += 3 * CB_LANES) {
                vf left = v_load(w), even = v_load(w + CB_LANES), right = v_load(w + 2 * CB_LANES);
                CB_UNROLL
                for (size_t i = 0; i < px; i++) {
                    const size_t j = px - 1 - i;
                    /* From the right, so that one broadcast serves tap 0 of the pair before, then taps 1 and 2 of its
                     * own. */
                    if (j + 1 == px && !last) acc[2 * j + 1] = v_fma(v_set1(g[px * CB_LANES]), left, acc[2 * j + 1]);
                    vf v = v_set1(g[j * CB_LANES]);
                    if (j > 0) acc[2 * j - 1] = v_fma(v, left, acc[2 * j - 1]);
                    acc[2 * j] = v_fma(v, even, acc[2 * j]);
                    acc[2 * j + 1] = v_fma(v, right, acc[2 * j + 1]);
                }
            }
        }
        add_block(b, c->blocks, 2 * px, acc, total);
    }
    finish_row(f, (struct place){row, 2 * q, lane}, 2 * px, acc);
}

CB_INLINE void strided_parts(const struct strided *c, const struct finish *f, size_t row, size_t q, size_t px)
{
    fetch_row(f, row, 2 * q, 2 * px);
    for (size_t lane = 0; lane < CB_LANES; lane += VL) {
        if (q + px == c->q)
            strided_tile(c, f, row, q, lane, px, true);
        else
            strided_tile(c, f, row, q, lane, px, false);
    }
}

/* One block of 16 input channels. */
CB_INLINE void strided_dx(const struct strided *c, const struct finish *f)
{
    for (size_t row = 0; row < 2 * c->p; row++) {
        size_t q = 0;
        for (; c->q - q >= PAIRS; q += PAIRS) strided_parts(c, f, row, q, PAIRS);
        if (PAIRS > 4 && c->q - q >= 4) strided_parts(c, f, row, q, 4), q += 4;
        if (c->q - q >= 2) strided_parts(c, f, row, q, 2), q += 2;
        if (c->q - q >= 1) strided_parts(c, f, row, q, 1);
        end_row(f, row);
    }
}
