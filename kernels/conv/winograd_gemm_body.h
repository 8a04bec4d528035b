/* The products in the transform domain. Sizes marked const are compile-time constants in every copy; the next block is
 * fetched on the way. Needs a products_*_body.h. */

enum {
    HALVES = CB_U_WORD / CB_WORD, /* words of V that a word of U multiplies */
    /* Lines to fetch in an iteration: what five streams of a backward pass come to over the iterations of 16 channels,
     * which have the most to fetch in each. */
    FETCHES = (5 * CB_LANES * (int)sizeof(stored) * VL * CB_WINOGRAD_ACCUMULATORS - 1) /
                  (2 * POSITIONS * (CB_LANES / CB_U_WORD) * LINE) +
              1
};

/* Where vector `i` of VL lanes lies when blocks of 16 lanes are `block` floats apart. */
CB_INLINE size_t vector_at(size_t i, size_t block)
{
    return i / CB_PARTS * block + i % CB_PARTS * VL;
}

/* m[tile][vector] = sum over the words of v[tile][word][half] * u[word][vector], for `tiles` x `vectors` accumulators
 * (const). */
CB_INLINE void multiply_tile(const float *v, size_t words, const float *u, float *m, size_t k, size_t tiles,
                             size_t vectors, struct ahead *ahead)
{
    vf acc[CB_WINOGRAD_ACCUMULATORS];
    CB_UNROLL
    for (size_t i = 0; i < tiles * vectors; i++) acc[i] = v_zero();
    size_t u_block = words * CB_LANES, end = words;
    struct ahead_walk walk = ahead_walk_begin(ahead);
    CB_FORGET(end);
    for (size_t at = 0; at < end; at++) {
        ahead_walk_step(&walk, FETCHES);
        CB_UNROLL
        for (size_t half = HALVES; half-- > 0;) {
            vf w[CB_WINOGRAD_ACCUMULATORS];
            CB_UNROLL
            for (size_t j = 0; j < vectors; j++) w[j] = v_half(v_load(u + vector_at(j, u_block) + at * CB_LANES), half);
            CB_UNROLL
            for (size_t i = 0; i < tiles; i++) {
                const float *x = &v[(i * words + at) * HALVES + half];
                CB_UNROLL
                for (size_t j = 0; j < vectors; j++)
                    acc[i * vectors + j] = v_multiply_add_set1(w[j], x, acc[i * vectors + j]);
            }
        }
    }
    ahead_walk_end(ahead, walk);
    CB_UNROLL
    for (size_t i = 0; i < tiles; i++) {
        CB_UNROLL
        for (size_t j = 0; j < vectors; j++) v_store(m + i * k + j * VL, acc[i * vectors + j]);
    }
}

/* M[tile][K] of one position: v [tiles][words][HALVES], u [K/16][words][16]. words, k, vectors: const */
CB_INLINE void multiply_vectors(const float *v, size_t words, const float *u, float *m, size_t k, size_t tiles,
                                size_t vectors, struct ahead *ahead)
{
    enum { WIDE = CB_WINOGRAD_ACCUMULATORS };
    size_t t = 0;
    if (vectors * 16 <= WIDE)
        for (; tiles - t >= 16; t += 16)
            multiply_tile(v + t * words * HALVES, words, u, m + t * k, k, 16, vectors, ahead);
    if (vectors * 8 <= WIDE)
        for (; tiles - t >= 8; t += 8) multiply_tile(v + t * words * HALVES, words, u, m + t * k, k, 8, vectors, ahead);
    else if (vectors * 6 <= WIDE)
        for (; tiles - t >= 16; t += 16) { /* 6 + 6 + 4 would leave fewer chains than cover the latency */
            multiply_tile(v + t * words * HALVES, words, u, m + t * k, k, 6, vectors, ahead);
            multiply_tile(v + (t + 6) * words * HALVES, words, u, m + (t + 6) * k, k, 5, vectors, ahead);
            multiply_tile(v + (t + 11) * words * HALVES, words, u, m + (t + 11) * k, k, 5, vectors, ahead);
        }
    for (; tiles - t >= 4; t += 4) multiply_tile(v + t * words * HALVES, words, u, m + t * k, k, 4, vectors, ahead);
    for (; tiles - t >= 2; t += 2) multiply_tile(v + t * words * HALVES, words, u, m + t * k, k, 2, vectors, ahead);
    if (t < tiles) multiply_tile(v + t * words * HALVES, words, u, m + t * k, k, 1, vectors, ahead);
}

