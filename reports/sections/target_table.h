#ifndef CB_SECTIONS_TARGET_TABLE_H
#define CB_SECTIONS_TARGET_TABLE_H

#include "experiment.h"

/* Time, epochs, iterations, instructions and joules to the target, then the accuracy at the end; a row a group. */
void cb_target_table(json_t *section, const struct cb_experiment *experiment);

#endif
