#include "peak_kernels.h"

#include "ref/ref.h"

/* One lane. The Makefile keeps the compiler from making vectors of the chains. */
enum { CHAINS = 12 };

CB_REF double cb_fma_chains__scalar(size_t rounds, float *result)
{
    float chain[CHAINS];
    for (int i = 0; i < CHAINS; i++) chain[i] = (float)i;
    for (size_t r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++) chain[i] = __builtin_fmaf(chain[i], 0.999f, 0.001f);
    *result = 0;
    for (int i = 0; i < CHAINS; i++) *result += chain[i];
    return 2.0 * CHAINS * (double)rounds;
}
