#include "ceiling_kernels.h"

#include "ref/ref.h"

extern const struct cb_ceiling_kernels cb_ceiling_kernels__scalar;

/* One lane. The Makefile keeps the compiler from making vectors of the chains. */
enum { CHAINS = 12 };

CB_REF static double run_fma_chains(size_t rounds, float *result)
{
    float chain[CHAINS];
    for (int i = 0; i < CHAINS; i++) chain[i] = (float)i;
    for (size_t r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++) chain[i] = __builtin_fmaf(chain[i], 0.999f, 0.001f);
    *result = 0;
    for (int i = 0; i < CHAINS; i++) *result += chain[i];
    return 2.0 * CHAINS * (double)rounds;
}

/* Element by element. The Makefile keeps the compiler from making vectors of it. */
static float run_stream(enum cb_stream stream, const float *a, const float *b, float *c, size_t n, size_t rounds)
{
    enum { SUMS = 8 };
    float sum[SUMS] = {0};
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < n; i += SUMS)
            for (size_t j = 0; j < SUMS; j++) {
                if (stream == CB_STREAM_READ)
                    sum[j] += a[i + j];
                else
                    c[i + j] = stream == CB_STREAM_COPY ? a[i + j] : a[i + j] + 0.5f * b[i + j];
            }
        __asm__ volatile("" : : : "memory");
    }
    for (size_t j = 1; j < SUMS; j++) sum[0] += sum[j];
    return sum[0];
}

const struct cb_ceiling_kernels cb_ceiling_kernels__scalar = {
    .fma_chains = run_fma_chains,
    .stream = run_stream,
    .no_nt_stores = "scalar code has no non-temporal stores",
};
