#ifndef CB_VEC_H
#define CB_VEC_H

/* Included by per-ISA stubs after their vec_<isa>.h; what all vocabularies share. */
/* CB_VARIANT(conv3x3_f32_fwd) -> cb_conv3x3_f32_fwd__avx512 */
#define CB_CONCAT4_(a, b, c, d) a##b##c##d
#define CB_CONCAT4(a, b, c, d) CB_CONCAT4_(a, b, c, d)
#define CB_VARIANT(op) CB_CONCAT4(cb_, op, __, CB_ISA_SUFFIX)

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

#endif
