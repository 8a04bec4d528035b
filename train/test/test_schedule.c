/* The schedules against closed forms, against a literal simulation of fastai 0.7, and against the values printed in the
 * sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "schedule/schedule.h"

enum { PER_EPOCH = 98 }; /* ceil(50000/512) */

/* The notebook's trainings and what the sources print of their schedules. */
static const struct training {
    const char *name;
    struct cb_schedule schedule;
    size_t c;
    double first_lr, last_lr, first_momentum; /* last_lr to 9 decimals, first_momentum to 6 */
} trainings[] = {
    {"E1",
     {.kind = CB_ONE_CYCLE,
      .iterations = 95 * PER_EPOCH,
      .lr_max = 0.8,
      .div = 10,
      .final_percent = 13.68,
      .momentum_max = 0.95,
      .momentum_min = 0.85},
     4018,
     0.08,
     0.000862166,
     0.949975},
    {"E2",
     {.kind = CB_ONE_CYCLE,
      .iterations = 95 * PER_EPOCH,
      .lr_max = 0.8,
      .div = 10,
      .final_percent = 50,
      .momentum_max = 0.95,
      .momentum_min = 0.85},
     2327,
     0.08,
     0.000817010,
     0.949957},
    {"E3a",
     {.kind = CB_ONE_CYCLE,
      .iterations = 50 * PER_EPOCH,
      .lr_max = 3,
      .div = 20,
      .final_percent = 10,
      .momentum_max = 0.95,
      .momentum_min = 0.85},
     2205,
     0.15,
     0.001803061,
     0.949955},
    {"E3b",
     {.kind = CB_ONE_CYCLE,
      .iterations = 70 * PER_EPOCH,
      .lr_max = 3,
      .div = 20,
      .final_percent = 10,
      .momentum_max = 0.95,
      .momentum_min = 0.85},
     3087,
     0.15,
     0.001716472,
     0.949968},
    {"E4a",
     {.kind = CB_ONE_CYCLE,
      .iterations = 95 * PER_EPOCH,
      .lr_max = 0.8,
      .div = 10,
      .final_percent = 13.68,
      .momentum_max = 0.9,
      .momentum_min = 0.9},
     4018,
     0.08,
     0.000862166,
     0.9},
    {"E4b",
     {.kind = CB_ONE_CYCLE,
      .iterations = 50 * PER_EPOCH,
      .lr_max = 3,
      .div = 20,
      .final_percent = 10,
      .momentum_max = 0.9,
      .momentum_min = 0.9},
     2205,
     0.15,
     0.001803061,
     0.9},
};
enum { TRAININGS = sizeof trainings / sizeof *trainings };

/* cmocka prints floats, so a failure would hide what matters. */
static void assert_near(double got, double expected, double tolerance, const char *what, size_t k)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%s at iteration %zu: got %.17g, expected %.17g +- %g", what, k, got, expected, tolerance);
}

static void test_closed_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAININGS; i++) {
        const struct training *t = &trainings[i];
        const struct cb_schedule *s = &t->schedule;
        const double T = (double)s->iterations, c = (double)t->c, lo = s->lr_max / s->div;
        const double M = s->momentum_max, m = s->momentum_min;
        for (size_t n = 0; n < s->iterations; n++) {
            const double k = (double)n, j = k + 1;
            const double lr = k <= c       ? lo + (s->lr_max - lo) * k / c
                              : k <= 2 * c ? s->lr_max - (s->lr_max - lo) * (k - c) / c
                                           : lo * (1 - 0.99 * (k - 2 * c) / (T - 2 * c));
            const double momentum = j <= c ? M - (M - m) * j / c : j <= 2 * c ? m + (M - m) * (j - c) / c : M;
            const struct cb_schedule_point point = cb_schedule_at(s, n);
            assert_near(point.lr, lr, 1e-12, t->name, n);
            assert_near(point.momentum, momentum, 1e-12, t->name, n);
        }
    }
}

/* fastai 0.7, sgdr.py: CircularLR_beta and LR_Updater, statement by statement. */
struct fastai {
    double init_lr, div, pct, moms[2];
    long nb, cycle_nb, cycle_iter;
    double lr, mom; /* what the optimiser holds */
};

