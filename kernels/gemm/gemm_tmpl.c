/* The register tiles of SGEMM, or with CB_PRODUCTS_BF16 of the product of bf16, in the vec/ vocabulary. MR*NV accumulators, NV
 * vectors of B and one broadcast of A fit the register file (vec_<isa>.h). Source: Goto & van de Geijn, ACM TOMS 34(3), 2008. */
#include "core/ops.h"

#include <stdbool.h>
#include <string.h>

#include "vec/vec.h"

#ifdef CB_PRODUCTS_BF16
#define GEMM_VARIANT(name) CB_VARIANT(gemm_bf16_##name)
#define v_multiply_add_set1 v_dot2_set1
#define v_multiply_add v_dot2
#define begin_products v_dot2_begin
#define end_products v_dot2_end
#else
#define GEMM_VARIANT(name) CB_VARIANT(gemm_f32_##name)
#define v_multiply_add_set1 v_fma_set1
#define v_multiply_add v_fma
#define begin_products() 0
#define end_products(mode) (void)(mode)
#endif

#define COUNT(rows) +1
enum {
    MR = 0 CB_GEMM_HEIGHTS(COUNT),
    NV = CB_GEMM_NV,
    NR = NV * VL,
    AHEAD = 8,     /* steps of k to the rows of B that are fetched into L1 */
    ROWS_OF_A = 3, /* that need one address and one stride: the scale of an index reaches the third */
    ADDRESSES = (MR * NV + ROWS_OF_A - 1) / ROWS_OF_A,
    VECTORS_OF_A_LINE = 16 / VL
};

/* What is prefetched into L2 while a tile is computed: so many elements of each row of A, and of C a tile's. */
struct next_rows {
    const float *a, *c;
    size_t len, mr, lda;
};

CB_INLINE void prefetch_row(const struct next_rows *next, size_t nv)
{
    for (size_t at = 0; at < next->len; at += 16) __builtin_prefetch(next->a + at, 0, 2);
    CB_UNROLL
    for (size_t j = 0; j < nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(next->c + j * VL, 0, 2);
}

/* The columns of a tile: nv vectors, of the last one `part` lanes, unless it is whole. nv and whole are const. */
struct columns {
    size_t nv, part;
    bool whole;
};

static const struct columns whole_tile = {NV, VL, true};

CB_INLINE vf load_columns(const float *p, size_t j, struct columns w)
{
    return w.whole || j + 1 < w.nv ? v_load(p + j * VL) : v_load_part(p + j * VL, w.part);
}

CB_INLINE void store_columns(float *p, size_t j, struct columns w, vf x)
{
    if (w.whole || j + 1 < w.nv)
        v_store(p + j * VL, x);
    else
        v_store_part(p + j * VL, x, w.part);
}

struct operands {
    const float *a[ADDRESSES], *b;
    float *packed; /* where a copy of B's rows goes, or NULL */
};

/* acc += so many steps of k, by which the operands move on; ahead: to what is prefetched of B. */
CB_INLINE void multiply(vf *acc, struct operands *o, size_t steps, size_t lda, size_t ldb, size_t ahead, size_t rows,
                        struct columns w)
{
    for (; steps > 0; steps--, o->b += ldb) {
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(o->b + ahead + j * VL);
        vf row[NV];
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j++) {
            row[j] = load_columns(o->b, j, w);
            if (o->packed) v_store(o->packed + j * VL, row[j]);
        }
        if (o->packed) o->packed += NR;
        CB_UNROLL
        for (size_t i = 0; i < rows; i++) {
            const float *x = &o->a[i / ROWS_OF_A][i % ROWS_OF_A * lda];
            if (w.nv == 1) { /* a broadcast for each multiply-add takes pipes from it, one for NV does not */
                acc[i] = v_multiply_add_set1(row[0], x, acc[i]);
            } else {
                vf v = v_set1(*x);
                CB_UNROLL
                for (size_t j = 0; j < w.nv; j++) acc[i * w.nv + j] = v_multiply_add(v, row[j], acc[i * w.nv + j]);
            }
        }
        CB_UNROLL
        for (size_t g = 0; g * ROWS_OF_A < rows; g++) o->a[g]++;
    }
}

/* The sums of a tile of C: what is there, or 0. */
CB_INLINE void begin_tile(vf *acc, const float *c, size_t ldc, bool accumulate, size_t rows, struct columns w)
{
    CB_FORGET(c); /* or all rows' addresses are kept for the stores, in memory */
    CB_UNROLL
    for (size_t i = 0; i < rows; i++, c += ldc) {
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j++) acc[i * w.nv + j] = accumulate ? load_columns(c, j, w) : v_zero();
    }
}

