#ifndef CB_GEMM_RUN_H
#define CB_GEMM_RUN_H

#include "gemm/gemm.h"

/* What both formats share. */

/* Refuses leading dimensions that are too short and sizes that do not fit. */
enum cb_status cb_gemm_check(const struct cb_gemm *args, struct cb_error *err);

/* The product; workspace as for cb_gemm. Elements are moved, not looked at: they may be words of bf16.
 */
void cb_gemm_run(struct cb_team *team, const struct cb_gemm *args, const struct cb_cache_sizes *caches,
                 cb_gemm_panels_fn *multiply_panels, void *workspace);

#endif
