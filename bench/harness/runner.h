#ifndef CB_RUNNER_H
#define CB_RUNNER_H

#include <jansson.h>

#include "options.h"
#include "cases.h"

/* Runs the benchmarks of the suites as the options say, prints the table and writes the files. A case that was wrong is
 * a failure in the end; the others are run and written all the same. */
enum cb_status cb_bench_run(const struct cb_bench_options *options, const struct cb_kernel *const *suites,
                            struct cb_error *err);

/* --ceilings */
enum cb_status cb_bench_ceilings(const struct cb_bench_options *options, struct cb_error *err);

#endif
