#ifndef CB_SUITES_H
#define CB_SUITES_H

#include "case.h"

extern const struct cb_kernel cb_bench_conv[8], cb_bench_norm[8], cb_bench_gemm, cb_bench_augment, cb_bench_step;

#endif
