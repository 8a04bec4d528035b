#ifndef CB_REPORT_APART_H
#define CB_REPORT_APART_H

#include "grouping.h"

/* Appends to warnings: why runs that one would take for one column are two (images, numerics, start weights), whose
 * images are not known, and which runs of one seed differ in their bits. objects: the runs of comparison.h; groups:
 * groups.h. */
void cb_warn_of_groups(json_t *warnings, const struct cb_report_run *runs, const struct cb_grouping *in,
                       const json_t *objects, const json_t *groups);

#endif