static double fastai_calc_lr(struct fastai *f)
{
    double pct, res;
    if (f->cycle_iter > 2 * f->cycle_nb) {
        pct = (double)(f->cycle_iter - 2 * f->cycle_nb) / (double)(f->nb - 2 * f->cycle_nb);
        res = f->init_lr * (1 + (pct * (1 - 100.0) / 100)) / f->div;
    } else if (f->cycle_iter > f->cycle_nb) {
        pct = 1 - (double)(f->cycle_iter - f->cycle_nb) / (double)f->cycle_nb;
        res = f->init_lr * (1 + pct * (f->div - 1)) / f->div;
    } else {
        pct = (double)f->cycle_iter / (double)f->cycle_nb;
        res = f->init_lr * (1 + pct * (f->div - 1)) / f->div;
    }
    f->cycle_iter += 1;
    if (f->cycle_iter == f->nb) f->cycle_iter = 0;
    return res;
}

static double fastai_calc_mom(const struct fastai *f)
{
    if (f->cycle_iter > 2 * f->cycle_nb) return f->moms[0];
    double pct;
    if (f->cycle_iter > f->cycle_nb)
        pct = 1 - (double)(f->cycle_iter - f->cycle_nb) / (double)f->cycle_nb;
    else
        pct = (double)f->cycle_iter / (double)f->cycle_nb;
    return f->moms[0] + pct * (f->moms[1] - f->moms[0]);
}

static void fastai_update(struct fastai *f)
{
    f->lr = fastai_calc_lr(f);
    f->mom = fastai_calc_mom(f);
}

static void test_fastai_event_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAININGS; i++) {
        const struct cb_schedule *s = &trainings[i].schedule;
        struct fastai f = {.init_lr = s->lr_max,
                           .div = s->div,
                           .pct = s->final_percent,
                           .moms = {s->momentum_max, s->momentum_min},
                           .nb = (long)s->iterations};
        f.cycle_nb = (long)((double)f.nb * (1 - f.pct / 100) / 2);
        assert_int_equal(f.cycle_nb, trainings[i].c);
        fastai_update(&f); /* on_train_begin */
        for (size_t k = 0; k < s->iterations; k++) {
            const struct cb_schedule_point point = cb_schedule_at(s, k); /* the batch trains with these */
            assert_near(point.lr, f.lr, 1e-12, trainings[i].name, k);
            assert_near(point.momentum, f.mom, 1e-12, trainings[i].name, k);
            fastai_update(&f); /* on_batch_end */
        }
    }
}

static void test_printed_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRAININGS; i++) {
        const struct training *t = &trainings[i];
        const size_t last = t->schedule.iterations - 1;
        assert_near(cb_schedule_at(&t->schedule, 0).lr, t->first_lr, 1e-15, t->name, 0);
        assert_near(cb_schedule_at(&t->schedule, 0).momentum, t->first_momentum, 0.5e-6, t->name, 0);
        assert_near(cb_schedule_at(&t->schedule, t->c).lr, t->schedule.lr_max, 1e-15, t->name, t->c);
        assert_near(cb_schedule_at(&t->schedule, t->c - 1).momentum, t->schedule.momentum_min, 1e-15, t->name,
                    t->c - 1);
        assert_near(cb_schedule_at(&t->schedule, 2 * t->c).lr, t->first_lr, 1e-15, t->name, 2 * t->c);
        assert_near(cb_schedule_at(&t->schedule, last).lr, t->last_lr, 0.5e-9, t->name, last);
        assert_near(cb_schedule_at(&t->schedule, last).momentum, t->schedule.momentum_max, 0, t->name, last);
    }
}

static void test_step(void **state)
{
    (void)state;
    const struct cb_schedule he = {.kind = CB_STEP,
                                   .iterations = 64000,
                                   .lr = 0.1,
                                   .momentum = 0.9,
                                   .gamma = 0.1,
                                   .milestones = {2, {32000, 48000}}};
    assert_int_equal(cb_schedule_check(&he, NULL), CB_OK);
    static const struct {
        size_t k;
        double lr;
    } expected[] = {{0, 0.1}, {31999, 0.1}, {32000, 0.01}, {47999, 0.01}, {48000, 0.001}, {63999, 0.001}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct cb_schedule_point point = cb_schedule_at(&he, expected[i].k);
        assert_near(point.lr, expected[i].lr, 1e-17, "step", expected[i].k);
        assert_near(point.momentum, 0.9, 0, "momentum", expected[i].k);
    }
}

static void test_constant_and_cosine(void **state)
{
    (void)state;
    const struct cb_schedule constant = {.kind = CB_CONSTANT, .iterations = 10, .lr = 0.3, .momentum = 0.8};
    const struct cb_schedule cosine = {
        .kind = CB_COSINE, .iterations = 1001, .lr = 0.1, .lr_end = 0.001, .momentum = 0.9};
    assert_int_equal(cb_schedule_check(&cosine, NULL), CB_OK);
    for (size_t k = 0; k < constant.iterations; k++)
        assert_near(cb_schedule_at(&constant, k).lr, 0.3, 0, "constant", k);
    assert_near(cb_schedule_at(&cosine, 0).lr, 0.1, 0, "cosine", 0);
    for (size_t k = 0; k < cosine.iterations; k++) {
        const double expected = 0.001 + 0.099 * (1 + cos(acos(-1) * (double)k / 1001)) / 2;
        assert_near(cb_schedule_at(&cosine, k).lr, expected, 1e-16, "cosine", k);
    }
}

