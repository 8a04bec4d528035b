#ifndef CB_REPORT_POINTS_H
#define CB_REPORT_POINTS_H

#include "../lib/run.h"

/* What a run logged after one iteration: the iteration's line, an epoch's line, or both. */
struct cb_point {
    size_t iteration; /* finished iterations */
    /* On the run's clock. Of an iteration: the epoch or resume before it and the iterations since, so a little early,
     * for what passed between iterations is in no line. */
    double seconds;
    const struct cb_report_iteration *line; /* NULL: not logged */
    const struct cb_report_epoch *epoch;    /* NULL: no epoch ended here */
};

/* Where the walk is; all zero before the first point. */
struct cb_points {
    size_t iterations, epochs, resumes; /* that were passed */
    double seconds;
};

/* The next point, in the order of iterations. False: there is none. */
bool cb_points_next(struct cb_points *points, const struct cb_report_run *run, struct cb_point *point);

typedef void cb_metric(void *context, const char *tag, double value);
/* Calls `each` for every value that is known, "train/loss" and so on. */
void cb_point_metrics(const struct cb_point *point, cb_metric *each, void *context);

#endif
