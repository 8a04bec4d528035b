#ifndef CB_REPORT_TRAININGS_H
#define CB_REPORT_TRAININGS_H

#include "times.h"

enum cb_outcome { CB_REACHED, CB_MISSED, CB_OPEN };

/* One training, from all the runs that computed it: NaN is not known. */
struct cb_training {
    size_t first; /* its first run */
    enum cb_outcome outcome;
    double accuracy_percent, best_accuracy_percent, train_loss, eval_loss; /* of a completed run */
    double epochs_to_target;
    double seconds_to_target, whole_seconds, images_per_second; /* the mean of its runs whose times count */
};

/* Of a group; *n: how many. Free it. */
struct cb_training *cb_trainings_of(const struct cb_report_run *runs, const struct cb_grouping *in,
                                    const struct cb_times *times, const json_t *objects, size_t group, size_t *n);

/* A double of a training by its offset. */
double cb_training_value(const struct cb_training *training, size_t member);

#endif
