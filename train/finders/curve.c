#include "finders/curve.h"

#include <math.h>
#include <stdio.h>

static const double smoothing = 0.98, stop_above = 4, take_off_above = 1.05, least_descent = 0.02;

double cb_average_add(struct cb_average *average, double x)
{
    average->sum = smoothing * average->sum + (1 - smoothing) * x;
    average->power *= smoothing;
    return average->sum / (1 - average->power);
}

void cb_curve_begin(struct cb_curve *curve, struct cb_curve_point *points)
{
    *curve = (struct cb_curve){.points = points,
                               .average = {0, 1},
                               .validation_average = {0, 1},
                               .best = 1e9,
                               .stop = CB_CURVE_OPEN,
                               .stopped_at_lr = NAN,
                               .stopped_smoothed = NAN};
}

enum cb_curve_stop cb_curve_add(struct cb_curve *curve, double lr, double loss, double validation)
{
    const double smoothed = cb_average_add(&curve->average, loss);
    if (!isfinite(smoothed))
        curve->stop = CB_CURVE_NOT_FINITE;
    else if (smoothed > stop_above * curve->best)
        curve->stop = CB_CURVE_ABOVE_BEST;
    if (curve->stop) {
        curve->stopped_at_lr = lr;
        curve->stopped_smoothed = smoothed;
        return curve->stop;
    }
    if (smoothed < curve->best && curve->count >= CB_CURVE_FIRST) curve->best = smoothed;
    curve->points[curve->count++] =
        (struct cb_curve_point){lr, loss, smoothed, validation,
                                isnan(validation) ? NAN : cb_average_add(&curve->validation_average, validation)};
    return CB_CURVE_OPEN;
}

/* --- the suggestion ----------------------------------------------------------------------------------------------- */

const char *const cb_curve_rules[] = {
    [CB_RULE_TAKE_OFF] = "highest rate: a tenth of where the smoothed loss takes off, the rate from which on it "
                         "stays 5 % above its lowest value (Gugger 2018); lowest rate: a tenth of the highest",
    [CB_RULE_LOWEST] = "highest rate: where the smoothed loss (of validation, if measured) is lowest (Smith, "
                       "arXiv:1803.09820); lowest rate: a tenth of the highest, as for one cycle",
};

static double height(const struct cb_curve *curve, size_t i, int validation)
{
    return validation ? curve->points[i].validation_smoothed : curve->points[i].smoothed;
}

/* The first point from which on the loss stays above the lowest one by 5 %; count if the last one does not. */
static size_t take_off(const struct cb_curve *curve, size_t lowest)
{
    size_t i = curve->count;
    while (i > lowest + 1 && curve->points[i - 1].smoothed > take_off_above * curve->points[lowest].smoothed) i--;
    return i;
}

static void refuse(struct cb_suggestion *s, enum cb_curve_verdict verdict, int validation, const char *what, double lr,
                   const char *remedy)
{
    s->verdict = verdict;
    snprintf(s->reason, sizeof s->reason, "the smoothed %sloss %s %.3g: %s", validation ? "validation " : "", what, lr,
             remedy);
}

void cb_curve_suggest(const struct cb_curve *curve, enum cb_curve_rule rule, struct cb_suggestion *s)
{
    *s = (struct cb_suggestion){CB_SUGGESTED, NAN, NAN, NAN, NAN, NAN, ""};
    const size_t n = curve->count;
    if (n <= CB_CURVE_FIRST) {
        refuse(s, CB_DIVERGED, 0, "diverges at once, before the 12th iteration, at rate", curve->stopped_at_lr,
               "begin lower (--from)");
        return;
    }
    const int validation = rule == CB_RULE_LOWEST && !isnan(curve->points[0].validation);
    size_t lowest = CB_CURVE_FIRST;
    for (size_t i = lowest; i < n; i++)
        if (height(curve, i, validation) < height(curve, lowest, validation)) lowest = i;
    s->lowest_lr = curve->points[lowest].lr;
    s->lowest_loss = height(curve, lowest, validation);
    const size_t off = take_off(curve, lowest);
    s->take_off_lr = off < n ? curve->points[off].lr : curve->stopped_at_lr;

    /* A range that begins with a divergence falls back from it later: that is no descent. */
    const double first = height(curve, 0, validation), twelfth = height(curve, CB_CURVE_FIRST, validation);
    const double before = first < twelfth ? first : twelfth;
    if (before - s->lowest_loss < least_descent * before) {
        if (curve->stop)
            refuse(s, CB_DIVERGED, validation, "diverges, without having fallen by 2 %, at rate", curve->stopped_at_lr,
                   "begin lower (--from) or go slower (--iterations)");
        else
            refuse(s, CB_NO_DESCENT, validation, "does not fall by 2 % up to rate", curve->points[n - 1].lr,
                   "end higher (--to) or go slower (--iterations)");
    } else if (rule == CB_RULE_TAKE_OFF && isnan(s->take_off_lr)) {
        refuse(s, CB_NO_END, 0, "does not take off up to rate", curve->points[n - 1].lr, "end higher (--to)");
    } else if (rule == CB_RULE_LOWEST && lowest == n - 1 && !curve->stop) {
        refuse(s, CB_NO_END, validation, "is lowest at the last rate,", curve->points[n - 1].lr, "end higher (--to)");
    } else {
        s->max = rule == CB_RULE_TAKE_OFF ? s->take_off_lr / 10 : s->lowest_lr;
        s->min = s->max / 10;
    }
}

/* --- several weight decays ---------------------------------------------------------------------------------------- */

const char cb_decay_rule[] =
    "the largest weight decay whose highest rate is at least half of the highest of all curves "
    "(after Smith, arXiv:1803.09820)";

size_t cb_largest_decay(const double *decays, const struct cb_suggestion *suggestions, size_t count,
                        const char **reason)
{
    double highest = 0;
    size_t best = count;
    *reason = "no curve suggests a rate";
    for (size_t i = 0; i < count; i++) {
        if (suggestions[i].verdict == CB_NO_END) {
            *reason = "a curve does not show its highest rate: end higher (--to)";
            return count;
        }
        if (suggestions[i].verdict == CB_SUGGESTED && suggestions[i].max > highest) highest = suggestions[i].max;
    }
    for (size_t i = 0; i < count; i++)
        if (suggestions[i].verdict == CB_SUGGESTED && suggestions[i].max >= highest / 2 &&
            (best == count || decays[i] > decays[best]))
            best = i;
    return best;
}
