#ifndef CB_GEMM_H
#define CB_GEMM_H

#include <stddef.h>
#include <stdint.h>

#include "core/team.h"

/* SGEMM: C[m x n] (+)= A[m x k] * B[k x n], row-major with leading dimensions in elements; packed, cache-blocked,
 * threaded. Bits: each c is a chain of fma(a, b, c) over k in order, from 0 (or from c when accumulating), cut at
 * nothing: the same for every blocking, ISA and thread count. a_transposed: A is stored [k x m]; b_transposed: B is
 * stored [n x k]. C overlaps neither. */
struct cb_gemm {
    size_t m, n, k;
    const float *a, *b;
    float *c;
    size_t lda, ldb, ldc;
    int a_transposed, b_transposed, accumulate;
};

/* Cache sizes that the blocking is chosen from; zero members fall back to 32 KiB, 1 MiB, 16 MiB. L1 and L2 of a core;
 * L3 as large as a core finds it. */
struct cb_cache_sizes {
    size_t l1_bytes, l2_bytes, l3_bytes;
};

/* A tile of C: rows of some vectors, or a column of one vector with as many accumulators. Where the ISA has no tall one,
 * that has the wide one's size. */
enum cb_gemm_tile { CB_GEMM_WIDE, CB_GEMM_TALL };

/* Panels of A times a block of B: C[m x n] (+)= A[m x k] * B[k x n], mr rows of A at a time, of the last panel what is
 * left; 1 <= mr <= MR, 1 <= m, 1 <= n; MR and NR are the tile's. Columns j*NR and on of B are the panel at
 * b + j*b_panel, with rows ldb apart. Nothing beside A, B and C is touched. Of bf16, elements of A and B are words: pairs
 * along the true k, the lower one in the lower half, multiplied by cb_bf16_dot2. */
struct cb_gemm_panels {
    size_t m, mr, n, k;
    const float *a, *b;
    float *c;
    size_t lda, ldb, b_panel, ldc;
    int accumulate;
    enum cb_gemm_tile tile; /* tall: for m = mr, more than the wide one's MR */
    /* NULL, or where B goes, too: panels of [k][NR]. m <= mr then, n is a multiple of NR, and the tile is wide. It overlaps
     * nothing. */
    float *packed_b;
    /* Prefetched along the way: what comes after these panels, next_mr rows (at least one) of next_k elements of A and of
     * a tile of C. Each tile fetches next_len elements of the rows of A that come next, a row every row_steps >= 1 of k;
     * where k is too short for a row, or the tile is tall, unless packing, of C only and within these panels. */
    const float *next_a, *next_c;
    size_t next_mr, next_k, next_len, next_lda, row_steps;
};
typedef void cb_gemm_panels_fn(const struct cb_gemm_panels *args);
typedef void cb_gemm_tile_size_fn(enum cb_gemm_tile tile, size_t *mr, size_t *nr); /* MR, NR */

/* Room for the packed panels of A and B of every thread: needed for these sizes with the selected ISA. */
size_t cb_gemm_workspace_bytes(const struct cb_gemm *args, const struct cb_cache_sizes *caches, size_t threads);

/* workspace: cb_gemm_workspace_bytes for the team's threads, 64-byte aligned. A small product runs on the caller alone and is
 * no run of the team (cb_team_times). Leading dimensions that are too short and products that do not fit size_t are
 * CB_BAD_INPUT. */
enum cb_status cb_gemm(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                       void *workspace, struct cb_error *err);

/* The same with A and B of bf16 and C of floats. Bits: each c is a chain of cb_bf16_dot2 (core/bf16.h) over the pairs
 * (2i, 2i+1) of k in order, the last one completed by zeros if k is odd. */
struct cb_gemm_bf16 {
    size_t m, n, k;
    const uint16_t *a, *b;
    float *c;
    size_t lda, ldb, ldc;
    int a_transposed, b_transposed, accumulate;
};
size_t cb_gemm_bf16_workspace_bytes(const struct cb_gemm_bf16 *args, const struct cb_cache_sizes *caches,
                                    size_t threads);
enum cb_status cb_gemm_bf16(struct cb_team *team, const struct cb_gemm_bf16 *args, const struct cb_cache_sizes *caches,
                            void *workspace, struct cb_error *err);

#endif
