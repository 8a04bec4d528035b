/* The finder without a training: smoothing, where a curve stops, which rates it suggests, finders' files and what they
 * make of a recipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "finders/curve.h"
#include "finders/finder.h"
#include "temp.h"

enum { POINTS = 60 };

static struct cb_curve_point points[POINTS];

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

static void test_average(void **state)
{
    (void)state;
    struct cb_average average = {0, 1};
    assert_true(near(cb_average_add(&average, 5), 5));
    assert_true(near(cb_average_add(&average, 1), (0.98 * 5 + 1) / 1.98));
    assert_true(near(cb_average_add(&average, 3), (0.98 * 0.98 * 5 + 0.98 + 3) / (0.98 * 0.98 + 1.98)));
    average = (struct cb_average){0, 1};
    for (int i = 0; i < 500; i++) assert_true(near(cb_average_add(&average, 2.5), 2.5));
}

/* --- where it stops ----------------------------------------------------------------------------------------------- */

/* A curve with n losses of 1. */
static struct cb_curve ones(size_t n)
{
    struct cb_curve curve;
    cb_curve_begin(&curve, points);
    for (size_t i = 0; i < n; i++) assert_int_equal(cb_curve_add(&curve, (double)(i + 1), 1, NAN), CB_CURVE_OPEN);
    return curve;
}

/* The loss after n ones that makes the smoothed loss `smoothed`. */
static double leads_to(double smoothed, size_t n)
{
    const double before = 1 - pow(0.98, (double)n), after = 1 - pow(0.98, (double)n + 1);
    return (smoothed * after - 0.98 * before) / 0.02;
}

static void test_stop(void **state)
{
    (void)state;
    struct cb_curve curve = ones(30);
    assert_int_equal(cb_curve_add(&curve, 31, leads_to(3.999, 30), NAN), CB_CURVE_OPEN);
    assert_true(fabs(points[30].smoothed - 3.999) < 1e-9 && isnan(curve.stopped_at_lr));
    curve = ones(30);
    assert_int_equal(cb_curve_add(&curve, 31, leads_to(4.001, 30), NAN), CB_CURVE_ABOVE_BEST);
    assert_true(curve.count == 30 && curve.stopped_at_lr == 31 && fabs(curve.stopped_smoothed - 4.001) < 1e-9);

    /* The best is known after the 12th batch, not after the 11th. */
    curve = ones(12);
    assert_int_equal(cb_curve_add(&curve, 13, leads_to(5, 12), NAN), CB_CURVE_ABOVE_BEST);
    curve = ones(11);
    assert_int_equal(cb_curve_add(&curve, 12, leads_to(5, 11), NAN), CB_CURVE_OPEN);
    assert_true(curve.count == 12 && fabs(curve.best - 5) < 1e-9);

    curve = ones(3);
    assert_int_equal(cb_curve_add(&curve, 4, NAN, NAN), CB_CURVE_NOT_FINITE);
    assert_true(curve.count == 3 && curve.stopped_at_lr == 4);
    curve = ones(3);
    assert_int_equal(cb_curve_add(&curve, 4, INFINITY, NAN), CB_CURVE_NOT_FINITE);
}

/* --- which rates -------------------------------------------------------------------------------------------------- */

/* A curve of n points at the rates 1, 2, ... whose smoothed losses fall from `first` to 2 at point `turn`, then rise by
 * `step` a point. */
static struct cb_curve curve_of(size_t n, double first, size_t turn, double step)
{
    struct cb_curve curve = {.points = points, .count = n, .stopped_at_lr = NAN, .stopped_smoothed = NAN};
    for (size_t i = 0; i < n; i++) {
        const double x = (double)i - (double)turn;
        points[i] = (struct cb_curve_point){.lr = (double)(i + 1), .validation = NAN, .validation_smoothed = NAN};
        points[i].smoothed = i < turn ? 2 - (first - 2) * x / (double)turn : 2 + step * x;
        points[i].loss = points[i].smoothed;
    }
    return curve;
}

