#ifndef CB_REPORT_GROUPING_H
#define CB_REPORT_GROUPING_H

#include "run.h"

/* Which runs are one column: those that differ in the seed only. */
struct cb_grouping {
    size_t groups, runs;
    size_t *group;    /* of each run; groups are numbered in the order of their first runs */
    size_t *training; /* of each run: the first run of its group with the same seed and, as far as both go, bits */
};

/* objects: the runs of comparison.h. Runs are one group if their recipes (but for the seed and keys that change no
 * bit), networks, start weights and images are the same. A record of format 1 does not know its images: it joins the
 * one group that it may belong to. */
struct cb_grouping cb_grouping_make(const struct cb_report_run *runs, size_t count, const json_t *objects);
void cb_grouping_free(struct cb_grouping *grouping);

/* Whether runs i and j are of one group if their images are not looked at. */
bool cb_same_but_images(const struct cb_report_run *runs, const json_t *objects, size_t i, size_t j);
/* What a group's runs have in common of the recipe. New reference. */
json_t *cb_group_recipe(const json_t *run_object);

#endif
