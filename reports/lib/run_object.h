#ifndef CB_REPORT_RUN_OBJECT_H
#define CB_REPORT_RUN_OBJECT_H

#include "run.h"

/* A run as a comparison shows it, with the first epoch at the target (percent); a missing value is null with
 * "<key>_reason". New reference. */
json_t *cb_run_object(const struct cb_report_run *run, double target);

#endif
