/* The products in the transform domain, which prefetch the next block. Sizes marked const are compile-time constants in
 * each specialisation. */

enum {
    V_PER_U = CB_U_PACK / CB_PACK, /* elements of V that an element of U multiplies */
    /* Lines a step: the five streams of a backward pass over the steps of 16 channels, which have the most each. */
    PREFETCHES = (5 * CB_LANES * (int)sizeof(storage) * VL * CB_WINOGRAD_ACCUMULATORS - 1) /
                     (2 * POSITIONS * (CB_LANES / CB_U_PACK) * LINE) +
                 1
};

/* Offset of vector `i` of VL lanes when blocks of 16 lanes are `block` floats apart. */
CB_INLINE size_t vector_at(size_t i, size_t block)
{
    return i / CB_PARTS * block + i % CB_PARTS * VL;
}

/* m[tile][vector] = sum over e, at of v[tile][e][at] * u[e][vector], for `tiles` x `vectors` accumulators (const). */
CB_INLINE void winograd_tile(const float *v, size_t depth, const float *u, float *m, size_t k, size_t tiles,
                             size_t vectors, struct prefetcher *prefetcher)
{
    vf acc[CB_WINOGRAD_ACCUMULATORS];
    CB_UNROLL
    for (size_t i = 0; i < tiles * vectors; i++) acc[i] = v_zero();
    size_t u_block = depth * CB_LANES, end = depth;
    struct prefetch_walk walk = prefetch_walk_begin(prefetcher);
    CB_OPAQUE(end);
    for (size_t e = 0; e < end; e++) {
        prefetch_walk_step(&walk, PREFETCHES);
        CB_UNROLL
        for (size_t at = V_PER_U; at-- > 0;) {
            vf w[CB_WINOGRAD_ACCUMULATORS];
            CB_UNROLL
            for (size_t j = 0; j < vectors; j++) w[j] = v_unpack(v_load(u + vector_at(j, u_block) + e * CB_LANES), at);
            CB_UNROLL
            for (size_t i = 0; i < tiles; i++) {
                const float *x = &v[(i * depth + e) * V_PER_U + at];
                CB_UNROLL
                for (size_t j = 0; j < vectors; j++)
                    acc[i * vectors + j] = v_multiply_add_set1(w[j], x, acc[i * vectors + j]);
            }
        }
    }
    prefetch_walk_end(prefetcher, walk);
    CB_UNROLL
    for (size_t i = 0; i < tiles; i++) {
        CB_UNROLL
        for (size_t j = 0; j < vectors; j++) v_store(m + i * k + j * VL, acc[i * vectors + j]);
    }
}

/* M[tile][K] of one position: v [tiles][depth][V_PER_U], u [K/16][depth][16]. depth, k, vectors: const */
CB_INLINE void winograd_vectors(const float *v, size_t depth, const float *u, float *m, size_t k, size_t tiles,
                                size_t vectors, struct prefetcher *prefetcher)
{
    enum { WIDE = CB_WINOGRAD_ACCUMULATORS };
    size_t t = 0;
    if (vectors * 16 <= WIDE)
        for (; tiles - t >= 16; t += 16)
            winograd_tile(v + t * depth * V_PER_U, depth, u, m + t * k, k, 16, vectors, prefetcher);
    if (vectors * 8 <= WIDE)
        for (; tiles - t >= 8; t += 8)
            winograd_tile(v + t * depth * V_PER_U, depth, u, m + t * k, k, 8, vectors, prefetcher);
    else if (vectors * 6 <= WIDE)
        for (; tiles - t >= 16; t += 16) { /* 6 + 6 + 4 would leave too few chains to cover the latency */
            winograd_tile(v + t * depth * V_PER_U, depth, u, m + t * k, k, 6, vectors, prefetcher);
            winograd_tile(v + (t + 6) * depth * V_PER_U, depth, u, m + (t + 6) * k, k, 5, vectors, prefetcher);
            winograd_tile(v + (t + 11) * depth * V_PER_U, depth, u, m + (t + 11) * k, k, 5, vectors, prefetcher);
        }
    for (; tiles - t >= 4; t += 4)
        winograd_tile(v + t * depth * V_PER_U, depth, u, m + t * k, k, 4, vectors, prefetcher);
    for (; tiles - t >= 2; t += 2)
        winograd_tile(v + t * depth * V_PER_U, depth, u, m + t * k, k, 2, vectors, prefetcher);
    if (t < tiles) winograd_tile(v + t * depth * V_PER_U, depth, u, m + t * k, k, 1, vectors, prefetcher);
}

