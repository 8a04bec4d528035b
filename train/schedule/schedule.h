#ifndef CB_SCHEDULE_H
#define CB_SCHEDULE_H

#include <stddef.h>

#include "core/status.h"

/* Learning rate and momentum as pure functions of the iteration k = 0 .. T-1, T = iterations.
 *   one_cycle    fastai 0.7's CircularLR_beta: lo = lr_max/div, c = floor(T*(1 - final_percent/100)/2); rate from lo to
 *                lr_max at k = c, back to lo at 2c, down to lo/100 at T; momentum runs one iteration ahead of the rate
 *   step         lr * gamma^(number of milestones <= k)
 *   constant     lr
 *   cosine       lr_end + (lr - lr_end)*(1 + cos(pi*k/T))/2
 *   range_test   lr_start*(lr_end/lr_start)^(k/T), or linear: lr_start + (lr_end - lr_start)*k/T */
enum cb_schedule_kind {
#define CB_SCHEDULE_KIND(id, name, keys) id,
#include "schedule/schedule.inc"
    CB_SCHEDULE_KINDS
};

enum { CB_MAX_MILESTONES = 8 };
struct cb_milestones {
    size_t count, at[CB_MAX_MILESTONES]; /* ascending iterations */
    double percent[CB_MAX_MILESTONES];   /* of T, from which `at` is computed; 0: given as an iteration */
};

struct cb_schedule {
    enum cb_schedule_kind kind;
    size_t iterations;
    double momentum; /* where the schedule does not move it */
#define CB_SCHEDULE_REAL double
#define CB_SCHEDULE_BOOL int
#define CB_SCHEDULE_MILESTONES struct cb_milestones
#define CB_SCHEDULE_KEY(TYPE, name, ...) CB_SCHEDULE_##TYPE name;
#include "schedule/schedule.inc"
};

struct cb_schedule_point {
    double lr, momentum;
};

struct cb_schedule_point cb_schedule_at(const struct cb_schedule *schedule, size_t iteration);

/* CB_BAD_INPUT with a message if a member is out of range or the combination makes no sense. */
enum cb_status cb_schedule_check(const struct cb_schedule *schedule, struct cb_error *err);

const char *cb_schedule_name(enum cb_schedule_kind kind); /* "one_cycle"; NULL for CB_SCHEDULE_KINDS */
/* Whether the kind uses the key schedule.<key>, or, for "momentum", optimizer.momentum. */
int cb_schedule_uses(enum cb_schedule_kind kind, const char *key);

#endif
