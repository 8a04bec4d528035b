/* The tile transforms of winograd.h in the words of vec/, VL lanes at a time. Needs vec_<isa>.h. */

enum { POSITIONS = CB_WINOGRAD_POSITIONS };

/* Two outputs of B^T at a time, grouped by the inputs that they share: {1, 2}, {3, 4}, {0, 5}. */
enum input_pair { PAIR_1_2, PAIR_3_4, PAIR_0_5 };

CB_INLINE void input_pair(enum input_pair pair, const vf *d, vf *first, vf *second)
{
    if (pair == PAIR_0_5) {
        vf minus5 = v_set1(-5), four = v_set1(4);
        *first = v_fma(minus5, d[2], v_fma(four, d[0], d[4]));
        *second = v_fma(minus5, d[3], v_fma(four, d[1], d[5]));
    } else if (pair == PAIR_1_2) {
        vf minus4 = v_set1(-4);
        vf e = v_fma(minus4, d[2], d[4]), f = v_fma(minus4, d[1], d[3]);
        *first = v_add(e, f);
        *second = v_sub(e, f);
    } else {
        vf two = v_set1(2);
        vf e = v_sub(d[4], d[2]), f = v_sub(d[3], d[1]);
        *first = v_fma(two, f, e);
        *second = v_fnma(two, f, e);
    }
}

/* The same of a column of the padded map. */
CB_INLINE void input_column(enum input_pair pair, const float *from, size_t row, vf *first, vf *second)
{
    vf d[6];
    CB_UNROLL
    for (size_t i = 0; i < 6; i++)
        if (pair == PAIR_0_5 || (i > 0 && i < 5)) d[i] = v_load(from + i * row);
    input_pair(pair, d, first, second);
}

CB_INLINE void input_row(const vf *d, float *to, size_t position)
{
    vf o[6];
    input_pair(PAIR_0_5, d, &o[0], &o[5]);
    input_pair(PAIR_1_2, d, &o[1], &o[2]);
    input_pair(PAIR_3_4, d, &o[3], &o[4]);
    CB_UNROLL
    for (size_t j = 0; j < 6; j++) v_store(to + j * position, o[j]);
}

/* Two rows of B^T d B of a strip of tiles. Of a tile's six columns two are the last one's, kept in registers. */
CB_INLINE void input_strip_pair(enum input_pair pair, size_t top, size_t bottom, const float *from, size_t row,
                                size_t tiles, float *to, size_t tile, size_t position)
{
    vf upper[6], lower[6];
    input_column(pair, from, row, &upper[4], &lower[4]);
    input_column(pair, from + CB_LANES, row, &upper[5], &lower[5]);
    from += 2 * CB_LANES;
    for (size_t t = 0; t < tiles; t++, from += 4 * CB_LANES, to += tile) {
        upper[0] = upper[4], upper[1] = upper[5];
        lower[0] = lower[4], lower[1] = lower[5];
        CB_UNROLL
        for (size_t j = 0; j < 4; j++) input_column(pair, from + j * CB_LANES, row, &upper[2 + j], &lower[2 + j]);
        input_row(upper, to + top * 6 * position, position);
        input_row(lower, to + bottom * 6 * position, position);
    }
}

/* V = B^T d B of a strip. from: the first tile's top left corner in the padded map; row: floats from one of its rows to
 * the next; tile, position: the same of V. */
CB_INLINE void input_strip(const float *from, size_t row, size_t tiles, float *to, size_t tile, size_t position)
{
    input_strip_pair(PAIR_1_2, 1, 2, from, row, tiles, to, tile, position);
    input_strip_pair(PAIR_3_4, 3, 4, from, row, tiles, to, tile, position);
    input_strip_pair(PAIR_0_5, 0, 5, from, row, tiles, to, tile, position);
}

CB_INLINE void value_1d(vf x0, vf x1, vf x2, vf x3, vf *o)
{
    vf four = v_set1(4), two = v_set1(2);
    o[0] = x0;
    vf e = v_add(x0, x2), f = v_add(x1, x3);
    o[1] = v_add(e, f);
    o[2] = v_sub(e, f);
    e = v_fma(four, x2, x0);
    f = v_fma(four, x3, x1);
    o[3] = v_fma(two, f, e);
    o[4] = v_fnma(two, f, e);
    o[5] = x3;
}

/* A x A^T of one tile: x[4][4]. */
CB_INLINE void value_tile(vf (*x)[4], float *to, size_t position)
{
    vf half[4][6]; /* [column][row]: every column transformed */
    CB_UNROLL
    for (size_t j = 0; j < 4; j++) value_1d(x[0][j], x[1][j], x[2][j], x[3][j], half[j]);
    CB_UNROLL
    for (size_t i = 0; i < 6; i++) {
        vf o[6];
        value_1d(half[0][i], half[1][i], half[2][i], half[3][i], o);
        CB_UNROLL
        for (size_t j = 0; j < 6; j++) v_store(to + (i * 6 + j) * position, o[j]);
    }
}

