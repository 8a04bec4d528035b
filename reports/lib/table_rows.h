#ifndef CB_REPORT_TABLE_ROWS_H
#define CB_REPORT_TABLE_ROWS_H

#include "cells.h"

/* The rows of a run and of a group, and how many there are. */
extern const struct cb_row cb_run_rows[], cb_group_rows[];
extern const size_t cb_run_row_count, cb_group_row_count;

/* The groups of a comparison as columns: with what each has more than the first, seed by seed ("accuracy_more",
 * "epochs_more", "seconds_more"). New reference. */
json_t *cb_group_columns(const json_t *comparison);

#endif
