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

/* The blocking is chosen from these; a member that is 0 counts as 32 KiB, 1 MiB, 16 MiB. L1 and L2 of a core, L3 as far
 * as a core uses it. */
struct cb_cache_sizes {
    size_t l1_bytes, l2_bytes, l3_bytes;
};

/* A register tile of C: rows of a few vectors (wide), or one column of vectors (tall). An ISA without a tall tile gives
 * the wide one's size for both. */
enum cb_gemm_tile { CB_GEMM_WIDE, CB_GEMM_TALL };

/* C[m x n] (+)= A[m x k] * B[k x n], 1 <= m, 1 <= n.
 *   A   rows lda apart, in panels of mr rows, the last with what is left; 1 <= mr <= MR
 *   B   panels of NR columns, the last with what is left: column j is in the panel at b + j/NR*b_panel, rows ldb apart
 *   C   rows ldc apart
 * Nothing beside A, B and C is touched. MR and NR are the tile's (cb_gemm_tile_size_fn). For bf16 an element of A and B
 * is a pair along the true k, the lower one in the lower half, multiplied by cb_bf16_dot2. */
struct cb_gemm_panels {
    size_t m, mr, n, k;
    const float *a, *b;
    float *c;
    size_t lda, ldb, b_panel, ldc;
    int accumulate;
    enum cb_gemm_tile tile; /* tall: only with m = mr, above the wide MR */
    /* NULL, or where B is also packed, as panels of [k][NR]; overlaps nothing. Then m <= mr, n is a multiple of NR and
     * the tile is wide. */
    float *packed_b;
    /* Prefetch hints for what follows these panels: next_mr >= 1 rows of next_k elements of A and of a tile of C. Each
     * tile takes next_len elements of the next rows of A, a row every row_steps >= 1 of k. */
    const float *next_a, *next_c;
    size_t next_mr, next_k, next_len, next_lda, row_steps;
};
typedef void cb_gemm_panels_fn(const struct cb_gemm_panels *args);
typedef void cb_gemm_tile_size_fn(enum cb_gemm_tile tile, size_t *mr, size_t *nr); /* MR, NR */

/* Bytes for the packed panels of A and B of all threads, for these sizes and the selected ISA. */
size_t cb_gemm_workspace_bytes(const struct cb_gemm *args, const struct cb_cache_sizes *caches, size_t threads);

/* workspace: cb_gemm_workspace_bytes for the team's threads, 64-byte aligned. A small product runs on the caller alone
 * and is no run of the team (cb_team_times). CB_BAD_INPUT: leading dimensions too short, or products that do not fit
 * size_t. */
enum cb_status cb_gemm(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                       void *workspace, struct cb_error *err);

/* The same with A and B of bf16, C of floats. Bits: each c is a chain of cb_bf16_dot2 (core/bf16.h) over the pairs
 * (2i, 2i+1) of k in order; an odd k is completed by a zero. */
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
