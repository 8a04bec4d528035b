#ifndef CB_REF_H
#define CB_REF_H

/* CB_REF marks the functions of the scalar reference. On x86-64 they are built twice, so that fmaf is one instruction
 * where the CPU has it and an exact library call where not: the result is the same. Helpers must be CB_REF_INLINE to be
 * part of both. */
#if defined(__x86_64__) && !defined(__clang__) /* clang 14 gives the clones a name that other files do not find */     \
    && !defined(CB_SANITIZED)                  /* resolvers run before the sanitizers are set up */
#define CB_REF __attribute__((target_clones("default", "fma")))
#else
#define CB_REF
#endif
#define CB_REF_INLINE static inline __attribute__((always_inline))

#endif
