#ifndef CB_REPORT_TIMES_H
#define CB_REPORT_TIMES_H

#include "grouping.h"

/* Whether both ran on one machine, with one instruction set and one number of threads. */
bool cb_same_setting(const struct cb_report_run *a, const struct cb_report_run *b);

/* Which times may stand for a group: those of its runs on one machine, with one instruction set and one number of
 * threads, that were neither resumed nor disturbed. */
struct cb_times {
    size_t *machine;     /* of each run: the first run on the same machine, instruction set and threads */
    const char **barred; /* of each run: why its times take no part, or NULL */
    size_t common;       /* the `machine` of most groups; SIZE_MAX: there are no times */
    size_t *chosen;      /* of each group: the `machine` of its times; SIZE_MAX: it has no times */
};

/* The machine of a group's times is the one on which most groups have times; among equal ones that with most runs, then
 * the first. A group without times there has the machine of most of its own. objects: the runs of comparison.h. */
struct cb_times cb_times_choose(const struct cb_report_run *runs, const struct cb_grouping *in, const json_t *objects,
                                bool with_resumed);
void cb_times_free(struct cb_times *times);

/* Whether run i has times that stand for its group. */
bool cb_times_count(const struct cb_times *times, const struct cb_grouping *in, size_t i);

#endif
