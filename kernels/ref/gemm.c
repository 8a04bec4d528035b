#include "core/ops.h"

#include <string.h>

#include "core/bf16.h"
#include "ref/ref.h"

/* The definition: every c is one chain of fma over k in order, from 0 or from the c that was there. */
enum { MR = 4, NR = 4 };

CB_REF_INLINE const float *b_of(const struct cb_gemm_panels *p, size_t k, size_t j)
{
    return p->b + j / NR * p->b_panel + k * p->ldb + j % NR;
}

/* Moves elements without looking at them: they may be pairs. */
CB_REF_INLINE void ref_pack_b(const struct cb_gemm_panels *p)
{
    for (size_t j = 0; p->packed_b && j < p->n; j++)
        for (size_t k = 0; k < p->k; k++)
            memcpy(p->packed_b + (j / NR * p->k + k) * NR + j % NR, b_of(p, k, j), sizeof *p->b);
}

CB_REF void cb_gemm_f32_panels__scalar(const struct cb_gemm_panels *p)
{
    ref_pack_b(p);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            float c = p->accumulate ? p->c[i * p->ldc + j] : 0;
            for (size_t k = 0; k < p->k; k++) c = __builtin_fmaf(p->a[i * p->lda + k], *b_of(p, k, j), c);
            p->c[i * p->ldc + j] = c;
        }
}

/* Elements are pairs of bf16 along k. */
CB_REF void cb_gemm_bf16_panels__scalar(const struct cb_gemm_panels *p)
{
    ref_pack_b(p);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            float c = p->accumulate ? p->c[i * p->ldc + j] : 0;
            for (size_t k = 0; k < p->k; k++) {
                uint16_t a[2], b[2];
                memcpy(a, p->a + i * p->lda + k, sizeof a);
                memcpy(b, b_of(p, k, j), sizeof b);
                c = cb_bf16_dot2(cb_bf16_value(a[0]), cb_bf16_value(a[1]), cb_bf16_value(b[0]), cb_bf16_value(b[1]), c);
            }
            p->c[i * p->ldc + j] = c;
        }
}

#define TILE_SIZE(format)                                                                                              \
    void cb_gemm_##format##_tile_size__scalar(enum cb_gemm_tile tile, size_t *mr, size_t *nr)                          \
    {                                                                                                                  \
        (void)tile;                                                                                                    \
        *mr = MR;                                                                                                      \
        *nr = NR;                                                                                                      \
    }
TILE_SIZE(f32)
TILE_SIZE(bf16)