CB_INLINE void winograd_multiply(const float *v, size_t depth, size_t k, const float *u, float *m, size_t tiles,
                                 struct prefetcher *prefetcher)
{
    size_t kb = 0, blocks = k / CB_LANES;
    if (CB_WINOGRAD_BLOCKS == 2)
        for (; blocks - kb >= 2; kb += 2)
            winograd_vectors(v, depth, u + kb * depth * CB_LANES, m + kb * CB_LANES, k, tiles, 2 * CB_PARTS,
                             prefetcher);
    for (; kb < blocks; kb++)
        winograd_vectors(v, depth, u + kb * depth * CB_LANES, m + kb * CB_LANES, k, tiles, CB_PARTS, prefetcher);
}

/* du[channel][vector] += sum over rows of x[row][at][channel] * v[row][at][vector], a row being CB_U_PACK tiles, for
 * `channels` x `vectors` accumulators (const). first: starts from 0. */
CB_INLINE void winograd_dw_tile(const float *x, size_t c, const operand *v, size_t k, float *du, bool first,
                                size_t rows, size_t channels, size_t vectors, struct prefetcher *prefetcher)
{
    vf acc[CB_WINOGRAD_ACCUMULATORS];
    size_t du_block = c * CB_LANES;
    CB_UNROLL
    for (size_t i = 0; i < channels; i++) {
        CB_UNROLL
        for (size_t j = 0; j < vectors; j++)
            acc[i * vectors + j] = first ? v_zero() : v_load(du + i * CB_LANES + vector_at(j, du_block));
    }
    struct prefetch_walk walk = prefetch_walk_begin(prefetcher);
    CB_OPAQUE(rows);
    for (size_t t = 0; t < rows; t++, x += V_PER_U * c, v += CB_U_PACK * k) {
        prefetch_walk_step(&walk, PREFETCHES);
        CB_UNROLL
        for (size_t at = V_PER_U; at-- > 0;) {
            vf w[CB_WINOGRAD_ACCUMULATORS];
            v_load_tiles(v, k, at, vectors, w);
            CB_UNROLL
            for (size_t i = 0; i < channels; i++) {
                const float *d = &x[at * c + i];
                CB_UNROLL
                for (size_t j = 0; j < vectors; j++)
                    acc[i * vectors + j] = v_multiply_add_set1(w[j], d, acc[i * vectors + j]);
            }
        }
    }
    prefetch_walk_end(prefetcher, walk);
    CB_UNROLL
    for (size_t i = 0; i < channels; i++) {
        CB_UNROLL
        for (size_t j = 0; j < vectors; j++) v_store(du + i * CB_LANES + vector_at(j, du_block), acc[i * vectors + j]);
    }
}

CB_INLINE void winograd_dw_vectors(const float *x, size_t c, const operand *v, size_t k, float *du, bool first,
                                   size_t rows, size_t vectors, struct prefetcher *prefetcher)
{
    enum { WIDE = CB_WINOGRAD_ACCUMULATORS };
    size_t at = 0;
    if (vectors * 16 <= WIDE)
        for (; c - at >= 16; at += 16)
            winograd_dw_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 16, vectors, prefetcher);
    if (vectors * 8 <= WIDE)
        for (; c - at >= 8; at += 8)
            winograd_dw_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 8, vectors, prefetcher);
    else if (vectors * 6 <= WIDE)
        for (; c - at >= 16; at += 16) {
            winograd_dw_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 6, vectors, prefetcher);
            winograd_dw_tile(x + at + 6, c, v, k, du + (at + 6) * CB_LANES, first, rows, 5, vectors, prefetcher);
            winograd_dw_tile(x + at + 11, c, v, k, du + (at + 11) * CB_LANES, first, rows, 5, vectors, prefetcher);
        }
    for (; c - at >= 4; at += 4)
        winograd_dw_tile(x + at, c, v, k, du + at * CB_LANES, first, rows, 4, vectors, prefetcher);
}

/* dU[K/16][C][16] of one position: x [rows][V_PER_U][C], v [rows][CB_U_PACK][K] */
CB_INLINE void winograd_dw(const float *x, size_t c, const operand *v, size_t k, float *du, bool first, size_t rows,
                           struct prefetcher *prefetcher)
{
    size_t kb = 0, blocks = k / CB_LANES;
    if (CB_WINOGRAD_BLOCKS == 2)
        for (; blocks - kb >= 2; kb += 2)
            winograd_dw_vectors(x, c, v + kb * CB_LANES, k, du + kb * c * CB_LANES, first, rows, 2 * CB_PARTS,
                                prefetcher);
    for (; kb < blocks; kb++)
        winograd_dw_vectors(x, c, v + kb * CB_LANES, k, du + kb * c * CB_LANES, first, rows, CB_PARTS, prefetcher);
}

/* About the steps of winograd_multiply() over all positions, and of winograd_dw(). */
CB_INLINE size_t winograd_steps(size_t c, size_t k, size_t tiles)
{
    return POSITIONS * (c / CB_U_PACK) * k * tiles / (VL * CB_WINOGRAD_ACCUMULATORS);
}
