#include "ceiling_kernels.h"

#include "vec/vec.h"
#include CB_BF16_VECTORS

extern const struct cb_ceiling_kernels CB_VARIANT(ceiling_kernels);

/* Chains enough to hide the latency of fma, few enough to stay in registers. */
enum { CHAINS = CB_REGISTERS * 3 / 4 };

CB_INLINE float sum_chains(vf *chain)
{
    float lanes[VL], sum = 0;
    CB_UNROLL for (int i = 1; i < CHAINS; i++) chain[0] = v_add(chain[0], chain[i]);
    v_store(lanes, chain[0]);
    for (int i = 0; i < VL; i++) sum += lanes[i];
    return sum;
}

#ifndef CB_BUILDS_BF16_ONLY
static double run_fma_chains(size_t rounds, float *result)
{
    vf chain[CHAINS], factor = v_set1(0.999f), term = v_set1(0.001f); /* converges to 1: no overflow, no denormals */
    CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_set1((float)i);
    for (size_t r = 0; r < rounds; r++)
        CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_fma(chain[i], factor, term);
    *result = sum_chains(chain);
    return 2.0 * VL * CHAINS * (double)rounds;
}

/* Eight vectors a step hide the latency of the additions. */
enum { STEP = 8 };
_Static_assert(CB_STREAM_STEP % (STEP * VL) == 0, "arrays are whole steps");

CB_INLINE float read_all(const float *a, size_t n)
{
    vf sum[STEP];
    CB_UNROLL for (int i = 0; i < STEP; i++) sum[i] = v_zero();
    for (size_t at = 0; at < n; at += STEP * VL)
        CB_UNROLL for (int i = 0; i < STEP; i++) sum[i] = v_add(sum[i], v_load(a + at + i * VL));
    float lanes[VL], total = 0;
    CB_UNROLL for (int i = 1; i < STEP; i++) sum[0] = v_add(sum[0], sum[i]);
    v_store(lanes, sum[0]);
    for (int i = 0; i < VL; i++) total += lanes[i];
    return total;
}

CB_INLINE void copy(const float *a, float *c, size_t n)
{
    for (size_t at = 0; at < n; at += STEP * VL)
        CB_UNROLL for (int i = 0; i < STEP; i++) v_store(c + at + i * VL, v_load(a + at + i * VL));
}

CB_INLINE void nt_copy(const float *a, float *c, size_t n)
{
    for (size_t at = 0; at < n; at += STEP * VL)
        CB_UNROLL for (int i = 0; i < STEP; i++) v_stream(c + at + i * VL, v_load(a + at + i * VL));
    v_stream_end();
}

CB_INLINE void triad(const float *a, const float *b, float *c, size_t n)
{
    vf factor = v_set1(0.5f);
    for (size_t at = 0; at < n; at += STEP * VL)
        CB_UNROLL for (int i = 0; i < STEP; i++)
            v_store(c + at + i * VL, v_fma(factor, v_load(b + at + i * VL), v_load(a + at + i * VL)));
}

static float run_stream(enum cb_stream stream, const float *a, const float *b, float *c, size_t n, size_t rounds)
{
    float sum = 0;
    for (size_t r = 0; r < rounds; r++) {
        if (stream == CB_STREAM_READ)
            sum += read_all(a, n);
        else if (stream == CB_STREAM_COPY)
            copy(a, c, n);
        else if (stream == CB_STREAM_NT_COPY)
            nt_copy(a, c, n);
        else
            triad(a, b, c, n);
        __asm__ volatile("" : : : "memory"); /* each round reads and writes memory anew */
    }
    return sum;
}
#endif

#ifdef CB_BF16_NATIVE
static double run_dot2_chains(size_t rounds, float *result)
{
    vf chain[CHAINS], a = v_pair(v_set1(0.5f), v_set1(-0.5f)),
                      b = v_pair(v_set1(1), v_set1(1)); /* adds 0: no overflow */
    CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_set1((float)i);
    for (size_t r = 0; r < rounds; r++) CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_dot2(a, b, chain[i]);
    *result = sum_chains(chain);
    return 4.0 * VL * CHAINS * (double)rounds;
}
#endif

const struct cb_ceiling_kernels CB_VARIANT(ceiling_kernels) = {
#ifndef CB_BUILDS_BF16_ONLY
    .fma_chains = run_fma_chains,
    .stream = run_stream,
    .no_nt_stores = CB_NO_NT_STORES,
#endif
#ifdef CB_BF16_NATIVE
    .dot2_chains = run_dot2_chains,
#endif
};
