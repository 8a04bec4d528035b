#include "suites.h"

/* The table of benchmarks, in the order in which they run. */
const struct cb_kernel *const cb_suites[] = {cb_suite_conv,    cb_suite_gemm, cb_suite_norm,
                                             cb_suite_augment, cb_suite_step, NULL};
