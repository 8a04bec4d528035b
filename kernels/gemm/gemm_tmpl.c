/* The register tiles of the products (gemm.h). MR*NV accumulators, NV vectors of B and one broadcast of A fit the
 * register file. Source: Goto & van de Geijn, ACM TOMS 34(3), 2008. */
#include "core/ops.h"

#include <stdbool.h>
#include <string.h>

#include "vec/vec.h"

#ifdef CB_PRODUCTS_BF16
typedef cb_bf16_pair element;
#define GEMM_VARIANT(name) CB_VARIANT(gemm_bf16_##name)
#define v_multiply_add_set1 v_dot2_set1
#define v_multiply_add v_dot2
#define products_begin v_dot2_begin
#define products_end v_dot2_end
#else
typedef float element;
#define GEMM_VARIANT(name) CB_VARIANT(gemm_f32_##name)
#define v_multiply_add_set1 v_fma_set1
#define v_multiply_add v_fma
#define products_begin() 0
#define products_end(mode) (void)(mode)
#endif

#define COUNT(rows) +1
enum {
    MR = 0 CB_GEMM_HEIGHTS(COUNT),
    NV = CB_GEMM_NV,
    NR = NV * VL,
    B_DISTANCE = 8, /* steps of k to the row of B that is prefetched into L1 */
    ROWS_OF_A = 3,  /* per address register: the scale of an index reaches the third */
    ADDRESSES = (MR * NV + ROWS_OF_A - 1) / ROWS_OF_A,
    VECTORS_OF_A_LINE = 16 / VL
};

/* Prefetched into L2 while a tile is computed: `len` elements of each row of A, and a row of C's tile. */
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

/* Columns of a tile: nv vectors, the last of `part` lanes, or all whole. nv and whole are const. */
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

/* acc += `steps` steps of k, which move the operands on; distance: elements to the row of B that is prefetched. */
CB_INLINE void gemm_steps(vf *acc, struct operands *o, size_t steps, size_t lda, size_t ldb, size_t distance,
                          size_t rows, struct columns w)
{
    for (; steps > 0; steps--, o->b += ldb) {
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j += VECTORS_OF_A_LINE) __builtin_prefetch(o->b + distance + j * VL);
        vf row[NV];
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j++) {
            row[j] = load_columns(o->b, j, w);
            if (o->packed) v_store(o->packed + j * VL, row[j]);
        }
        if (o->packed) o->packed += NR;
        CB_UNROLL
        for (size_t i = 0; i < rows; i++) {
            const element *x = &o->a[i / ROWS_OF_A][i % ROWS_OF_A * lda];
            if (w.nv == 1) { /* embedded broadcast: one load per multiply-add would cost a pipe; NV share one load */
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

/* Starts from C, or from 0. */
CB_INLINE void begin_tile(vf *acc, const float *c, size_t ldc, bool accumulate, size_t rows, struct columns w)
{
    CB_OPAQUE(c); /* else gcc keeps the addresses of all rows for the stores, and spills them */
    CB_UNROLL
    for (size_t i = 0; i < rows; i++, c += ldc) {
        CB_UNROLL
        for (size_t j = 0; j < w.nv; j++) acc[i * w.nv + j] = accumulate ? load_columns(c, j, w) : v_zero();
    }
}

CB_INLINE void end_tile(const vf *acc, float *c, size_t ldc, size_t rows, struct columns w)
{
    CB_OPAQUE(c);
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
        CB_OPAQUE(o.a[g]);
    }
    return o;
}

/* b: a panel of B; follows: the next panel lies behind it. c: the tile. rows is const, so that the accumulators are
 * registers. */
CB_INLINE void gemm_tile(const struct cb_gemm_panels *p, const float *a, const float *b, bool follows, float *packed,
                         float *c, struct next_rows next, size_t rows, struct columns w)
{
    vf acc[MR * NV];
    begin_tile(acc, c, p->ldc, p->accumulate, rows, w);
    struct operands o = operands_at(a, p->lda, b, packed, rows);
    /* The next block is prefetched row by row, as a core has few buffers for misses. B is not prefetched beyond its
     * end: an unmapped page costs a page walk each time. */
    size_t left = p->k, distance = B_DISTANCE * p->ldb;
    for (; next.mr > 1 && left >= p->row_steps + B_DISTANCE; left -= p->row_steps) {
        prefetch_row(&next, w.nv);
        gemm_steps(acc, &o, p->row_steps, p->lda, p->ldb, distance, rows, w);
        next.mr--, next.a += next.lda, next.c += p->ldc;
    }
    prefetch_row(&next, w.nv);
    gemm_steps(acc, &o, left, p->lda, p->ldb, follows ? distance : 0, rows, w);
    end_tile(acc, c, p->ldc, rows, w);
}

/* The tile of the last `columns`, of at most most_nv (const) vectors. */
CB_INLINE void gemm_last_tile(const struct cb_gemm_panels *p, const float *a, const float *b, float *c, size_t columns,
                              struct next_rows next, size_t rows, size_t most_nv)
{
    const size_t vectors = (columns + VL - 1) / VL;
    CB_UNROLL
    for (size_t nv = 1; nv <= most_nv; nv++)
        if (nv == vectors)
            gemm_tile(p, a, b, false, NULL, c, next, rows, (struct columns){nv, columns - (nv - 1) * VL, false});
}

/* The panel of A from row i on. packs, rows: const */
CB_INLINE void gemm_panel(const struct cb_gemm_panels *p, size_t i, size_t rows, bool packs)
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
            gemm_last_tile(p, a, b, c, n, next, rows, NV);
            return;
        }
        n -= NR;
        gemm_tile(p, a, b, n > 0 && p->b_panel == p->k * p->ldb, packed, c, next, rows, whole_tile);
        if (packs) packed += p->k * NR;
    }
}

