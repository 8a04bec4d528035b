#include "projection.h"

#include <math.h>
#include <string.h>

#include "bench.h"

static bool is_quiet(const struct cb_visit *visit)
{
    return visit->lost_share <= CB_DISTURBED_SHARE;
}

size_t cb_quiet_visits(const struct cb_visit *const *visits, size_t n)
{
    size_t quiet = 0;
    for (size_t i = 0; i < n; i++) quiet += is_quiet(visits[i]);
    return quiet;
}

static void widen(struct cb_spread *spread, double value)
{
    spread->low = fmin(spread->low, value);
    spread->high = fmax(spread->high, value);
}

static double median_step(const struct cb_visit *visit)
{
    double copy[CB_VISIT_MAX_STEPS];
    memcpy(copy, visit->step_s, sizeof copy);
    return cb_sort_median(copy, visit->steps);
}

struct cb_timing cb_score_timing(const struct cb_visit *const *visits, size_t n)
{
    const size_t quiet = cb_quiet_visits(visits, n);
    struct cb_timing t = {.visits = n, .disturbed = quiet < CB_LEAST_QUIET, .left_out = n - quiet};
    if (t.disturbed) t.left_out = 0;
    t.step.low = t.evaluation.low = (double)INFINITY;
    double steps[CB_MAX_VISITS * CB_VISIT_MAX_STEPS], evaluations[CB_MAX_VISITS];
    size_t n_steps = 0, n_evaluations = 0;
    for (size_t i = 0; i < n; i++) {
        const struct cb_visit *v = visits[i];
        if (!t.disturbed && !is_quiet(v)) continue;
        for (size_t k = 0; k < v->steps; k++) {
            steps[n_steps++] = v->step_s[k];
            if (t.disturbed) widen(&t.step, v->step_s[k]);
        }
        if (!t.disturbed) widen(&t.step, median_step(v));
        evaluations[n_evaluations++] = v->evaluation_s;
        widen(&t.evaluation, v->evaluation_s);
    }
    t.step.typical = cb_sort_median(steps, n_steps);
    t.evaluation.typical = cb_sort_median(evaluations, n_evaluations);
    return t;
}

double cb_training_s(const struct cb_work *work, double epochs, double step_s, double evaluation_s)
{
    const double evaluations = ceil(epochs / (double)work->eval_every);
    return epochs * work->steps_per_epoch * step_s + evaluations * work->evaluation_images * evaluation_s;
}

struct cb_spread cb_project(const struct cb_work *work, const struct cb_timing *timing, const double *epochs, size_t n)
{
    struct cb_spread seconds = {.low = (double)INFINITY};
    for (size_t i = 0; i < n; i++) {
        seconds.typical += cb_training_s(work, epochs[i], timing->step.typical, timing->evaluation.typical) / (double)n;
        widen(&seconds, cb_training_s(work, epochs[i], timing->step.low, timing->evaluation.low));
        widen(&seconds, cb_training_s(work, epochs[i], timing->step.high, timing->evaluation.high));
    }
    return seconds;
}