CB_INLINE void end_tile(const vf *acc, float *c, size_t ldc, size_t rows, struct columns w)
{
    CB_FORGET(c);
    CB_UNROLL
    for (size_t i = 0; i < rows; i++, c += ldc) {
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j++) store_columns(c, j, w, acc[i * w.nv + j]);
    }
}

CB_INLINE struct operands operands_at(const float *a, size_t lda, const float *b, float *packed, size_t rows)
{
    struct operands o = {.b = b, .packed = packed};
    CB_UNROLL
    for (size_t g = 0; g * ROWS_OF_A < rows; g++) {
        o.a[g] = a + g * ROWS_OF_A * lda;
        CB_FORGET(o.a[g]);
    }
    return o;
}

/* b: B's panel. follows: the next one lies behind it. c: the tile. rows is a constant at every call, so that the
 * accumulators are registers. */
CB_INLINE void tile(const struct cb_gemm_panels *p, const float *a, const float *b, bool follows, float *packed,
                    float *c, struct next_rows next, size_t rows, struct columns w)
{
    vf acc[MR * NV];
    begin_tile(acc, c, p->ldc, p->accumulate, rows, w);
    struct operands o = operands_at(a, p->lda, b, packed, rows);
    /* What comes next, a row at a time: all at once would occupy the core's few buffers for cache misses. B not beyond
     * its end: where no memory is, the translation is looked up at every prefetch. */
    size_t left = p->k, ahead = AHEAD * p->ldb;
    for (; next.mr > 1 && left >= p->row_steps + AHEAD; left -= p->row_steps) {
        prefetch_row(&next, w.nv);
        multiply(acc, &o, p->row_steps, p->lda, p->ldb, ahead, rows, w);
        next.mr--, next.a += next.lda, next.c += p->ldc;
    }
    prefetch_row(&next, w.nv);
    multiply(acc, &o, left, p->lda, p->ldb, follows ? ahead : 0, rows, w);
    end_tile(acc, c, p->ldc, rows, w);
}

/* The tile of the last `columns`, of most_nv (const) vectors at most. */
CB_INLINE void last_tile(const struct cb_gemm_panels *p, const float *a, const float *b, float *c, size_t columns,
                         struct next_rows next, size_t rows, size_t most_nv)
{
    const size_t vectors = (columns + VL - 1) / VL;
    CB_UNROLL
    for (size_t nv = 1; nv <= most_nv; nv++)
        if (nv == vectors)
            tile(p, a, b, false, NULL, c, next, rows, (struct columns){nv, columns - (nv - 1) * VL, false});
}

/* The panel of A from row i on. packs: const, as rows */
CB_INLINE void panel(const struct cb_gemm_panels *p, size_t i, size_t rows, bool packs)
{
    const float *a = p->a + i * p->lda, *b = p->b;
    float *c = p->c + i * p->ldc, *packed = packs ? p->packed_b : NULL;
    struct next_rows next = {.a = p->next_a, .mr = p->next_mr, .lda = p->next_lda};
    const float *next_c = p->next_c;
    size_t left = p->next_k, below = p->m - i - rows;
    if (below > 0) {
        next.a = a + rows * p->lda;
        next.mr = below < rows ? below : rows;
        next.lda = p->lda;
        next_c = c + rows * p->ldc;
        left = p->k;
    }
    for (size_t n = p->n; n > 0; b += p->b_panel, c += NR, next.a += next.len) {
        next.len = p->next_len < left ? p->next_len : left;
        left -= next.len;
        next.c = n > NR ? c + NR : next_c;
        if (!packs && n < NR) {
            last_tile(p, a, b, c, n, next, rows, NV);
            return;
        }
        n -= NR;
        tile(p, a, b, n > 0 && p->b_panel == p->k * p->ldb, packed, c, next, rows, whole_tile);
        if (packs) packed += p->k * NR;
    }
}

/* The panels of `rows` from row i on; the row after them. packs, edge (whether the last tile is none of NR columns): const,
 * as rows. */
CB_INLINE size_t long_panels(const struct cb_gemm_panels *p, size_t i, size_t rows, bool packs)
{
    for (; p->m - i >= rows; i += rows) panel(p, i, rows, packs);
    return i;
}

/* For few steps of k, where keeping account of what is fetched ahead would take a fifth of the time: it is a row of C.
 * nv: const, the vectors of a tile */
