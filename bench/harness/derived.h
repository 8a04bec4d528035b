#ifndef CB_DERIVED_H
#define CB_DERIVED_H

#include <jansson.h>

/* What counted events mean together, in the groups of counter_choice.h. */

/* counters: as cb_perf_count makes them, of one call, which takes call_s seconds and by its shape needs `flops`
 * operations. {"ipc": 2.5, ..., "l3_misses_per_1000_instructions": null, "<key>_reason": ...}. New reference.
 *
 * ipc: instructions a cycle. *_per_1000_instructions: as likwid and perf have them. branch_miss_share: of the branches.
 * bytes_per_flop: cache lines loaded from memory, in bytes, a counted operation. gflops_counted: counted operations, over
 * the time of the calls that were timed; gflops_analytic: those of the shape. watts: joules over the same
 * time. */
json_t *cb_derived(const json_t *counters, double flops, double call_s);

/* The i-th key and its group; NULL after the last. */
const char *cb_derived_key(size_t i, const char **group);

#endif
