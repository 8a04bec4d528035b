#include <string.h>

#include "core/ops.h"
#include "gemm/run.h"

/* The bf16 product as a product of pairs along k. Where k runs along the rows, pairs lie side by side already;
 * elsewhere two rows are interleaved once for the whole product. */

enum { LINE_BYTES = 64, COLUMNS = 1024 /* of a task that interleaves: what it reads and writes stays in L1 */ };

/* How an operand becomes pairs. */
struct operand {
    const uint16_t *from;
    size_t rows, columns, ld; /* as it is stored */
    int along_rows;           /* k runs along the rows */
    int in_place;
    size_t pairs_ld, pairs_rows;
};

static struct operand operand_of(const uint16_t *from, size_t rows, size_t columns, size_t ld, int along_rows)
{
    struct operand o = {from, rows, columns, ld, along_rows, 0, 0, 0};
    o.in_place = along_rows && columns % 2 == 0 && ld % 2 == 0 && (uintptr_t)from % 4 == 0;
    o.pairs_rows = along_rows ? rows : (rows + 1) / 2;
    o.pairs_ld = o.in_place ? ld / 2 : along_rows ? (columns + 1) / 2 : columns;
    return o;
}

static size_t packed_bytes(const struct operand *o)
{
    size_t bytes = o->in_place ? 0 : o->pairs_rows * o->pairs_ld * 4;
    return (bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
}

struct pair_gemm {
    struct operand a, b;
    struct cb_gemm gemm; /* of pairs; a and b are set when the workspace is known */
};

static struct pair_gemm pair_gemm_of(const struct cb_gemm_bf16 *g)
{
    struct pair_gemm w;
    size_t a_rows = g->a_transposed ? g->k : g->m, a_columns = g->a_transposed ? g->m : g->k;
    size_t b_rows = g->b_transposed ? g->n : g->k, b_columns = g->b_transposed ? g->k : g->n;
    w.a = operand_of(g->a, a_rows, a_columns, g->lda, !g->a_transposed);
    w.b = operand_of(g->b, b_rows, b_columns, g->ldb, g->b_transposed);
    w.gemm = (struct cb_gemm){.m = g->m,
                              .n = g->n,
                              .k = (g->k + 1) / 2,
                              .c = g->c,
                              .lda = w.a.pairs_ld,
                              .ldb = w.b.pairs_ld,
                              .ldc = g->ldc,
                              .a_transposed = g->a_transposed,
                              .b_transposed = g->b_transposed,
                              .accumulate = g->accumulate};
    return w;
}

static struct cb_gemm_ops ops_of_bf16(void)
{
    return (struct cb_gemm_ops){cb_ops()->gemm_bf16_panels, cb_ops()->gemm_bf16_tile_size};
}

size_t cb_gemm_bf16_workspace_bytes(const struct cb_gemm_bf16 *args, const struct cb_cache_sizes *caches,
                                    size_t threads)
{
    struct pair_gemm w = pair_gemm_of(args);
    return packed_bytes(&w.a) + packed_bytes(&w.b) +
           cb_gemm_run_workspace_bytes(&w.gemm, caches, threads, ops_of_bf16());
}

struct pair_packing {
    const struct operand *operand;
    uint16_t *to;
    size_t blocks; /* tasks of a row of pairs */
};

/* COLUMNS pairs of a row. */
static void pack_pairs(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct pair_packing *p = context;
    const struct operand *o = p->operand;
    size_t row = task / p->blocks, first = task % p->blocks * COLUMNS;
    size_t end = first + COLUMNS < o->pairs_ld ? first + COLUMNS : o->pairs_ld;
    uint16_t *to = p->to + row * o->pairs_ld * 2;
    if (o->along_rows) {
        size_t last = end * 2 < o->columns ? end * 2 : o->columns;
        memcpy(to + first * 2, o->from + row * o->ld + first * 2, (last - first * 2) * sizeof *to);
        if (last < end * 2) to[last] = 0;
        return;
    }
    const uint16_t *low = o->from + row * 2 * o->ld, *high = low + o->ld;
    int whole = row * 2 + 1 < o->rows;
    for (size_t i = first; i < end; i++) {
        to[2 * i] = low[i];
        to[2 * i + 1] = whole ? high[i] : 0;
    }
}

/* The operand as pairs: where it is, or packed at *workspace, which moves on. */
static const float *pack_operand(struct cb_team *team, const struct operand *o, unsigned char **workspace)
{
    if (o->in_place) return (const float *)(const void *)o->from;
    struct pair_packing p = {o, (uint16_t *)(void *)*workspace, (o->pairs_ld + COLUMNS - 1) / COLUMNS};
    cb_team_run(team, o->pairs_rows * p.blocks, pack_pairs, &p);
    *workspace += packed_bytes(o);
    return (const float *)(const void *)p.to;
}

enum cb_status cb_gemm_bf16(struct cb_team *team, const struct cb_gemm_bf16 *args, const struct cb_cache_sizes *caches,
                            void *workspace, struct cb_error *err)
{
    struct cb_gemm as_elements = {.m = args->m,
                                  .n = args->n,
                                  .k = args->k,
                                  .lda = args->lda,
                                  .ldb = args->ldb,
                                  .ldc = args->ldc,
                                  .a_transposed = args->a_transposed,
                                  .b_transposed = args->b_transposed};
    enum cb_status status = cb_gemm_check(&as_elements, err);
    if (status) return status;
    struct pair_gemm w = pair_gemm_of(args);
    unsigned char *left = workspace;
    w.gemm.a = pack_operand(team, &w.a, &left);
    w.gemm.b = pack_operand(team, &w.b, &left);
    cb_gemm_run(team, &w.gemm, caches, ops_of_bf16(), left);
    return CB_OK;
}
