#ifndef CB_REPORT_WARNINGS_H
#define CB_REPORT_WARNINGS_H

#include "run.h"

/* What makes a comparison of these runs unfair or uncertain: an array of sentences. objects: the runs of comparison.h;
 * target_given: it comes from the user, not from a recipe. */
json_t *cb_warnings(const struct cb_report_run *runs, size_t count, const json_t *objects, double target,
                    bool target_given);

#endif
