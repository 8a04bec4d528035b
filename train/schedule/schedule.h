#ifndef CB_SCHEDULE_H
#define CB_SCHEDULE_H

#include <stddef.h>

#include "core/status.h"

/* Learning rate and momentum as pure functions of the iteration k = 0 .. iterations-1. */
enum cb_schedule_kind { CB_ONE_CYCLE, CB_STEP, CB_CONSTANT, CB_COSINE, CB_RANGE_TEST };

enum { CB_MAX_MILESTONES = 8 };

struct cb_schedule {
    enum cb_schedule_kind kind;
    size_t iterations;
    double lr;       /* constant, step, cosine: the initial rate */
    double momentum; /* where the schedule does not move it */
    /* one_cycle, exactly as fastai 0.7 (CircularLR_beta) had it: lo = lr_max/div, c = floor(T*(1 -
     * final_percent/100)/2); momentum runs one iteration ahead of the rate */
    double lr_max, div, final_percent, momentum_max, momentum_min;
    /* step: lr * gamma^(number of milestones <= k) */
    double gamma;
    size_t milestones, milestone[CB_MAX_MILESTONES];
    /* cosine: from lr to lr_end, lr_end + (lr - lr_end)*(1 + cos(pi*k/T))/2. range_test: from lr_start to lr_end,
     * exponential or linear: lr_start*(lr_end/lr_start)^(k/T) or lr_start + (lr_end - lr_start)*k/T */
    double lr_start, lr_end;
    int linear;
};

struct cb_schedule_point {
    double lr, momentum;
};

struct cb_schedule_point cb_schedule_at(const struct cb_schedule *schedule, size_t iteration);

/* CB_BAD_INPUT with a message if a member is out of range or the combination makes no sense. */
enum cb_status cb_schedule_check(const struct cb_schedule *schedule, struct cb_error *err);

#endif
