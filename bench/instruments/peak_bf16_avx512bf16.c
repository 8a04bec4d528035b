#include "peak_kernels.h"

#include "vec/vec_avx512.h"
#include "vec/vec.h"
#include "vec/bf16_native.h"

enum { CHAINS = 24 };

double CB_VARIANT(dot2_chains)(size_t rounds, float *result)
{
    vf chain[CHAINS], a = v_pair(v_set1(0.5f), v_set1(-0.5f)),
                      b = v_pair(v_set1(1), v_set1(1)); /* adds 0: no overflow */
    CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_set1((float)i);
    for (size_t r = 0; r < rounds; r++) CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_dot2(a, b, chain[i]);
    float lanes[VL], sum = 0;
    CB_UNROLL for (int i = 1; i < CHAINS; i++) chain[0] = v_add(chain[0], chain[i]);
    v_store(lanes, chain[0]);
    for (int i = 0; i < VL; i++) sum += lanes[i];
    *result = sum;
    return 4.0 * VL * CHAINS * (double)rounds;
}
