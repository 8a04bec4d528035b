#include "schedule/schedule.h"

#include <math.h>
#include <string.h>

#include "core/math.h"

/* fastai 0.7, CircularLR_beta: the length of the rising part, which is also that of the falling one. */
static size_t one_cycle_rise(const struct cb_schedule *s)
{
    return (size_t)((double)s->iterations * (1 - s->final_percent / 100) / 2);
}

/* 0 at the ends of the cycle, 1 at its middle; c: the middle; k <= 2c. */
static double triangle(size_t k, size_t c)
{
    return (double)(k <= c ? k : 2 * c - k) / (double)c;
}

static struct cb_schedule_point one_cycle_at(const struct cb_schedule *s, size_t k)
{
    const size_t c = one_cycle_rise(s);
    const double lo = s->lr_max / s->div;
    struct cb_schedule_point point;
    if (k <= 2 * c)
        point.lr = lo + (s->lr_max - lo) * triangle(k, c);
    else
        point.lr = lo * (1 - 0.99 * (double)(k - 2 * c) / (double)(s->iterations - 2 * c));
    /* fastai advances its counter before it computes the momentum, so that of iteration k belongs to k + 1. */
    const size_t ahead = k + 1;
    point.momentum = s->momentum_max;
    if (ahead <= 2 * c) point.momentum -= (s->momentum_max - s->momentum_min) * triangle(ahead, c);
    return point;
}

static struct cb_schedule_point step_at(const struct cb_schedule *s, size_t k)
{
    struct cb_schedule_point point = {s->lr, s->momentum};
    for (size_t i = 0; i < s->milestones.count && s->milestones.at[i] <= k; i++) point.lr *= s->gamma;
    return point;
}

static struct cb_schedule_point constant_at(const struct cb_schedule *s, size_t k)
{
    (void)k;
    return (struct cb_schedule_point){s->lr, s->momentum};
}

/* sin(t)^2 for 0 <= t <= pi/4, error below 1e-16: Taylor's series without libm, so that every machine gives the same
 * bits. */
static double sin_squared(double t)
{
    const double q = t * t;
    double sum = 1;
    for (int n = 16; n >= 2; n -= 2) sum = __builtin_fma(-q / (double)(n * (n + 1)), sum, 1.0);
    return q * sum * sum;
}

static struct cb_schedule_point cosine_at(const struct cb_schedule *s, size_t k)
{
    const double half_pi = 1.57079632679489661923;
    const double x = (double)k / (double)s->iterations;
    /* (1 + cos(pi x))/2 = cos(pi x / 2)^2, on the side where the argument of the sine is small */
    const double part = x <= 0.5 ? 1 - sin_squared(half_pi * x) : sin_squared(half_pi * (1 - x));
    return (struct cb_schedule_point){s->lr_end + (s->lr - s->lr_end) * part, s->momentum};
}

static struct cb_schedule_point range_test_at(const struct cb_schedule *s, size_t k)
{
    const double x = (double)k / (double)s->iterations;
    const double lr = s->linear ? s->lr_start + (s->lr_end - s->lr_start) * x
                                : s->lr_start * cb_exp(cb_log(s->lr_end / s->lr_start) * x);
    return (struct cb_schedule_point){lr, s->momentum};
}

/* Written so that NaN fails. */
static int rate_ok(double lr)
{
    return lr > 0 && isfinite(lr);
}
static int rate_or_zero_ok(double lr)
{
    return lr >= 0 && isfinite(lr);
}
static int momentum_ok(double momentum)
{
    return momentum >= 0 && momentum < 1;
}

static enum cb_status one_cycle_check(const struct cb_schedule *s, struct cb_error *err)
{
    if (!rate_ok(s->lr_max)) return cb_fail(err, CB_BAD_INPUT, "schedule.lr_max is %g, expected > 0", s->lr_max);
    if (!(s->div >= 1) || !isfinite(s->div))
        return cb_fail(err, CB_BAD_INPUT, "schedule.div is %g, expected >= 1", s->div);
    if (!(s->final_percent >= 0 && s->final_percent < 100))
        return cb_fail(err, CB_BAD_INPUT, "schedule.final_percent is %g, expected 0 <= x < 100", s->final_percent);
    if (!momentum_ok(s->momentum_max) || !momentum_ok(s->momentum_min))
        return cb_fail(err, CB_BAD_INPUT, "schedule.momentum_max, momentum_min are %g, %g, expected 0 <= x < 1",
                       s->momentum_max, s->momentum_min);
    if (s->momentum_min > s->momentum_max)
        return cb_fail(err, CB_BAD_INPUT, "schedule.momentum_min %g is above momentum_max %g", s->momentum_min,
                       s->momentum_max);
    if (one_cycle_rise(s) < 1)
        return cb_fail(
            err, CB_BAD_INPUT,
            "one_cycle: %zu iterations with final_percent %g leave none for the rising part; take more iterations",
            s->iterations, s->final_percent);
    return CB_OK;
}

