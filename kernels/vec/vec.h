#ifndef CB_VEC_H
#define CB_VEC_H

/* What a template includes (kernels/README.md): the vocabulary of its ISA, what all vocabularies share, and the words of
 * its formats. The Makefile says which: CB_VECTORS, CB_BF16_WORDS, CB_PRODUCTS_BF16, CB_STORAGE_BF16. */
#include "core/variant.h"

#include CB_VECTORS

#define CB_INLINE static inline __attribute__((always_inline))
/* clang takes GCC's pragma as a hint for a late pass, after which arrays of vectors are no longer turned into registers. */
#ifdef __clang__
#define CB_UNROLL _Pragma("clang loop unroll(full)")
#else /* 33: the columns that 16 pixels of stride 2 read, the longest loop of a register tile */
#define CB_UNROLL _Pragma("GCC unroll 33")
#endif
/* The compiler no longer knows the value of this integer or pointer: a loop up to it stays a loop, what it points to stays in
 * memory. Register tiles need that where gcc, unrolling, keeps so much that it spills their sums. */
#define CB_FORGET(x) __asm__("" : "+r"(x))
/* This array of more vectors than there are registers is in memory from here on, whole: gcc would else keep part of it in
 * registers and spill what is computed next. */
#define CB_TO_MEMORY(array) __asm__("" : "+m"(array))
/* This vector is computed here and is in a register: gcc would else read an operand from memory again for each of its uses,
 * or put off a sum and spill what it is of. */
#ifdef __aarch64__
#define CB_TO_REGISTER(x) __asm__ volatile("" : "+w"(x))
#else
#define CB_TO_REGISTER(x) __asm__ volatile("" : "+v"(x))
#endif

enum { CB_PARTS = 16 / VL }; /* registers that make one 16-lane vector */

#if defined(CB_PRODUCTS_BF16) || defined(CB_STORAGE_BF16)
#include CB_BF16_WORDS
#endif
#ifdef CB_STORAGE_BF16
#include "vec/stored_bf16.h"
#else
#include "vec/stored_f32.h"
#endif

#endif