/* Panels of `rows` (const) rows from row i on, as many as fit; returns the row after them. packs: const */
CB_INLINE size_t gemm_long_panels(const struct cb_gemm_panels *p, size_t i, size_t rows, bool packs)
{
    for (; p->m - i >= rows; i += rows) gemm_panel(p, i, rows, packs);
    return i;
}

/* For few steps of k, where bookkeeping for the prefetches would cost more than they gain: only a row of C is
 * prefetched. nv: const, the vectors of a tile. edge: const, whether the last tile has fewer than NR columns */
CB_INLINE size_t gemm_short_panels(const struct cb_gemm_panels *p, size_t i, size_t rows, size_t nv, bool edge)
{
    const struct cb_gemm_panels copy = *p; /* local, so that no store to C may change it */
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
            gemm_steps(acc, &o, k, lda, ldb, left > nv * VL ? B_DISTANCE * ldb : 0, rows, whole);
            end_tile(acc, c, ldc, rows, whole);
        }
        if (edge) gemm_last_tile(&copy, a, b, c, left, (struct next_rows){.c = c + below, .mr = 1}, rows, nv);
    }
    return i;
}

/* LONG and PACKING prefetch rows of A and C, PACKING also packs B; SHORT prefetches rows of C alone. */
enum kind { LONG, PACKING, SHORT, SHORT_EDGE };

/* Specialised for each height, so that a flat C pays for no row that it does not have. kind: const */
CB_INLINE void gemm_all_panels(const struct cb_gemm_panels *p, enum kind kind)
{
    for (size_t i = 0; i < p->m;) {
        switch (p->mr < p->m - i ? p->mr : p->m - i) {
#define HEIGHT(rows)                                                                                                   \
    case rows:                                                                                                         \
        i = kind >= SHORT ? gemm_short_panels(p, i, rows, NV, kind == SHORT_EDGE)                                      \
                          : gemm_long_panels(p, i, rows, kind == PACKING);                                             \
        break;
            CB_GEMM_HEIGHTS(HEIGHT)
        }
    }
}

#ifdef CB_GEMM_TALL_HEIGHTS
CB_INLINE void gemm_tall_panel(const struct cb_gemm_panels *p, bool edge)
{
    switch (p->m) {
#define TALL_HEIGHT(rows)                                                                                              \
    case rows:                                                                                                         \
        gemm_short_panels(p, 0, rows, 1, edge);                                                                        \
        break;
        CB_GEMM_TALL_HEIGHTS(TALL_HEIGHT)
    }
}

static __attribute__((noinline)) void gemm_tall(const struct cb_gemm_panels *p)
{
    gemm_tall_panel(p, false);
}

static __attribute__((noinline)) void gemm_tall_edge(const struct cb_gemm_panels *p)
{
    gemm_tall_panel(p, true);
}
#endif

/* Functions, so that each has its own registers and frame. */
static __attribute__((noinline)) void gemm_long(const struct cb_gemm_panels *p)
{
    gemm_all_panels(p, LONG);
}

static __attribute__((noinline)) void gemm_packing(const struct cb_gemm_panels *p)
{
    gemm_all_panels(p, PACKING);
}

static __attribute__((noinline)) void gemm_short(const struct cb_gemm_panels *p)
{
    gemm_all_panels(p, SHORT);
}

static __attribute__((noinline)) void gemm_short_edge(const struct cb_gemm_panels *p)
{
    gemm_all_panels(p, SHORT_EDGE);
}

void GEMM_VARIANT(panels)(const struct cb_gemm_panels *p)
{
    unsigned mode = products_begin();
    if (p->packed_b) gemm_packing(p);
#ifdef CB_GEMM_TALL_HEIGHTS
    else if (p->tile == CB_GEMM_TALL && p->n % VL == 0)
        gemm_tall(p);
    else if (p->tile == CB_GEMM_TALL)
        gemm_tall_edge(p);
#endif
    else if (p->k >= p->row_steps + B_DISTANCE)
        gemm_long(p);
    else if (p->n % NR == 0)
        gemm_short(p);
    else
        gemm_short_edge(p);
    products_end(mode);
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
