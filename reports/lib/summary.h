#ifndef CB_REPORT_SUMMARY_H
#define CB_REPORT_SUMMARY_H

#include "run.h"

/* Two runs and a target in one sentence; objects: the runs of comparison.h. A new string. */
json_t *cb_summary(const struct cb_report_run runs[2], const json_t *objects, double target);
/* Any number of groups (groups.h), those that reached the target in the order of their times. A new string. */
json_t *cb_order_summary(const json_t *groups, double target);
/* The same of two groups (groups.h) and their pair (pairs.h). A new string. */
json_t *cb_group_summary(const json_t *groups, const json_t *pair, double target);

#endif