CB_INLINE void output_1d(const vf *m, vf *o)
{
    vf s = v_add(m[1], m[2]), t = v_sub(m[1], m[2]), u = v_add(m[3], m[4]), v = v_sub(m[3], m[4]);
    o[0] = v_add(v_add(m[0], s), u);
    o[1] = v_fma(v_set1(2), v, t);
    o[2] = v_fma(v_set1(4), u, s);
    o[3] = v_add(v_fma(v_set1(8), v, t), m[5]);
}

/* A^T M A of one tile, before its rows are transformed: half[row][column]. */
CB_INLINE void output_columns(const float *m, size_t position, vf (*half)[6])
{
    CB_UNROLL
    for (size_t j = 0; j < 6; j++) {
        vf column[6], o[4];
        CB_UNROLL
        for (size_t i = 0; i < 6; i++) column[i] = v_load(m + (i * 6 + j) * position);
        output_1d(column, o);
        CB_UNROLL
        for (size_t i = 0; i < 4; i++) half[i][j] = o[i];
    }
}

CB_INLINE void weights_1d(vf g0, vf g1, vf g2, vf *o)
{
    vf sixth = v_set1(1.0f / 6), minus_sixth = v_set1(-1.0f / 6);
    o[0] = v_mul(g0, v_set1(0.25f));
    vf e = v_mul(v_add(g0, g2), minus_sixth), f = v_mul(g1, minus_sixth);
    o[1] = v_add(e, f);
    o[2] = v_sub(e, f);
    e = v_fma(g0, v_set1(1.0f / 24), v_mul(g2, sixth));
    f = v_mul(g1, v_set1(1.0f / 12));
    o[3] = v_add(e, f);
    o[4] = v_sub(e, f);
    o[5] = g2;
}

CB_INLINE void weights_gradient_1d(const vf *u, vf *o)
{
    vf s = v_add(u[1], u[2]), t = v_sub(u[2], u[1]), v = v_add(u[3], u[4]), w = v_sub(u[3], u[4]);
    vf sixth = v_set1(1.0f / 6);
    o[0] = v_fma(v, v_set1(1.0f / 24), v_fma(s, v_set1(-1.0f / 6), v_mul(u[0], v_set1(0.25f))));
    o[1] = v_fma(w, v_set1(1.0f / 12), v_mul(t, sixth));
    o[2] = v_fma(v_sub(v, s), sixth, u[5]);
}

/* U = G w G^T of 16 x 16 channels: w[3][16][3][16], u [16][16] at every position. */
CB_INLINE void weights_block(const float *w, float *u, size_t position)
{
    for (size_t at = 0; at < CB_LANES * CB_LANES; at += VL) {
        size_t c = at / CB_LANES, lane = at % CB_LANES;
        vf half[6][3];
        CB_UNROLL
        for (size_t s = 0; s < 3; s++) {
            const float *g = w + (c * 3 + s) * CB_LANES + lane;
            vf o[6];
            weights_1d(v_load(g), v_load(g + 3 * CB_LANES * CB_LANES), v_load(g + 6 * CB_LANES * CB_LANES), o);
            CB_UNROLL
            for (size_t i = 0; i < 6; i++) half[i][s] = o[i];
        }
        CB_UNROLL
        for (size_t i = 0; i < 6; i++) {
            vf o[6];
            weights_1d(half[i][0], half[i][1], half[i][2], o);
            CB_UNROLL
            for (size_t j = 0; j < 6; j++) v_store(u + (i * 6 + j) * position + at, o[j]);
        }
    }
}

/* dw[3][16][3][16] = G^T dU G, reversed; du [16][16] at every position. */
CB_INLINE void weights_gradient_block(const float *du, size_t position, float *dw)
{
    for (size_t at = 0; at < CB_LANES * CB_LANES; at += VL) {
        size_t c = at / CB_LANES, lane = at % CB_LANES;
        vf half[3][6];
        CB_UNROLL
        for (size_t j = 0; j < 6; j++) {
            vf column[6], o[3];
            CB_UNROLL
            for (size_t i = 0; i < 6; i++) column[i] = v_load(du + (i * 6 + j) * position + at);
            weights_gradient_1d(column, o);
            CB_UNROLL
            for (size_t i = 0; i < 3; i++) half[i][j] = o[i];
        }
        CB_UNROLL
        for (size_t i = 0; i < 3; i++) {
            vf o[3];
            weights_gradient_1d(half[i], o);
            CB_UNROLL
            for (size_t j = 0; j < 3; j++) v_store(dw + (((2 - i) * CB_LANES + c) * 3 + 2 - j) * CB_LANES + lane, o[j]);
        }
    }
}