CB_INLINE size_t short_panels(const struct cb_gemm_panels *p, size_t i, size_t rows, size_t nv, bool edge)
{
    const struct cb_gemm_panels copy = *p; /* which no store to C may change */
    const size_t lda = p->lda, ldb = p->ldb, ldc = p->ldc, m = p->m, n = p->n, k = p->k, b_panel = p->b_panel;
    const struct columns whole = {nv, VL, true};
    const bool accumulate = p->accumulate;
    const float *a = p->a + i * lda;
    float *row = p->c + i * ldc;
    for (; m - i >= rows; i += rows, a += rows * lda, row += rows * ldc) {
        const float *b = p->b;
        float *c = row;
        size_t left = n, below = m - i > rows ? rows * ldc : 0;
        for (; left >= nv * VL; left -= nv * VL, b += b_panel, c += nv * VL) {
            vf acc[MR * NV];
            begin_tile(acc, c, ldc, accumulate, rows, whole);
            __builtin_prefetch(c + below, 0, 2);
            struct operands o = operands_at(a, lda, b, NULL, rows);
            multiply(acc, &o, k, lda, ldb, left > nv * VL ? AHEAD * ldb : 0, rows, whole);
            end_tile(acc, c, ldc, rows, whole);
        }
        if (edge) last_tile(&copy, a, b, c, left, (struct next_rows){.c = c + below, .mr = 1}, rows, nv);
    }
    return i;
}

/* Rows of A and C are fetched ahead, also while B is packed, or a row of C is: of whole tiles, or with an edge. */
enum kind { LONG, PACKING, SHORT, SHORT_EDGE };

/* Each height has its own code: a flat C (16 rows: 8 + 8) pays for no row that it does not have. kind: const */
CB_INLINE void all_panels(const struct cb_gemm_panels *p, enum kind kind)
{
    for (size_t i = 0; i < p->m;) {
        switch (p->mr < p->m - i ? p->mr : p->m - i) {
#define HEIGHT(rows)                                                                                                   \
    case rows:                                                                                                         \
        i = kind >= SHORT ? short_panels(p, i, rows, NV, kind == SHORT_EDGE)                                           \
                          : long_panels(p, i, rows, kind == PACKING);                                                  \
        break;
            CB_GEMM_HEIGHTS(HEIGHT)
        }
    }
}

#ifdef CB_GEMM_TALL_HEIGHTS
CB_INLINE void tall_panel(const struct cb_gemm_panels *p, bool edge)
{
    switch (p->m) {
#define TALL_HEIGHT(rows)                                                                                              \
    case rows:                                                                                                         \
        short_panels(p, 0, rows, 1, edge);                                                                             \
        break;
        CB_GEMM_TALL_HEIGHTS(TALL_HEIGHT)
    }
}

static __attribute__((noinline)) void multiply_tall(const struct cb_gemm_panels *p)
{
    tall_panel(p, false);
}

static __attribute__((noinline)) void multiply_tall_edge(const struct cb_gemm_panels *p)
{
    tall_panel(p, true);
}
#endif

/* Functions, so that each has registers and a frame of its own. */
static __attribute__((noinline)) void multiply_long(const struct cb_gemm_panels *p)
{
    all_panels(p, LONG);
}

static __attribute__((noinline)) void multiply_packing(const struct cb_gemm_panels *p)
{
    all_panels(p, PACKING);
}

static __attribute__((noinline)) void multiply_short(const struct cb_gemm_panels *p)
{
    all_panels(p, SHORT);
}

static __attribute__((noinline)) void multiply_short_edge(const struct cb_gemm_panels *p)
{
    all_panels(p, SHORT_EDGE);
}

void GEMM_VARIANT(panels)(const struct cb_gemm_panels *p)
{
    unsigned mode = begin_products();
    if (p->packed_b) multiply_packing(p);
#ifdef CB_GEMM_TALL_HEIGHTS
    else if (p->tile == CB_GEMM_TALL && p->n % VL == 0)
        multiply_tall(p);
    else if (p->tile == CB_GEMM_TALL)
        multiply_tall_edge(p);
#endif
    else if (p->k >= p->row_steps + AHEAD)
        multiply_long(p);
    else if (p->n % NR == 0)
        multiply_short(p);
    else
        multiply_short_edge(p);
    end_products(mode);
}

void GEMM_VARIANT(tile_size)(enum cb_gemm_tile tile, size_t *mr, size_t *nr)
{
    *mr = MR;
    *nr = NR;
#ifdef CB_GEMM_TALL_HEIGHTS
    if (tile == CB_GEMM_TALL) *mr = MR * NV, *nr = VL;
#else
    (void)tile;
#endif
}
