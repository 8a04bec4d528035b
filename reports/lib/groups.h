#ifndef CB_REPORT_GROUPS_H
#define CB_REPORT_GROUPS_H

#include "times.h"

/* One object a group: "label", "recipe", "runs", "seeds", "n" trainings, of which "reached" the target, "missed" it or
 * are "undecided"; of final accuracy, epochs and seconds to target and more the statistics ("n_", "mean_", "sd_",
 * "min_", "max_", "lower_bound_..."); what was left out of them; "times_of" (a machine). A missing value is null with
 * "<key>_reason". New reference. */
json_t *cb_groups(const struct cb_report_run *runs, const struct cb_grouping *in, const struct cb_times *times,
                  const json_t *objects);

#endif
