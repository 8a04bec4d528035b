#ifndef CB_PEAK_KERNELS_H
#define CB_PEAK_KERNELS_H

#include <stddef.h>

#include "core/isa.h"

/* Runs `rounds` rounds of independent chains of multiply-adds, returns the floating-point operations done and writes a
 * value that depends on all of them. Once per ISA. */
typedef double cb_fma_chains_fn(size_t rounds, float *result);

cb_fma_chains_fn cb_fma_chains__scalar, cb_fma_chains__avx2, cb_fma_chains__avx512, cb_fma_chains__neon;
/* Of dot products of bf16 pairs (vdpbf16ps): four operations a lane. */
cb_fma_chains_fn cb_dot2_chains__avx512bf16;

/* NULL if there is none. */
cb_fma_chains_fn *cb_fma_chains_of(enum cb_isa isa);

#endif