static struct cb_suggestion suggestion(const struct cb_curve *curve, enum cb_curve_rule rule)
{
    struct cb_suggestion s;
    cb_curve_suggest(curve, rule, &s);
    assert_int_equal(s.verdict == CB_SUGGESTED, s.reason[0] == '\0');
    assert_int_equal(s.verdict == CB_SUGGESTED, !isnan(s.max));
    assert_int_equal(isnan(s.min), isnan(s.max));
    return s;
}

static void stopped(struct cb_curve *curve, double lr)
{
    curve->stop = CB_CURVE_ABOVE_BEST;
    curve->stopped_at_lr = lr;
}

static void test_take_off(void **state)
{
    (void)state;
    struct cb_curve curve = curve_of(60, 2.5, 40, 0.03); /* 2.09 at point 43, 2.12 at 44 */
    struct cb_suggestion s = suggestion(&curve, CB_RULE_TAKE_OFF);
    assert_true(s.lowest_lr == 41 && s.lowest_loss == 2 && s.take_off_lr == 45);
    assert_true(near(s.max, 4.5) && near(s.min, 0.45));

    points[50].smoothed = 2.05; /* what comes back has not taken off */
    s = suggestion(&curve, CB_RULE_TAKE_OFF);
    assert_true(s.lowest_lr == 41 && s.take_off_lr == 52);

    curve = curve_of(43, 2.5, 40, 0.03); /* it stops before it has risen by 5 % */
    stopped(&curve, 44);
    s = suggestion(&curve, CB_RULE_TAKE_OFF);
    assert_true(s.take_off_lr == 44 && near(s.max, 4.4));

    curve = curve_of(60, 2.5, 40, 0.03);
    points[5].smoothed = 1; /* before the 12th point */
    s = suggestion(&curve, CB_RULE_TAKE_OFF);
    assert_true(s.lowest_lr == 41);
}

static void test_no_suggestion(void **state)
{
    (void)state;
    struct cb_curve curve = curve_of(60, 2.5, 59, 0); /* falls to the end */
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_NO_END);
    assert_int_equal(suggestion(&curve, CB_RULE_LOWEST).verdict, CB_NO_END);
    curve = curve_of(60, 2, 40, 0); /* flat */
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_NO_DESCENT);
    curve = curve_of(60, 2.03, 40, 0.03); /* a fall of 1 % from the 12th point */
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_NO_DESCENT);
    curve = curve_of(60, 2, 0, 0.1); /* rises from the start */
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_NO_DESCENT);
    stopped(&curve, 61);
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_DIVERGED);
    curve = curve_of(11, 2.5, 10, 0);
    stopped(&curve, 12);
    struct cb_suggestion s = suggestion(&curve, CB_RULE_TAKE_OFF);
    assert_true(s.verdict == CB_DIVERGED && isnan(s.lowest_lr) && strstr(s.reason, "at rate 12"));
    curve = curve_of(0, 2, 0, 0);
    stopped(&curve, 1);
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_DIVERGED);
    curve = curve_of(60, 2.5, 40, 0.03); /* it begins high above an untrained network and falls back */
    points[0].smoothed = 2;
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_NO_DESCENT);
}

static void test_lowest(void **state)
{
    (void)state;
    struct cb_curve curve = curve_of(60, 2.5, 40, 0.001); /* does not take off */
    struct cb_suggestion s = suggestion(&curve, CB_RULE_LOWEST);
    assert_true(s.max == 41 && near(s.min, 4.1) && isnan(s.take_off_lr));
    assert_int_equal(suggestion(&curve, CB_RULE_TAKE_OFF).verdict, CB_NO_END);
    for (size_t i = 0; i < 60; i++) /* validation is lowest elsewhere */
        points[i].validation = points[i].validation_smoothed = 3 - 0.01 * (double)(i < 30 ? i : 60 - i);
    s = suggestion(&curve, CB_RULE_LOWEST);
    assert_true(s.max == 31 && near(s.lowest_loss, 2.7));
}

