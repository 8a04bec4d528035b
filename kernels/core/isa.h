#ifndef CB_ISA_H
#define CB_ISA_H

#include <stdbool.h>

#include "core/status.h"

/* Instruction sets that kernels are built for, weakest first. avx2 = AVX2 + FMA; avx512 = F + BW + DQ + VL; avx512bf16
 * = avx512 with AVX512_BF16 for the operations with bf16 in them, which the others emulate. */
enum cb_isa { CB_ISA_SCALAR, CB_ISA_AVX2, CB_ISA_AVX512, CB_ISA_AVX512BF16, CB_ISA_NEON, CB_ISA_COUNT };

const char *cb_isa_name(enum cb_isa isa);

/* True if the ISA is built into this binary and both the CPU and the operating system support it. */
bool cb_isa_available(enum cb_isa isa);

/* Chooses the variant of every operation, once, before any kernel runs. name: "scalar", "avx2", "avx512", "avx512bf16"
 * or "neon"; NULL means the environment's CYCLEBENCH_ISA, or the best available. An unknown or unavailable name is
 * CB_BAD_INPUT or CB_UNAVAILABLE, never a fallback. Not thread-safe. */
enum cb_status cb_isa_select(const char *name, struct cb_error *err);

enum cb_isa cb_isa_selected(void);

#endif
