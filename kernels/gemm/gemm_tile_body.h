/* One register tile of SGEMM in the vec/ vocabulary. The stub defines MR (rows) and NV (vectors of a row) so that MR*NV
 * accumulators, NV vectors of B and one broadcast of A fit the register file. Source: Goto & van de Geijn, ACM TOMS
 * 34(3), 2008. */

enum { NR = NV * VL };
/* B is prefetched from L2 to L1 a few steps of k ahead. Beyond the panel's end lies the next panel, or nothing: no
 * fault. */
enum { AHEAD = 8 * NR, VECTORS_OF_A_LINE = 16 / VL };

/* The tile's first nv vectors. nv is a constant at every call, so that the accumulators are registers. */
CB_INLINE void tile_vectors(const struct cb_gemm_tile *t, float *c, size_t ldc, size_t nv)
{
    vf acc[MR][NV];
    CB_UNROLL
    for (size_t i = 0; i < MR; i++) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) acc[i][j] = v_zero();
    }
    if (t->accumulate) {
        CB_UNROLL
        for (size_t i = 0; i < MR; i++) {
            CB_UNROLL
            for (size_t j = 0; j < nv; j++) acc[i][j] = v_load(c + i * ldc + j * VL);
        }
    }
    const float *a = t->a, *b = t->b;
    for (size_t k = t->k; k > 0; k--, a += MR, b += NR) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(b + AHEAD + j * VL);
        vf row[NV];
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) row[j] = v_load(b + j * VL);
        CB_UNROLL
        for (size_t i = 0; i < MR; i++) {
            vf x = v_set1(a[i]);
            CB_UNROLL
            for (size_t j = 0; j < nv; j++) acc[i][j] = v_fma(x, row[j], acc[i][j]);
        }
    }
    CB_UNROLL
    for (size_t i = 0; i < MR; i++) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) v_store(c + i * ldc + j * VL, acc[i][j]);
    }
}

/* Narrow tiles compute only the vectors that hold columns of C. */
static void tile(const struct cb_gemm_tile *t, float *c, size_t ldc)
{
    switch ((t->nr + VL - 1) / VL) {
    case 1:
        tile_vectors(t, c, ldc, 1);
        return;
#if NV > 2
    case 2:
        tile_vectors(t, c, ldc, 2);
        return;
#endif
    default:
        tile_vectors(t, c, ldc, NV);
        return;
    }
}

void CB_VARIANT(gemm_f32_tile)(const struct cb_gemm_tile *t)
{
    if (t->mr == MR && t->nr % VL == 0) {
        tile(t, t->c, t->ldc);
        return;
    }
    /* At an edge of C the tile works on a whole copy, so that nothing outside C is read or written. */
    float edge[MR * NR] = {0};
    if (t->accumulate)
        for (size_t i = 0; i < t->mr; i++) memcpy(edge + i * NR, t->c + i * t->ldc, t->nr * sizeof *edge);
    tile(t, edge, NR);
    for (size_t i = 0; i < t->mr; i++) memcpy(t->c + i * t->ldc, edge + i * NR, t->nr * sizeof *edge);
}

void CB_VARIANT(gemm_f32_tile_size)(size_t *mr, size_t *nr)
{
    *mr = MR;
    *nr = NR;
}
