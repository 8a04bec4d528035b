#ifndef CB_VEC_H
#define CB_VEC_H

/* What a template includes (kernels/README.md): the vocabulary of its ISA, what all vocabularies share, and its
 * formats. The Makefile says which: CB_VECTORS, CB_BF16_VECTORS, CB_PRODUCTS_BF16, CB_STORAGE_BF16. */
#include "core/variant.h"

#include CB_VECTORS

#define CB_INLINE static inline __attribute__((always_inline))
/* clang obeys GCC's pragma only after arrays of vectors should have become registers. */
#ifdef __clang__
#define CB_UNROLL _Pragma("clang loop unroll(full)")
#else /* 33: the columns that 16 pixels of stride 2 read, the longest loop of a register tile */
#define CB_UNROLL _Pragma("GCC unroll 33")
#endif
/* Optimisation barrier: hides an integer or pointer, so that gcc neither unrolls a loop bounded by it nor hoists loads
 * through it. */
#define CB_OPAQUE(x) __asm__("" : "+r"(x))
/* An array of more vectors than there are registers lives in memory from here on; else gcc spills what comes next. */
#define CB_FORCE_MEMORY(array) __asm__("" : "+m"(array))
/* This vector is computed here, into a register; else gcc loads an operand anew for each use, or delays a sum and
 * spills. */
#ifdef __aarch64__
#define CB_FORCE_REGISTER(x) __asm__ volatile("" : "+w"(x))
#else
#define CB_FORCE_REGISTER(x) __asm__ volatile("" : "+v"(x))
#endif

enum { CB_PARTS = 16 / VL }; /* registers that make one 16-lane vector */

#if defined(CB_PRODUCTS_BF16) || defined(CB_STORAGE_BF16)
#include CB_BF16_VECTORS
#endif
#ifdef CB_STORAGE_BF16
#include "vec/storage_bf16.h"
#else
#include "vec/storage_f32.h"
#endif

#endif
