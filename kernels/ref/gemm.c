#include "core/ops.h"

#include "ref/ref.h"

/* The definition of a tile: every c is one chain of fma over k in order, from 0 or from the c that was there. */
enum { MR = 4, NR = 4 };

CB_REF void cb_gemm_f32_tile__scalar(const struct cb_gemm_tile *t)
{
    float acc[MR][NR] = {{0}};
    if (t->accumulate)
        for (size_t i = 0; i < t->mr; i++)
            for (size_t j = 0; j < t->nr; j++) acc[i][j] = t->c[i * t->ldc + j];
    for (size_t k = 0; k < t->k; k++)
        for (size_t i = 0; i < MR; i++)
            for (size_t j = 0; j < NR; j++) acc[i][j] = __builtin_fmaf(t->a[k * MR + i], t->b[k * NR + j], acc[i][j]);
    for (size_t i = 0; i < t->mr; i++)
        for (size_t j = 0; j < t->nr; j++) t->c[i * t->ldc + j] = acc[i][j];
}

void cb_gemm_f32_tile_size__scalar(size_t *mr, size_t *nr)
{
    *mr = MR;
    *nr = NR;
}
