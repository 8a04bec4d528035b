#ifndef CB_REPORT_RECIPE_H
#define CB_REPORT_RECIPE_H

#include "run.h"

/* The recipe of a run as one object of "section.key" (what `train --set` takes) to value; a key that older records lack
 * has the value that they were trained with. New reference. */
json_t *cb_recipe_of(const struct cb_report_run *run);
/* Removes keys that change neither a bit of the training nor what it is evaluated for. */
void cb_recipe_drop_without_effect(json_t *recipe);

/* The keys of all columns' recipes ("recipe_keys"), an array of strings, each once; those of one section stand together. */
json_t *cb_recipe_all_keys(const json_t *columns);

#endif
