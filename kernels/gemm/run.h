#ifndef CB_GEMM_RUN_H
#define CB_GEMM_RUN_H

#include "gemm/gemm.h"

/* What both formats share. */

/* Refuses leading dimensions that are too short and sizes that do not fit. */
enum cb_status cb_gemm_check(const struct cb_gemm *args, struct cb_error *err);

/* The operations of a format of A and B, of the selected ISA. */
struct cb_gemm_ops {
    cb_gemm_panels_fn *panels;
    cb_gemm_tile_size_fn *tile_size;
};

/* The product, and what cb_gemm_workspace_bytes is for its format; workspace as for cb_gemm. Elements are moved, not
 * looked at: they may be pairs of bf16. */
void cb_gemm_run(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                 struct cb_gemm_ops ops, void *workspace);
size_t cb_gemm_run_workspace_bytes(const struct cb_gemm *args, const struct cb_cache_sizes *caches, size_t threads,
                                   struct cb_gemm_ops ops);

#endif
