#ifndef CB_SECTIONS_EXPERIMENT_H
#define CB_SECTIONS_EXPERIMENT_H

#include "../lib/times.h"

/* Runs that one target compares: of one network, one data set, one target, evaluated on images of one kind. */
struct cb_experiment {
    char *title;                /* "ResNet-56 on CIFAR-10 to 93 %" */
    const char *evaluated_on;   /* "test" or "held-out": in front of "accuracy" */
    struct cb_report_run *runs; /* shallow copies, in the order of the inputs */
    size_t count;
    double target;
    json_t *objects; /* run_object.h, one a run */
    struct cb_grouping in;
    struct cb_times times;
    json_t *groups; /* groups.h, each with "notebook" */
};

/* target: NaN, each run has that of its recipe. Those of most runs come first. Free each, then the array. */
struct cb_experiment *cb_experiments_of(const struct cb_report_run *runs, size_t count, double target,
                                        const json_t *notebook, size_t *experiments);
void cb_experiment_free(struct cb_experiment *experiment);

/* The colour of a group: of the first 1cycle 0, of the first step schedule 1, of the others what follows. */
int cb_group_colour(const struct cb_experiment *experiment, size_t group);
/* A member of a group as a number, or NaN. */
double cb_group_number(const struct cb_experiment *experiment, size_t group, const char *key);
/* "X reached 93 % ..., Y ...: 1.40 times as fast." of two groups, with the times of this experiment. New reference. */
json_t *cb_group_pair_summary(const struct cb_experiment *experiment, size_t a, size_t b);
const char *cb_group_label(const struct cb_experiment *experiment, size_t group);
/* "schedule.kind" of the group's recipe; "" if not known. */
const char *cb_group_schedule(const struct cb_experiment *experiment, size_t group);
/* The run of the group that has most epochs. */
const struct cb_report_run *cb_group_longest(const struct cb_experiment *experiment, size_t group);
/* Seconds that the group's runs with times take for an epoch, evaluation included; NaN: none has times. */
double cb_group_epoch_seconds(const struct cb_experiment *experiment, size_t group);

#endif
