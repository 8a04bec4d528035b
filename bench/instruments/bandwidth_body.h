/* The streams in the vec/ vocabulary. Eight vectors a step hide the latency of the additions. */
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

float CB_VARIANT(stream)(enum cb_stream stream, const float *a, const float *b, float *c, size_t n, size_t rounds)
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
