#ifndef CB_COMPARISON_H
#define CB_COMPARISON_H

#include "run.h"

/* Compares runs: an object with "target_percent", "target_source", "runs" (one object a run, in order; a missing value
 * is null with
 * "<key>_reason"), "same_trajectory" (groups of runs with equal loss fingerprints) and "warnings" (sentences).
 * target_percent: NaN means what the first run's recipe says. New reference; NULL if memory is short. */
json_t *cb_comparison(const struct cb_report_run *runs, size_t count, double target_percent);

/* Runs of a comparison that reached the target. */
size_t cb_comparison_reached(const json_t *comparison);

#endif
