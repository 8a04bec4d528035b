#ifndef CB_REPORT_RECIPE_H
#define CB_REPORT_RECIPE_H

#include "run.h"

/* The recipe of a run as one object of "section.key" (what `train --set` takes) to value; a key that older records lack
 * has the value that they were trained with. New reference. */
json_t *cb_recipe_of(const struct cb_report_run *run);
/* Removes keys that change neither a bit of the training nor what it is evaluated for. */
void cb_recipe_drop_without_effect(json_t *recipe);

/* Whether the recipes ("recipe_keys") of all columns have the same value of a key, or none. */
bool cb_recipe_key_is_equal(const json_t *columns, const char *key);
/* The keys of all columns' recipes, an array of strings, each once; those of one section stand together. */
json_t *cb_recipe_all_keys(const json_t *columns);

#endif