static void test_decay(void **state)
{
    (void)state;
    const double decays[] = {1e-3, 1e-2, 1e-4};
    const char *reason;
    struct cb_suggestion s[] = {{.max = 1.0}, {.max = 0.5}, {.max = 0.9}};
    assert_int_equal(cb_largest_decay(decays, s, 3, &reason), 1); /* just half */
    s[1].max = 0.49;
    assert_int_equal(cb_largest_decay(decays, s, 3, &reason), 0);
    s[2].max = 2.1;
    assert_int_equal(cb_largest_decay(decays, s, 3, &reason), 2);
    s[2].verdict = CB_DIVERGED;
    assert_int_equal(cb_largest_decay(decays, s, 3, &reason), 0);
    s[1].verdict = CB_NO_END;
    assert_int_equal(cb_largest_decay(decays, s, 3, &reason), 3);
    assert_non_null(strstr(reason, "--to"));
    s[0].verdict = s[1].verdict = CB_NO_DESCENT;
    assert_int_equal(cb_largest_decay(decays, s, 3, &reason), 3);
}

/* --- finders ------------------------------------------------------------------------------------------------------ */

static struct cb_finder finder_of(const char *name)
{
    struct cb_finder f;
    struct cb_error err;
    if (cb_finder_read(&f, name, &err) || cb_finder_settle(&f, &err)) fail_msg("%s: %s", name, err.text);
    return f;
}

static struct cb_recipe recipe_of(const struct cb_finder *f, size_t curve)
{
    struct cb_recipe r;
    struct cb_error err;
    if (cb_finder_recipe(&r, f, curve, NULL, 0, &err) || cb_recipe_resolve(&r, 50000, &err)) fail_msg("%s", err.text);
    assert_int_equal(r.schedule.kind, CB_RANGE_TEST);
    return r;
}

/* What the notebook called, and the rate at which it printed that it stopped. */
static void test_shipped(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double from, decay;
        size_t iterations, stopped_after;
        double stopped_at;
    } of_notebook[] = {{"F0", 1e-5, 1e-4, 98, 93, 43.9},
                       {"F1", 0.01, 1e-2, 100, 75, 10.0},
                       {"F2", 0.01, 1e-3, 100, 76, 11.0},
                       {"F3", 0.01, 1e-4, 100, 85, 25.1}};
    for (size_t i = 0; i < 4; i++) {
        const struct cb_finder f = finder_of(of_notebook[i].name);
        const struct cb_recipe r = recipe_of(&f, 0);
        const struct cb_schedule_point first = cb_schedule_at(&r.schedule, 0);
        const double stop = cb_schedule_at(&r.schedule, of_notebook[i].stopped_after).lr;
        assert_true(f.count == 1 && f.validate == (i > 0) && !f.linear && !strcmp(f.name, of_notebook[i].name));
        assert_true(r.schedule.iterations == of_notebook[i].iterations && r.data.batch == 512);
        assert_true(near(first.lr, of_notebook[i].from) && first.momentum == 0.9);
        assert_true(r.optimizer.weight_decay == of_notebook[i].decay && r.schedule.lr_end == 100);
        assert_true(fabs(stop - of_notebook[i].stopped_at) < 0.05);
    }
    const struct cb_finder decays = finder_of("weight-decays"), batches = finder_of("batch-sizes");
    assert_true(decays.count == 3 && batches.count == 4);
    for (size_t i = 0; i < 3; i++) {
        const struct cb_finder one = finder_of(of_notebook[i + 1].name);
        const struct cb_recipe a = recipe_of(&decays, i), b = recipe_of(&one, 0);
        assert_memory_equal(&a, &b, sizeof a);
    }
    for (size_t i = 0; i < 4; i++) assert_int_equal(recipe_of(&batches, i).data.batch, 128 << i);
}

