#ifndef CB_CURVE_H
#define CB_CURVE_H

#include <stddef.h>

/* The loss over a learning rate that grows from iteration to iteration: fastai 0.7's LR_Finder, without the training.
 * Pure functions of the losses. */

/* Exponential average with factor 0.98, bias-corrected: sum/(1 - 0.98^n). Begin with {0, 1}. */
struct cb_average {
    double sum, power; /* power: 0.98^n */
};
double cb_average_add(struct cb_average *average, double x);

struct cb_curve_point {
    double lr, loss, smoothed;
    double validation, validation_smoothed; /* loss of one batch; NaN if it was not measured */
};

enum cb_curve_stop { CB_CURVE_OPEN, CB_CURVE_ABOVE_BEST, CB_CURVE_NOT_FINITE };

enum {
    CB_CURVE_FIRST = 11, /* the best is tracked from this point on: the 12th batch */
    CB_CURVE_MIN = 20    /* iterations that a range should have */
};

struct cb_curve {
    struct cb_curve_point *points; /* room for one an iteration, by the caller */
    size_t count;
    struct cb_average average, validation_average;
    double best;
    enum cb_curve_stop stop;
    double stopped_at_lr, stopped_smoothed; /* where it stopped; that iteration is no point */
};

void cb_curve_begin(struct cb_curve *curve, struct cb_curve_point *points);
/* Takes an iteration. It stops the curve, and is not recorded, if the loss is not finite or the smoothed loss is above
 * four times the best so far. Otherwise the smoothed loss may be the new best, from the 12th batch on. The order and
 * the counts are those of fastai 0.7, sgdr.py, LR_Finder.on_batch_end. */
enum cb_curve_stop cb_curve_add(struct cb_curve *curve, double lr, double loss, double validation);

/* Which rates the curve suggests. Gugger's rule (2018, a finder by equal factors): the smoothed loss takes off at the
 * rate from which on it stays 5 % above its lowest value, or where the curve stopped; the highest rate is a tenth of
 * it. Smith's rule (arXiv:1803.09820, a range test by equal steps): the highest rate is where the smoothed
 * loss, of validation if measured, is lowest. Under both the lowest is a tenth of the highest, as for one cycle. The
 * first 11 points do not count; that the loss falls is seen against the first point or the 12th, whichever is lower. */
enum cb_curve_rule { CB_RULE_TAKE_OFF, CB_RULE_LOWEST };
extern const char *const cb_curve_rules[]; /* each in a sentence */

enum cb_curve_verdict {
    CB_SUGGESTED,
    CB_DIVERGED,   /* it stopped without having fallen by 2 % */
    CB_NO_DESCENT, /* it ended without having fallen by 2 % */
    CB_NO_END      /* it does not take off, or is lowest at the end of the range */
};

struct cb_suggestion {
    enum cb_curve_verdict verdict;
    double lowest_lr, lowest_loss; /* of the smoothed loss; NaN: fewer than 12 points */
    double take_off_lr;            /* NaN: it does not take off */
    double min, max;               /* NaN unless suggested */
    char reason[200];              /* why not, with what to do; "" if suggested */
};
void cb_curve_suggest(const struct cb_curve *curve, enum cb_curve_rule rule, struct cb_suggestion *suggestion);

/* Smith's advice on weight decay: the largest that still allows a high maximum rate. That is: at least half of the
 * highest rate that any of the curves suggests. Returns its index, or count with the reason. */
extern const char cb_decay_rule[];
size_t cb_largest_decay(const double *decays, const struct cb_suggestion *suggestions, size_t count,
                        const char **reason);

#endif
