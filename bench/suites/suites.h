#ifndef CB_SUITES_H
#define CB_SUITES_H

#include "case.h"

/* The benchmarks; a row without a name ends each suite. */
extern const struct cb_kernel cb_suite_conv[], cb_suite_gemm[], cb_suite_norm[], cb_suite_augment[], cb_suite_step[];

/* Words of a key that is an enum cb_format; NULL behind the last. */
static inline const char *format_word(size_t i)
{
    static const char *const words[CB_FORMATS] = {[CB_F32] = "f32", [CB_BF16] = "bf16"};
    return i < CB_FORMATS ? words[i] : NULL;
}

#endif