static enum cb_status constant_check(const struct cb_schedule *s, struct cb_error *err)
{
    if (!momentum_ok(s->momentum))
        return cb_fail(err, CB_BAD_INPUT, "optimizer.momentum is %g, expected 0 <= x < 1", s->momentum);
    if (!rate_ok(s->lr)) return cb_fail(err, CB_BAD_INPUT, "schedule.lr is %g, expected > 0", s->lr);
    return CB_OK;
}

static enum cb_status step_check(const struct cb_schedule *s, struct cb_error *err)
{
    const struct cb_milestones *m = &s->milestones;
    if (!(s->gamma > 0 && s->gamma <= 1))
        return cb_fail(err, CB_BAD_INPUT, "schedule.gamma is %g, expected 0 < x <= 1", s->gamma);
    if (m->count > CB_MAX_MILESTONES)
        return cb_fail(err, CB_BAD_INPUT, "schedule.milestones: %zu of them, at most %d", m->count, CB_MAX_MILESTONES);
    for (size_t i = 1; i < m->count; i++)
        if (m->at[i] <= m->at[i - 1])
            return cb_fail(err, CB_BAD_INPUT,
                           "schedule.milestones: %zu does not come after %zu; expected ascending iterations", m->at[i],
                           m->at[i - 1]);
    return constant_check(s, err);
}

static enum cb_status cosine_check(const struct cb_schedule *s, struct cb_error *err)
{
    if (!rate_or_zero_ok(s->lr_end))
        return cb_fail(err, CB_BAD_INPUT, "schedule.lr_end is %g, expected >= 0", s->lr_end);
    return constant_check(s, err);
}

static enum cb_status range_test_check(const struct cb_schedule *s, struct cb_error *err)
{
    if (!momentum_ok(s->momentum))
        return cb_fail(err, CB_BAD_INPUT, "optimizer.momentum is %g, expected 0 <= x < 1", s->momentum);
    /* An exponential sweep has no zero. */
    if (!(s->linear ? rate_or_zero_ok(s->lr_start) : rate_ok(s->lr_start)) || !rate_ok(s->lr_end))
        return cb_fail(err, CB_BAD_INPUT, "schedule.lr_start, lr_end are %g, %g, expected > 0%s", s->lr_start,
                       s->lr_end, s->linear ? " (lr_start may be 0)" : "");
    return CB_OK;
}

static const struct kind {
    const char *name, *keys;
    struct cb_schedule_point (*at)(const struct cb_schedule *s, size_t k);
    enum cb_status (*check)(const struct cb_schedule *s, struct cb_error *err);
} kinds[CB_SCHEDULE_KINDS] = {
#define CB_SCHEDULE_KIND(id, name, keys) [id] = {#name, keys, name##_at, name##_check},
#include "schedule/schedule.inc"
};

struct cb_schedule_point cb_schedule_at(const struct cb_schedule *s, size_t iteration)
{
    return kinds[s->kind].at(s, iteration);
}

enum cb_status cb_schedule_check(const struct cb_schedule *s, struct cb_error *err)
{
    if (s->iterations < 1) return cb_fail(err, CB_BAD_INPUT, "schedule: 0 iterations, expected at least 1");
    return kinds[s->kind].check(s, err);
}

const char *cb_schedule_name(enum cb_schedule_kind kind)
{
    return kind < CB_SCHEDULE_KINDS ? kinds[kind].name : NULL;
}

int cb_schedule_uses(enum cb_schedule_kind kind, const char *key)
{
    const size_t len = strlen(key);
    for (const char *at = kinds[kind].keys; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == len && !memcmp(at, key, len)) return 1;
    return 0;
}
