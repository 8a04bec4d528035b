#ifndef CB_REPORT_PAIRS_H
#define CB_REPORT_PAIRS_H

#include "times.h"

/* Into each group: "speedup_to_target", the mean time of the slowest group over its own, with "min_speedup_to_target"
 * and "max_...", the least and the most that single trainings of both give. Groups with times on the machine that most
 * have take part. impossible: why there is none, or NULL. */
void cb_groups_add_speedups(json_t *groups, const struct cb_times *times, const char *impossible);

/* Of two groups: "groups" (labels), "seeds" that both have, n, mean and sd of what the first has more than the second
 * with the same seed ("..._accuracy_difference_percent", "..._epochs_difference", "..._seconds_difference"), and how
 * many times as fast the first is ("speedup_to_target" with min and max). New reference. */
json_t *cb_pair(const struct cb_report_run *runs, const struct cb_grouping *in, const struct cb_times *times,
                const json_t *objects, const json_t *groups, size_t a, size_t b);
/* Each two groups: (0, 1), (0, 2), ..., (1, 2), ... New reference. */
json_t *cb_pairs(const struct cb_report_run *runs, const struct cb_grouping *in, const struct cb_times *times,
                 const json_t *objects, const json_t *groups);

#endif
