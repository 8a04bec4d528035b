#include "bandwidth_kernels.h"

/* Element by element. The Makefile keeps the compiler from making vectors of it. */
float cb_stream__scalar(enum cb_stream stream, const float *a, const float *b, float *c, size_t n, size_t rounds)
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
