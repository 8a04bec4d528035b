/* The tile transforms of winograd.h, VL lanes at a time. */

enum { POSITIONS = CB_WINOGRAD_POSITIONS };

/* a + b, to balance the load where multiply-adds and additions have pipes of their own (AMD). */
CB_INLINE vf add_by_fma(vf a, vf b)
{
    return v_fma(a, v_set1(1), b);
}

/* factor: const; a point that is 1 needs no multiplication. */
CB_INLINE vf times(float factor, vf x)
{
    return factor == 1 ? x : v_mul(v_set1(factor), x);
}

CB_INLINE vf plus(vf base, float factor, vf x)
{
    return factor == 1 ? v_add(base, x) : v_fma(v_set1(factor), x, base);
}

CB_INLINE vf minus(vf base, float factor, vf x)
{
    return factor == 1 ? v_sub(base, x) : v_fnma(v_set1(factor), x, base);
}

/* Two outputs of B^T at a time, those that share inputs: {1, 2}, {3, 4}, {0, 5}. */
enum input_pair { PAIR_1_2, PAIR_3_4, PAIR_0_5 };

CB_INLINE void input_pair(enum input_pair pair, const vf *d, vf *first, vf *second)
{
    if (pair == PAIR_0_5) {
        *first = minus(plus(d[4], POINTS.product, d[0]), POINTS.sum, d[2]);
        *second = minus(plus(d[5], POINTS.product, d[1]), POINTS.sum, d[3]);
    } else if (pair == PAIR_1_2) {
        vf e = minus(d[4], POINTS.b2, d[2]), f = minus(d[3], POINTS.b2, d[1]);
        *first = plus(e, POINTS.a, f);
        *second = minus(e, POINTS.a, f);
    } else {
        vf e = minus(d[4], POINTS.a2, d[2]), f = minus(d[3], POINTS.a2, d[1]);
        *first = plus(e, POINTS.b, f);
        *second = minus(e, POINTS.b, f);
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

CB_INLINE void input_row(const vf *d, operand *to, size_t position)
{
    vf o[6];
    input_pair(PAIR_0_5, d, &o[0], &o[5]);
    input_pair(PAIR_1_2, d, &o[1], &o[2]);
    input_pair(PAIR_3_4, d, &o[3], &o[4]);
    CB_UNROLL
    for (size_t j = 0; j < 6; j++) v_store_operands(to + j * position, o[j]);
}

/* Two rows of B^T d B of a tile row. Two of a tile's six columns are the previous tile's, kept in registers. */
CB_INLINE void input_tile_row_pair(enum input_pair pair, size_t top, size_t bottom, const float *from, size_t row,
                                   size_t tiles, operand *to, size_t tile, size_t position)
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

/* V = B^T d B of a tile row, all lanes. from: the first tile's corner in the padded map, whose rows are `row` floats
 * apart; tile, position: the strides of V. All lanes of a pair of rows come together, as they fill the same lines of
 * V. */
CB_INLINE void input_tile_row(const float *from, size_t row, size_t tiles, operand *to, size_t tile, size_t position)
{
    for (size_t lane = 0; lane < CB_LANES; lane += VL)
        input_tile_row_pair(PAIR_1_2, 1, 2, from + lane, row, tiles, to + lane, tile, position);
    for (size_t lane = 0; lane < CB_LANES; lane += VL)
        input_tile_row_pair(PAIR_3_4, 3, 4, from + lane, row, tiles, to + lane, tile, position);
    for (size_t lane = 0; lane < CB_LANES; lane += VL)
        input_tile_row_pair(PAIR_0_5, 0, 5, from + lane, row, tiles, to + lane, tile, position);
}

/* The outputs of A at +-point; point2: its square. */
CB_INLINE void src_transform_pair(const vf *x, float point, float point2, vf *first, vf *second)
{
    vf e = plus(x[0], point2, x[2]), f = plus(x[1], point2, x[3]);
    *first = plus(e, point, f);
    *second = minus(e, point, f);
}

/* A row times A^T, of CB_PACK tiles; to, position: elements. */
CB_INLINE void src_transform_row(vf (*x)[4], float *to, size_t position)
{
    vf o[6][CB_PACK];
    CB_UNROLL
    for (size_t t = 0; t < CB_PACK; t++) {
        o[0][t] = x[t][0];
        src_transform_pair(x[t], POINTS.a, POINTS.a2, &o[1][t], &o[2][t]);
        src_transform_pair(x[t], POINTS.b, POINTS.b2, &o[3][t], &o[4][t]);
        o[5][t] = x[t][3];
    }
    CB_UNROLL
    for (size_t j = 0; j < 6; j++) v_store(to + j * position, v_pack(o[j], CB_PACK));
}

CB_INLINE void output_1d(const vf *m, vf *o)
{
    vf m1 = m[1], m2 = m[2], m3 = m[3], m4 = m[4];
    CB_FORCE_REGISTER(m1);
    CB_FORCE_REGISTER(m2);
    vf t = v_sub(m1, m2), s = add_by_fma(m1, m2);
    CB_FORCE_REGISTER(m3);
    CB_FORCE_REGISTER(m4);
    vf v = v_sub(m3, m4), u = add_by_fma(m3, m4);
    o[0] = v_add(v_add(m[0], s), u);
    o[1] = plus(times(POINTS.a, t), POINTS.b, v);
    o[2] = plus(times(POINTS.a2, s), POINTS.b2, u);
    o[3] = v_add(plus(times(POINTS.a3, t), POINTS.b3, v), m[5]);
}

/* A^T M of one tile: partial[row][column]. */
CB_INLINE void output_columns(const float *m, size_t position, vf (*partial)[6])
{
    CB_UNROLL
    for (size_t j = 0; j < 6; j++) {
        vf column[6], o[4];
        CB_UNROLL
        for (size_t i = 0; i < 6; i++) column[i] = v_load(m + (i * 6 + j) * position);
        output_1d(column, o);
        CB_UNROLL
        for (size_t i = 0; i < 4; i++) partial[i][j] = o[i];
    }
}

CB_INLINE void weights_1d(vf g0, vf g1, vf g2, vf *o)
{
    o[0] = times(POINTS.n0, g0);
    vf e = times(POINTS.na, plus(g0, POINTS.a2, g2)), f = times(POINTS.a_na, g1);
    o[1] = v_add(e, f);
    o[2] = v_sub(e, f);
    e = plus(times(POINTS.b2_nb, g2), POINTS.nb, g0);
    f = times(POINTS.b_nb, g1);
    o[3] = v_add(e, f);
    o[4] = v_sub(e, f);
    o[5] = g2;
}

CB_INLINE void weights_gradient_1d(const vf *u, vf *o)
{
    vf s = v_add(u[1], u[2]), t = v_sub(u[2], u[1]), v = v_add(u[3], u[4]), w = v_sub(u[3], u[4]);
    o[0] = plus(plus(times(POINTS.n0, u[0]), POINTS.na, s), POINTS.nb, v);
    o[1] = plus(times(-POINTS.a_na, t), POINTS.b_nb, w);
    o[2] = plus(u[5], POINTS.b2_nb, v_sub(v, s));
}

/* U = G w G^T of 16 x 16 channels: w[3][16][3][16], u [16/CB_U_PACK][16] elements at every position. */
CB_INLINE void weights_block(const float *w, float *u, size_t position)
{
    for (size_t at = 0; at < CB_LANES * CB_LANES / CB_U_PACK; at += VL) {
        size_t c = at / CB_LANES * CB_U_PACK, lane = at % CB_LANES;
        vf partial[CB_U_PACK][6][3];
        CB_UNROLL
        for (size_t n = 0; n < CB_U_PACK; n++) {
            CB_UNROLL
            for (size_t s = 0; s < 3; s++) {
                const float *g = w + ((c + n) * 3 + s) * CB_LANES + lane;
                vf o[6];
                weights_1d(v_load(g), v_load(g + 3 * CB_LANES * CB_LANES), v_load(g + 6 * CB_LANES * CB_LANES), o);
                CB_UNROLL
                for (size_t i = 0; i < 6; i++) partial[n][i][s] = o[i];
            }
        }
        CB_UNROLL
        for (size_t i = 0; i < 6; i++) {
            vf o[CB_U_PACK][6];
            CB_UNROLL
            for (size_t n = 0; n < CB_U_PACK; n++)
                weights_1d(partial[n][i][0], partial[n][i][1], partial[n][i][2], o[n]);
            CB_UNROLL
            for (size_t j = 0; j < 6; j++) {
                vf pair[CB_U_PACK];
                CB_UNROLL
                for (size_t n = 0; n < CB_U_PACK; n++) pair[n] = o[n][j];
                v_store(u + (i * 6 + j) * position + at, v_pack(pair, CB_U_PACK));
            }
        }
    }
}

/* dw[3][16][3][16] = G^T dU G, reversed; du [16][16] at every position. */
CB_INLINE void weights_gradient_block(const float *du, size_t position, float *dw)
{
    for (size_t at = 0; at < CB_LANES * CB_LANES; at += VL) {
        size_t c = at / CB_LANES, lane = at % CB_LANES;
        vf partial[3][6];
        CB_UNROLL
        for (size_t j = 0; j < 6; j++) {
            vf column[6], o[3];
            CB_UNROLL
            for (size_t i = 0; i < 6; i++) column[i] = v_load(du + (i * 6 + j) * position + at);
            weights_gradient_1d(column, o);
            CB_UNROLL
            for (size_t i = 0; i < 3; i++) partial[i][j] = o[i];
        }
        CB_UNROLL
        for (size_t i = 0; i < 3; i++) {
            vf o[3];
            weights_gradient_1d(partial[i], o);
            CB_UNROLL
            for (size_t j = 0; j < 3; j++) v_store(dw + (((2 - i) * CB_LANES + c) * 3 + 2 - j) * CB_LANES + lane, o[j]);
        }
    }
}
