#ifndef CB_REPORT_NOTEBOOK_H
#define CB_REPORT_NOTEBOOK_H

#include "run.h"

/* The trainings of S. Gugger's notebook (notebook/README.md), from the folder notebook/ beside the build or in the
 * installation. NULL: *err says why. New reference. */
json_t *cb_notebook_read(struct cb_report_error *err);

/* Into each column (a run or group with "recipe_keys" and "data_kind"): "notebook", what the notebook printed for a
 * training with these settings, or null with its reason. Epochs count from 1. */
void cb_notebook_add(json_t *columns, const json_t *notebook, double target);

#endif
