#include "suites.h"

/* The table of benchmarks, in the order in which they run. */
const struct cb_kernel *const cb_kernels[] = {
    &cb_bench_conv[0], &cb_bench_conv[1], &cb_bench_conv[2], &cb_bench_conv[3],
    &cb_bench_conv[4], &cb_bench_conv[5], &cb_bench_conv[6], &cb_bench_conv[7],
    &cb_bench_gemm,    &cb_bench_norm[0], &cb_bench_norm[1], &cb_bench_norm[2],
    &cb_bench_norm[3], &cb_bench_norm[4], &cb_bench_norm[5], &cb_bench_norm[6],
    &cb_bench_norm[7], &cb_bench_augment, &cb_bench_step,    NULL,
};
