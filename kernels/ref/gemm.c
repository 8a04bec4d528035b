#include "core/ops.h"

#include <string.h>

#include "core/bf16.h"
#include "ref/ref.h"

/* The definition of a tile: every c is one chain of fma over k in order, from 0 or from the c that was there. */
enum { MR = 4, NR = 4 };

CB_REF void cb_gemm_f32_tile__scalar(const struct cb_gemm_tile *t)
{
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) {
            float c = t->accumulate ? t->c[i * t->ldc + j] : 0;
            for (size_t k = 0; k < t->k; k++) c = __builtin_fmaf(t->a[i * t->lda + k], t->b[k * t->ldb + j], c);
            t->c[i * t->ldc + j] = c;
        }
}

/* Words: of bf16 pairs along k. */
CB_REF void cb_gemm_bf16_tile__scalar(const struct cb_gemm_tile *t)
{
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) {
            float c = t->accumulate ? t->c[i * t->ldc + j] : 0;
            for (size_t k = 0; k < t->k; k++) {
                uint16_t a[2], b[2];
                memcpy(a, t->a + i * t->lda + k, sizeof a);
                memcpy(b, t->b + k * t->ldb + j, sizeof b);
                c = cb_bf16_dot2(cb_bf16_value(a[0]), cb_bf16_value(a[1]), cb_bf16_value(b[0]), cb_bf16_value(b[1]), c);
            }
            t->c[i * t->ldc + j] = c;
        }
}

void cb_gemm_f32_tile_size__scalar(size_t *mr, size_t *nr)
{
    *mr = MR;
    *nr = NR;
}
