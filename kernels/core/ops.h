#ifndef CB_OPS_H
#define CB_OPS_H

#include "core/isa.h"
#include "kernels.h"

/* Each <family>/<family>.inc lists its operations as CB_OP(name, function type). From that list come the prototypes
 * below, the dispatch table, the tests and the benchmarks: every operation exists as cb_<name>__<isa> for scalar
 * (defined in ref/) and for each SIMD ISA of the architecture, or the library does not link. CB_OP_BF16: an operation
 * with bf16 in it, which alone differs between avx512 and avx512bf16. */
#define CB_OP(name, type) type cb_##name##__scalar, cb_##name##__avx2, cb_##name##__avx512, cb_##name##__neon;
#define CB_OP_BF16(name, type) CB_OP(name, type) type cb_##name##__avx512bf16;
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16

struct cb_ops {
#define CB_OP(name, type) type *name;
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
};

/* The variants of one ISA; NULL if it is not built in. */
const struct cb_ops *cb_ops_of(enum cb_isa isa);

/* The selected variants (see cb_isa_select). */
const struct cb_ops *cb_ops(void);

#endif