static void test_range_test(void **state)
{
    (void)state;
    struct cb_schedule sweep = {
        .kind = CB_RANGE_TEST, .iterations = 98, .lr_start = 1e-5, .lr_end = 10, .momentum = 0.9};
    for (size_t k = 0; k < sweep.iterations; k++) {
        const double expected = 1e-5 * pow(1e6, (double)k / 98); /* fastai's lr_find */
        assert_near(cb_schedule_at(&sweep, k).lr, expected, 1e-13 * expected, "exponential", k);
    }
    sweep.linear = 1;
    sweep.lr_start = 0;
    assert_int_equal(cb_schedule_check(&sweep, NULL), CB_OK);
    for (size_t k = 0; k < sweep.iterations; k++)
        assert_near(cb_schedule_at(&sweep, k).lr, 10 * (double)k / 98, 1e-14, "linear", k);
}

static void assert_refused(struct cb_schedule schedule, const char *part)
{
    struct cb_error err = {""};
    if (cb_schedule_check(&schedule, &err) != CB_BAD_INPUT) fail_msg("accepted, expected a message about %s", part);
    if (!strstr(err.text, part)) fail_msg("\"%s\" does not name %s", err.text, part);
}

static void test_check(void **state)
{
    (void)state;
    const struct cb_schedule one_cycle = trainings[0].schedule;
    const struct cb_schedule step = {
        .kind = CB_STEP, .iterations = 100, .lr = 0.1, .momentum = 0.9, .gamma = 0.1, .milestones = {2, {10, 20}}};
    const struct cb_schedule sweep = {
        .kind = CB_RANGE_TEST, .iterations = 10, .lr_start = 1e-5, .lr_end = 10, .momentum = 0.9};
    for (size_t i = 0; i < TRAININGS; i++) assert_int_equal(cb_schedule_check(&trainings[i].schedule, NULL), CB_OK);

    /* Each row: a good schedule with one member spoiled. */
    const struct {
        const struct cb_schedule *good;
        size_t offset;
        double value;
        const char *part;
    } spoiled[] = {
        {&one_cycle, offsetof(struct cb_schedule, lr_max), 0, "lr_max"},
        {&one_cycle, offsetof(struct cb_schedule, lr_max), NAN, "lr_max"},
        {&one_cycle, offsetof(struct cb_schedule, lr_max), INFINITY, "lr_max"},
        {&one_cycle, offsetof(struct cb_schedule, div), 0.5, "div"},
        {&one_cycle, offsetof(struct cb_schedule, final_percent), 100, "final_percent"},
        {&one_cycle, offsetof(struct cb_schedule, final_percent), 99.99, "rising"},
        {&one_cycle, offsetof(struct cb_schedule, momentum_max), 1, "momentum_max"},
        {&one_cycle, offsetof(struct cb_schedule, momentum_min), 0.96, "momentum_min"},
        {&step, offsetof(struct cb_schedule, lr), -0.1, "lr"},
        {&step, offsetof(struct cb_schedule, gamma), 0, "gamma"},
        {&step, offsetof(struct cb_schedule, gamma), 1.5, "gamma"},
        {&step, offsetof(struct cb_schedule, momentum), NAN, "momentum"},
        {&sweep, offsetof(struct cb_schedule, lr_start), 0, "lr_start"},
        {&sweep, offsetof(struct cb_schedule, lr_end), 0, "lr_end"},
    };
    for (size_t i = 0; i < sizeof spoiled / sizeof *spoiled; i++) {
        struct cb_schedule schedule = *spoiled[i].good;
        memcpy((char *)&schedule + spoiled[i].offset, &spoiled[i].value, sizeof spoiled[i].value);
        assert_refused(schedule, spoiled[i].part);
    }
    struct cb_schedule descending = step, empty = step;
    descending.milestones.at[1] = 10;
    empty.iterations = 0;
    assert_refused(descending, "milestones");
    assert_refused(empty, "iterations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_form),
        cmocka_unit_test(test_fastai_event_order),
        cmocka_unit_test(test_printed_values),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_constant_and_cosine),
        cmocka_unit_test(test_range_test),
        cmocka_unit_test(test_check),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
