#ifndef CB_REPORT_BITS_H
#define CB_REPORT_BITS_H

#include "run.h"

/* Groups of runs whose losses are equal bit for bit to the end: an array of arrays of labels. */
json_t *cb_same_groups(const struct cb_report_run *runs, size_t count);
/* How far other pairs of runs are the same: an array of objects {"runs", "compared_by": "fingerprints" or "losses",
 * "same_up_to_epoch": n or null, "different_at_epoch": n or null, "sentence"}. A pair that differs from its first epoch
 * on is left out unless its recipes are equal. */
json_t *cb_same_epochs(const struct cb_report_run *runs, size_t count);
/* Whether the losses of two runs differ at an epoch that both have. */
bool cb_bits_differ(const struct cb_report_run *a, const struct cb_report_run *b);

#endif
