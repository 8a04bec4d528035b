#include "core/ops.h"

/* The operations that the ISA builds itself; dispatch takes the others from its base. Data, so that any CPU may read
 * it. */
const struct cb_ops CB_VARIANT(ops) = {
#ifdef CB_BUILDS_BF16_ONLY
#define CB_OP(name, type, ...)
#else
#define CB_OP(name, type, ...) .name = CB_VARIANT(name),
#endif
#define CB_OP_BF16(name, type, ...) .name = CB_VARIANT(name),
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
};
