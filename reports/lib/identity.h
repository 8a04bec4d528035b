#ifndef CB_REPORT_IDENTITY_H
#define CB_REPORT_IDENTITY_H

#include "run.h"

enum cb_sameness { CB_DIFFERENT, CB_SAME, CB_NOT_KNOWN };

/* Losses equal bit for bit, to the end of both. */
bool cb_same_trajectory(const struct cb_report_run *a, const struct cb_report_run *b);
/* Whether runs i and j have the same images, by their hashes. A run of format 1 has the images of any run with hashes
 * whose trajectory it has. evaluated: those of the evaluation set, else those of the training set. */
enum cb_sameness cb_same_images(const struct cb_report_run *runs, size_t count, size_t i, size_t j, bool evaluated);
/* Whether two of the runs are known to be evaluated on different images. */
bool cb_evaluated_differently(const struct cb_report_run *runs, size_t count);
/* Whether nothing in the recipes differs that could change a bit of the training. */
bool cb_same_recipe(const struct cb_report_run *a, const struct cb_report_run *b);
/* Of two `machine` objects: vendor, family, model, stepping and caches. */
bool cb_same_machine(const json_t *a, const json_t *b);
bool cb_is_synthetic(const struct cb_report_run *run);
/* What disturbed its times; NULL: nothing that the record knows. */
const char *cb_disturbed(const struct cb_report_run *run);

/* Into object: cpu, caches, isa, compiler, flags, commit of a `machine` object; what it does not say is missing. */
void cb_put_machine(json_t *object, const json_t *machine);

#endif
