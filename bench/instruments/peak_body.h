/* The chains in the vec/ vocabulary; the stub sets CHAINS: enough to hide the latency of fma, few enough to stay in
 * registers. */
double CB_VARIANT(fma_chains)(size_t rounds, float *result)
{
    vf chain[CHAINS], factor = v_set1(0.999f), term = v_set1(0.001f); /* converges to 1: no overflow, no denormals */
    CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_set1((float)i);
    for (size_t r = 0; r < rounds; r++)
        CB_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_fma(chain[i], factor, term);
    float lanes[VL], sum = 0;
    CB_UNROLL for (int i = 1; i < CHAINS; i++) chain[0] = v_add(chain[0], chain[i]);
    v_store(lanes, chain[0]);
    for (int i = 0; i < VL; i++) sum += lanes[i];
    *result = sum;
    return 2.0 * VL * CHAINS * (double)rounds;
}
