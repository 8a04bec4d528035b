#ifndef CB_ISA_H
#define CB_ISA_H

#include <stdbool.h>

#include "core/status.h"

/* The instruction sets of isas.def, of every architecture, and the scalar reference. */
enum cb_isa {
    CB_ISA_SCALAR,
#define CB_ISA(id, ...) CB_ISA_##id,
#include "isas.def"
#undef CB_ISA
    CB_ISA_COUNT
};

/* For rows of isas.def: CB_WHERE_<architecture>(text) is text where that is what the compiler builds for, else
 * nothing. */
#if defined(__x86_64__)
#define CB_WHERE_x86_64(...) __VA_ARGS__
#else
#define CB_WHERE_x86_64(...)
#endif
#if defined(__aarch64__)
#define CB_WHERE_aarch64(...) __VA_ARGS__
#else
#define CB_WHERE_aarch64(...)
#endif

const char *cb_isa_name(enum cb_isa isa);

/* "scalar, avx2, ...": all names, for messages; core/isa_names.inc is the literal. */
const char *cb_isa_names(void);

/* What the ISA falls back to for operations that it has none of its own for; CB_ISA_SCALAR for itself. */
enum cb_isa cb_isa_base(enum cb_isa isa);

/* False if it builds operations with bf16 in them alone: on floats it is its base. */
bool cb_isa_builds_f32(enum cb_isa isa);

/* True if the ISA is built into this binary and both the CPU and the operating system support it and its base. */
bool cb_isa_available(enum cb_isa isa);

/* The end of the climb from scalar (isas.def): what is selected by default. */
enum cb_isa cb_isa_best(void);

/* Chooses the variant of every operation, once, before any kernel runs. name: one of cb_isa_names(); NULL means the
 * environment's CYCLEBENCH_ISA, or the best available. An unknown or unavailable name is CB_BAD_INPUT or
 * CB_UNAVAILABLE, never a fallback. Not thread-safe. */
enum cb_status cb_isa_select(const char *name, struct cb_error *err);

enum cb_isa cb_isa_selected(void);

#endif
