#ifndef CB_OPS_H
#define CB_OPS_H

#include "core/isa.h"
#include "core/variant.h"
#include "kernels.h"

/* Each <family>/<family>.inc lists its operations as CB_OP(name, function type), or CB_OP_BF16 for an operation with
 * bf16 in it. From that list come the prototypes below, the dispatch table, the tests and the benchmarks: every
 * operation exists as cb_<name>__scalar (defined in ref/) and as cb_<name>__<isa> for each row of isas.def that builds
 * it, or the library does not link. */
struct cb_ops {
#define CB_OP(name, type, ...) type *name;
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
};

#define CB_OP(name, type, ...) type cb_##name##__scalar;
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16

#ifdef CB_ISA_SUFFIX /* in a template, which the Makefile compiles once per ISA */
#define CB_OP(name, type, ...) type CB_VARIANT(name);
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
extern const struct cb_ops CB_VARIANT(ops);
#endif

/* The variants of one ISA; NULL if it is not built in. */
const struct cb_ops *cb_ops_of(enum cb_isa isa);

/* The selected variants (see cb_isa_select). */
const struct cb_ops *cb_ops(void);

#endif