CB_INLINE void multiply(const float *v, size_t words, size_t k, const float *u, float *m, size_t tiles,
                        struct ahead *ahead)
{
    size_t kb = 0, blocks = k / CB_LANES;
    if (CB_WINOGRAD_BLOCKS == 2)
        for (; blocks - kb >= 2; kb += 2)
            multiply_vectors(v, words, u + kb * words * CB_LANES, m + kb * CB_LANES, k, tiles, 2 * CB_PARTS, ahead);
    for (; kb < blocks; kb++)
        multiply_vectors(v, words, u + kb * words * CB_LANES, m + kb * CB_LANES, k, tiles, CB_PARTS, ahead);
}

/* du[channel][vector] += sum over rows of x[row][half][channel] * v[row][half][vector], a row CB_U_WORD tiles, for
 * `channels` x `vectors` accumulators (const). first: nothing to add to. */
CB_INLINE void weights_tile(const float *x, size_t c, const operand *v, size_t k, float *du, bool first, size_t rows,
                            size_t channels, size_t vectors, struct ahead *ahead)
{
    vf acc[CB_WINOGRAD_ACCUMULATORS];
    size_t du_block = c * CB_LANES;
    CB_UNROLL
    for (size_t i = 0; i < channels; i++) {
        CB_UNROLL
        for (size_t j = 0; j < vectors; j++)
            acc[i * vectors + j] = first ? v_zero() : v_load(du + i * CB_LANES + vector_at(j, du_block));
    }
    struct ahead_walk walk = ahead_walk_begin(ahead);
    CB_FORGET(rows);
    for (size_t t = 0; t < rows; t++, x += HALVES * c, v += CB_U_WORD * k) {
        ahead_walk_step(&walk, FETCHES);
        CB_UNROLL
        for (size_t half = HALVES; half-- > 0;) {
            vf w[CB_WINOGRAD_ACCUMULATORS];
            v_load_tiles(v, k, half, vectors, w);
            CB_UNROLL
            for (size_t i = 0; i < channels; i++) {
                const float *d = &x[half * c + i];
                CB_UNROLL
                for (size_t j = 0; j < vectors; j++)
                    acc[i * vectors + j] = v_multiply_add_set1(w[j], d, acc[i * vectors + j]);
            }
        }
    }
    ahead_walk_end(ahead, walk);
    CB_UNROLL
    for (size_t i = 0; i < channels; i++) {
        CB_UNROLL
        for (size_t j = 0; j < vectors; j++) v_store(du + i * CB_LANES + vector_at(j, du_block), acc[i * vectors + j]);
    }
}

CB_INLINE void weights_vectors(const float *x, size_t c, const operand *v, size_t k, float *du, bool first, size_t rows,
                               size_t vectors, struct ahead *ahead)
{
    enum { WIDE = CB_WINOGRAD_ACCUMULATORS };
    size_t at = 0;
    if (vectors * 16 <= WIDE)
        for (; c - at >= 16; at += 16)
            weights_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 16, vectors, ahead);
    if (vectors * 8 <= WIDE)
        for (; c - at >= 8; at += 8) weights_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 8, vectors, ahead);
    else if (vectors * 6 <= WIDE)
        for (; c - at >= 16; at += 16) {
            weights_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 6, vectors, ahead);
            weights_tile(x + at + 6, c, v, k, du + (at + 6) * CB_LANES, first, rows, 5, vectors, ahead);
            weights_tile(x + at + 11, c, v, k, du + (at + 11) * CB_LANES, first, rows, 5, vectors, ahead);
        }
    for (; c - at >= 4; at += 4) weights_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 4, vectors, ahead);
}

/* dU[K/16][C][16] of one position: x [rows][HALVES][C], v [rows][CB_U_WORD][K] */
CB_INLINE void add_weights(const float *x, size_t c, const operand *v, size_t k, float *du, bool first, size_t rows,
                           struct ahead *ahead)
{
    size_t kb = 0, blocks = k / CB_LANES;
    if (CB_WINOGRAD_BLOCKS == 2)
        for (; blocks - kb >= 2; kb += 2)
            weights_vectors(x, c, v + kb * CB_LANES, k, du + kb * c * CB_LANES, first, rows, 2 * CB_PARTS, ahead);
    for (; kb < blocks; kb++)
        weights_vectors(x, c, v + kb * CB_LANES, k, du + kb * c * CB_LANES, first, rows, CB_PARTS, ahead);
}

/* Iterations of multiply() over all positions, about, which are add_weights()'s too. */
CB_INLINE size_t iterations(size_t c, size_t k, size_t tiles)
{
    return POSITIONS * (c / CB_U_WORD) * k * tiles / (VL * CB_WINOGRAD_ACCUMULATORS);
}
