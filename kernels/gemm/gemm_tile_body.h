/* One register tile of SGEMM, or with CB_GEMM_BF16 of the product of bf16, in the vec/ vocabulary. The stub defines MR
 * (rows), NV (vectors of a row) and EACH_MR, so that MR*NV accumulators, NV vectors of B and one broadcast of A fit the
 * register file. Source: Goto & van de Geijn, ACM TOMS 34(3), 2008. */

#ifdef CB_GEMM_BF16
#define TILE_VARIANT CB_VARIANT(gemm_bf16_tile)
#define v_multiply_add v_dot2
#define begin_products v_dot2_begin
#define end_products v_dot2_end
#else
#define TILE_VARIANT CB_VARIANT(gemm_f32_tile)
#define v_multiply_add v_fma
#define begin_products() 0
#define end_products(mode) (void)(mode)
#endif

enum { NR = NV * VL };
/* B is prefetched to L1 a few steps of k ahead. Beyond the panel's end lies the next panel, or nothing: no fault. */
enum { AHEAD = 8, VECTORS_OF_A_LINE = 16 / VL };

/* rows and nv are constants at every call, so that the accumulators are registers. */
CB_INLINE void tile(const struct cb_gemm_tile *t, float *c, size_t ldc, size_t rows, size_t nv)
{
    vf acc[MR][NV];
    CB_UNROLL
    for (size_t i = 0; i < rows; i++) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) acc[i][j] = t->accumulate ? v_load(c + i * ldc + j * VL) : v_zero();
    }
    const float *a = t->a, *b = t->b, *next_a = t->next_a, *next_c = t->next_c;
    size_t lda = t->lda, ldb = t->ldb, left = t->k, steps = (left + rows - 1) / rows;
    if (left <= 64) steps = left; /* the ends of short loops are mispredicted, which costs more than a cache miss */
    while (left > 0) {
        /* What the next tiles need, a row at a time: all at once would occupy the core's few buffers for cache misses.
         */
        for (size_t at = 0; at < t->next_len; at += 16) __builtin_prefetch(next_a + at, 0, 2);
        CB_UNROLL
        for (size_t j = 0; j < nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(next_c + j * VL, 0, 2);
        next_a += t->next_lda;
        next_c += t->ldc;
        size_t end = left > steps ? left - steps : 0;
        for (; left > end; left--, a++, b += ldb) {
            CB_UNROLL
            for (size_t j = 0; j < nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(b + AHEAD * ldb + j * VL);
            vf row[NV];
            CB_UNROLL
            for (size_t j = 0; j < nv; j++) row[j] = v_load(b + j * VL);
            CB_UNROLL
            for (size_t i = 0; i < rows; i++) {
                vf x = v_set1(a[i * lda]);
                CB_UNROLL
                for (size_t j = 0; j < nv; j++) acc[i][j] = v_multiply_add(x, row[j], acc[i][j]);
            }
        }
    }
    CB_UNROLL
    for (size_t i = 0; i < rows; i++) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) v_store(c + i * ldc + j * VL, acc[i][j]);
    }
}

/* Each height has its own code: a flat C (16 rows: 8 + 8) pays for no row that it does not have. */
static void tile_any(const struct cb_gemm_tile *t, float *c, size_t ldc)
{
    switch (t->mr * 4 + (t->nr + VL - 1) / VL) {
#define TILE(rows, nv)                                                                                                 \
    case rows * 4 + nv:                                                                                                \
        tile(t, c, ldc, rows, nv);                                                                                     \
        return;
#if NV > 2
#define ROWS(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3)
#else
#define ROWS(rows) TILE(rows, 1) TILE(rows, 2)
#endif
        EACH_MR(ROWS)
    }
}

/* At the right edge of C the tile works on a copy, so that nothing beside C is read or written. */
static void tile_edge(const struct cb_gemm_tile *t)
{
    float edge[MR * NR];
    if (t->accumulate) {
        memset(edge, 0, sizeof edge);
        for (size_t i = 0; i < t->mr; i++) memcpy(edge + i * NR, t->c + i * t->ldc, t->nr * sizeof *edge);
    }
    tile_any(t, edge, NR);
    for (size_t i = 0; i < t->mr; i++) memcpy(t->c + i * t->ldc, edge + i * NR, t->nr * sizeof *edge);
}

void TILE_VARIANT(const struct cb_gemm_tile *t)
{
    unsigned mode = begin_products();
    if (t->nr % VL == 0)
        tile_any(t, t->c, t->ldc);
    else
        tile_edge(t);
    end_products(mode);
}

#ifndef CB_GEMM_BF16
void CB_VARIANT(gemm_f32_tile_size)(size_t *mr, size_t *nr)
{
    *mr = MR;
    *nr = NR;
}
#endif