static void test_of_a_recipe(void **state)
{
    (void)state;
    struct cb_finder f = finder_of("step-64k");
    struct cb_recipe r = recipe_of(&f, 0);
    assert_true(f.count == 1 && !f.validate && !strcmp(f.value[0], "step-64k"));
    assert_true(r.schedule.iterations == 391 && near(cb_schedule_at(&r.schedule, 0).lr, 1e-5));
    assert_true(r.schedule.lr_end == 10 && cb_schedule_at(&r.schedule, 0).momentum == 0.9);
    struct cb_error err;
    assert_int_equal(cb_finder_read(&f, "train/recipes/step-64k.ini", &err), CB_OK);
    assert_int_equal(cb_finder_set(&f, "linear", "true", "--linear", &err), CB_OK);
    assert_int_equal(cb_finder_settle(&f, &err), CB_OK);
    r = recipe_of(&f, 0);
    assert_true(f.from == 0 && cb_schedule_at(&r.schedule, 0).lr == 0 && r.schedule.linear);
}

static void test_wrong_files(void **state)
{
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"[finder]\nto = 1\n", "recipe is missing"},
        {"[finder]\nrecipe = smoke\nform = 1\n", "x.ini:3: unknown key form"},
        {"[finder]\nrecipe = smoke\nto = 1\nto = 2\n", "x.ini:4: to is given twice, first in line 3"},
        {"[finder]\nrecipe = smoke\n[data]\nbatch = 2\n", "x.ini:4: key batch in section [data]"},
        {"[finder]\nrecipe = smoke\nto = high\n", "x.ini:3: to: expected a learning rate"},
        {"[finder]\nrecipe = smoke\niterations = 19\n", "x.ini:3: iterations: expected a whole number from 20"},
        {"[finder]\nrecipe = smoke\nlinear = yes\n", "x.ini:3: linear: expected true or false"},
        {"[finder]\nrecipe = smoke\nlinear\n", "x.ini:3: expected `key = value`"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *path = in_folder(state, "x.ini");
        struct cb_finder f;
        struct cb_error err = {""};
        assert_int_equal(put_file(path, wrong[i].text, strlen(wrong[i].text)), 0);
        if (cb_finder_read(&f, path, &err) != CB_BAD_INPUT || !strstr(err.text, wrong[i].said))
            fail_msg("\"%s\": \"%s\", expected \"%s\"", wrong[i].text, err.text, wrong[i].said);
    }
    struct cb_finder f;
    struct cb_error err;
    assert_int_equal(cb_finder_read(&f, "F9", &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "no finder or recipe \"F9\""));
}

static void test_wrong_settings(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *said;
    } wrong[] = {{"from", "0", "--from: expected a rate above 0"},
                 {"from", "11", "--to: expected a rate above --from = 11, got 10"},
                 {"vary", "data.batch", "expected section.key=a,b,c"},
                 {"vary", "data.batch=1,,2", "a value is empty"},
                 {"vary", "data.batch=1,2,1", "the value 1 is given twice"},
                 {"vary", "data.batch=1,2,3,4,5,6,7,8,9", "more than 8 values"},
                 {"vary", "schedule.lr=1,2", "the finder itself sets the schedule"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct cb_finder f;
        struct cb_error err = {""};
        assert_int_equal(cb_finder_read(&f, "smoke", &err), CB_OK);
        assert_int_equal(cb_finder_set(&f, wrong[i].key, wrong[i].value, "--x", &err), CB_OK);
        if (cb_finder_settle(&f, &err) != CB_BAD_INPUT || !strstr(err.text, wrong[i].said))
            fail_msg("%s %s: \"%s\", expected \"%s\"", wrong[i].key, wrong[i].value, err.text, wrong[i].said);
    }
    struct cb_finder f = finder_of("smoke");
    struct cb_recipe r;
    struct cb_error err;
    const char *const settings[] = {"schedule.epochs=3"};
    assert_int_equal(cb_finder_recipe(&r, &f, 0, settings, 1, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "--iterations"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_take_off),
        cmocka_unit_test(test_no_suggestion),
        cmocka_unit_test(test_lowest),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_of_a_recipe),
        cmocka_unit_test_setup_teardown(test_wrong_files, make_temp_folder, remove_temp_folder),
        cmocka_unit_test(test_wrong_settings),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("finder", tests, NULL, NULL);
}
