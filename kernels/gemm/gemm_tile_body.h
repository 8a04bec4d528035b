/* The register tiles of SGEMM, or with CB_GEMM_BF16 of the product of bf16, in the vec/ vocabulary. The stub defines MR
 * (rows), NV (vectors of a row) and EACH_MR, so that MR*NV accumulators, NV vectors of B and one broadcast of A fit the
 * register file. Source: Goto & van de Geijn, ACM TOMS 34(3), 2008. */
#include <stdbool.h>

#ifdef CB_GEMM_BF16
#define PANEL_VARIANT CB_VARIANT(gemm_bf16_panel)
#define v_multiply_add v_dot2
#define begin_products v_dot2_begin
#define end_products v_dot2_end
#else
#define PANEL_VARIANT CB_VARIANT(gemm_f32_panel)
#define v_multiply_add v_fma
#define begin_products() 0
#define end_products(mode) (void)(mode)
#endif

enum { NR = NV * VL, AHEAD = 8 /* steps of k */, VECTORS_OF_A_LINE = 16 / VL };

/* What is prefetched into L2 while a tile is computed: so many elements of each row of A, and of C a tile's. */
struct next_rows {
    const float *a, *c;
    size_t len, mr;
};

/* c: the tile. follows: the next panel of B lies behind this one. packed: where a copy of the panel goes, or NULL. rows and
 * nv are constants at every call, so that the accumulators are registers. */
CB_INLINE void tile(const struct cb_gemm_panel *p, const float *b, bool follows, float *packed, float *c, size_t ldc,
                    struct next_rows next, size_t rows, size_t nv)
{
    vf acc[MR][NV];
    float *to = c;
    CB_FORGET(to); /* or all rows' addresses are kept for the stores, in memory */
    CB_UNROLL
    for (size_t i = 0; i < rows; i++, to += ldc) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) acc[i][j] = p->accumulate ? v_load(to + j * VL) : v_zero();
    }
    const float *a = p->a;
    size_t lda = p->lda, ldb = p->ldb, left = p->k, steps = (left + rows - 1) / rows;
    if (left <= 64) steps = left; /* the ends of short loops are mispredicted, which costs more than a cache miss */
    while (left > 0) {
        /* What comes next, a row at a time: all at once would occupy the core's few buffers for cache misses. */
        for (size_t at = 0; at < next.len; at += 16) __builtin_prefetch(next.a + at, 0, 2);
        CB_UNROLL
        for (size_t j = 0; j < nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(next.c + j * VL, 0, 2);
        if (next.mr > 1) next.mr--, next.a += p->next_lda, next.c += p->ldc;
        size_t end = left > steps ? left - steps : 0;
        /* Into L1; not beyond B: where no memory is, the translation is looked up at every prefetch. */
        size_t ahead = follows || end >= AHEAD ? AHEAD * ldb : 0;
        for (; left > end; left--, a++, b += ldb) {
            CB_UNROLL
            for (size_t j = 0; j < nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(b + ahead + j * VL);
            vf row[NV];
            CB_UNROLL
            for (size_t j = 0; j < nv; j++) {
                row[j] = v_load(b + j * VL);
                if (packed) v_store(packed + j * VL, row[j]);
            }
            if (packed) packed += NR;
            CB_UNROLL
            for (size_t i = 0; i < rows; i++) {
                vf x = v_set1(a[i * lda]);
                CB_UNROLL
                for (size_t j = 0; j < nv; j++) acc[i][j] = v_multiply_add(x, row[j], acc[i][j]);
            }
        }
    }
    CB_FORGET(c);
    CB_UNROLL
    for (size_t i = 0; i < rows; i++, c += ldc) {
        CB_UNROLL
        for (size_t j = 0; j < nv; j++) v_store(c + j * VL, acc[i][j]);
    }
}

/* The tile of the last `columns` < NR; where they are no whole vectors, on a copy, so that nothing beside C is read or
 * written. */
CB_INLINE void last_tile(const struct cb_gemm_panel *p, const float *b, float *c, size_t columns, struct next_rows next,
                         size_t rows)
{
    float copy[MR * NR];
    bool whole = columns % VL == 0;
    float *to = whole ? c : copy;
    size_t ldc = whole ? p->ldc : NR, vectors = (columns + VL - 1) / VL;
    if (!whole && p->accumulate) {
        memset(copy, 0, sizeof copy);
        for (size_t i = 0; i < rows; i++) memcpy(copy + i * NR, c + i * p->ldc, columns * sizeof *c);
    }
    CB_UNROLL
    for (size_t nv = 1; nv <= NV; nv++)
        if (nv == vectors) tile(p, b, false, NULL, to, ldc, next, rows, nv);
    if (whole) return;
    for (size_t i = 0; i < rows; i++) memcpy(c + i * p->ldc, copy + i * NR, columns * sizeof *c);
}

/* packs: const, as rows */
CB_INLINE void panel(const struct cb_gemm_panel *p, size_t rows, bool packs)
{
    const float *b = p->b;
    float *c = p->c, *packed = packs ? p->packed_b : NULL;
    size_t left = p->next_k;
    struct next_rows next = {.a = p->next_a, .mr = p->next_mr};
    for (size_t n = p->n; n > 0; b += p->b_panel, c += NR, next.a += next.len) {
        next.len = p->next_len < left ? p->next_len : left;
        left -= next.len;
        next.c = n > NR ? c + NR : p->next_c;
        if (!packs && n < NR) {
            last_tile(p, b, c, n, next, rows);
            return;
        }
        n -= NR;
        tile(p, b, n > 0 && p->b_panel == p->k * p->ldb, packed, c, p->ldc, next, rows, NV);
        if (packs) packed += p->k * NR;
    }
}

/* Each height has its own code: a flat C (16 rows: 8 + 8) pays for no row that it does not have. */
void PANEL_VARIANT(const struct cb_gemm_panel *p)
{
    unsigned mode = begin_products();
    switch (p->mr) {
#define ROWS(rows)                                                                                                     \
    case rows:                                                                                                         \
        if (p->packed_b)                                                                                               \
            panel(p, rows, true);                                                                                      \
        else                                                                                                           \
            panel(p, rows, false);                                                                                     \
        break;
        EACH_MR(ROWS)
    }
    end_products(mode);
}

#ifndef CB_GEMM_BF16
void CB_VARIANT(gemm_f32_tile_size)(size_t *mr, size_t *nr)
{
    *mr = MR;
    *nr = NR;
}
#endif
