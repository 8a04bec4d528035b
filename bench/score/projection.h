#ifndef CB_SCORE_PROJECTION_H
#define CB_SCORE_PROJECTION_H

#include <stdbool.h>

#include "visit.h"

/* From visits to seconds: what one step takes here, and what a training that needs so many of them would. */

/* A visit is disturbed that lost more than this share of its threads' time to others. */
#define CB_DISTURBED_SHARE 0.01
enum { CB_LEAST_QUIET = 2 /* visits, for a timing that is not disturbed */, CB_MAX_VISITS = 512 /* of a timing */ };

struct cb_spread {
    double typical, low, high; /* seconds */
};

struct cb_timing {
    struct cb_spread step, evaluation; /* of an iteration; of one image */
    size_t visits, left_out;           /* all of them; those that were disturbed and do not count */
    bool disturbed;                    /* too few visits were not: all count */
};

size_t cb_quiet_visits(const struct cb_visit *const *visits, size_t n);

/* The typical time is the median of all samples that count. The interval goes from the fastest visit to the
 * slowest, each by its median; if disturbed, from the fastest sample to the slowest. 1 to CB_MAX_VISITS visits of
 * the same work. */
struct cb_timing cb_score_timing(const struct cb_visit *const *visits, size_t n);

/* What a training does until a target. */
struct cb_work {
    double steps_per_epoch;   /* images over batch: the last, smaller batch takes less */
    double evaluation_images; /* of one evaluation */
    size_t eval_every;        /* epochs */
};

/* Seconds of `epochs` epochs and their evaluations. */
double cb_training_s(const struct cb_work *work, double epochs, double step_s, double evaluation_s);

/* Over the epochs that n > 0 seeds took: the mean of their seconds at the typical times; from the fewest epochs at the
 * low times to the most epochs at the high ones. */
struct cb_spread cb_project(const struct cb_work *work, const struct cb_timing *timing, const double *epochs, size_t n);

#endif
