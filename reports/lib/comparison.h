#ifndef CB_COMPARISON_H
#define CB_COMPARISON_H

#include "run.h"

struct cb_comparison_options {
    double target_percent; /* NaN: what the first run's recipe says */
    bool with_resumed;     /* resumed runs take part in speed-ups and in the times of groups */
    json_t *notebook;      /* of notebook.h, to set beside; or NULL */
};

/* Compares runs: an object with "target_percent", "target_source", "runs" (one object a run, in order; a missing value
 * is null with "<key>_reason"), "same_trajectory" and "same_epochs" (bits.h), "warnings" (sentences) and "summary" (who
 * reached the target when, in a sentence). "groups" (groups.h) are the runs that differ in the seed only, "pairs"
 * (pairs.h) their differences. New reference. */
json_t *cb_comparison(const struct cb_report_run *runs, size_t count, const struct cb_comparison_options *options);

/* Runs of a comparison that reached the target. */
size_t cb_comparison_reached(const json_t *comparison);

#endif
