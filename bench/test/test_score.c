/* The arithmetic of a projection, what counts as disturbed, and the epochs that records tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "fingerprints.h"
#include "grid.h"
#include "projection.h"
#include "records.h"
#include "sentence.h"

#define RUNS "reports/results/runs"

static bool near(double got, double expected)
{
    return fabs(got - expected) <= 1e-9 * fabs(expected);
}

/* --- times --- */

static struct cb_visit visit_of(double first, double second, double third, double evaluation_s, double lost_share)
{
    return (struct cb_visit){
        .step_s = {first, second, third}, .steps = 3, .evaluation_s = evaluation_s, .lost_share = lost_share};
}

static void test_disturbed_visits_are_left_out(void **state)
{
    (void)state;
    const struct cb_visit quiet = visit_of(0.20, 0.22, 0.21, 2e-4, 0), slower = visit_of(0.23, 0.24, 0.29, 3e-4, 0.01),
                          disturbed = visit_of(0.9, 0.8, 0.7, 9e-4, 0.011);
    const struct cb_visit *const visits[] = {&quiet, &disturbed, &slower};
    assert_int_equal(cb_quiet_visits(visits, 3), 2);
    const struct cb_timing t = cb_score_timing(visits, 3);
    assert_false(t.disturbed);
    assert_int_equal(t.visits, 3);
    assert_int_equal(t.left_out, 1);
    assert_true(near(t.step.typical, (0.22 + 0.23) / 2));
    assert_true(near(t.step.low, 0.21) && near(t.step.high, 0.24)); /* the medians of the visits */
    assert_true(near(t.evaluation.typical, 2.5e-4) && near(t.evaluation.low, 2e-4) && near(t.evaluation.high, 3e-4));
}

static void test_too_few_quiet_visits(void **state)
{
    (void)state;
    const struct cb_visit quiet = visit_of(0.20, 0.22, 0.21, 2e-4, 0), one = visit_of(0.9, 0.8, 0.7, 9e-4, 0.5),
                          other = visit_of(0.5, 0.6, 0.4, 4e-4, 0.2);
    const struct cb_visit *const visits[] = {&quiet, &one, &other};
    const struct cb_timing t = cb_score_timing(visits, 3);
    assert_true(t.disturbed);
    assert_int_equal(t.left_out, 0);
    assert_true(near(t.step.typical, 0.5));
    assert_true(near(t.step.low, 0.20) && near(t.step.high, 0.9)); /* wide: single steps */
    assert_true(near(t.evaluation.low, 2e-4) && near(t.evaluation.high, 9e-4));
}

static void test_projection(void **state)
{
    (void)state;
    const struct cb_work work = {.steps_per_epoch = 100, .evaluation_images = 10000, .eval_every = 1};
    assert_true(near(cb_training_s(&work, 70, 0.25, 2e-4), 70 * (100 * 0.25 + 2)));
    const struct cb_work seldom = {.steps_per_epoch = 100, .evaluation_images = 10000, .eval_every = 5};
    assert_true(near(cb_training_s(&seldom, 70, 0.25, 2e-4), 70 * 100 * 0.25 + 14 * 2));
    assert_true(near(cb_training_s(&work, 1.5, 0.25, 2e-4), 1.5 * 100 * 0.25 + 2 * 2)); /* ends within an epoch */

    const struct cb_timing t = {.step = {0.25, 0.24, 0.27}, .evaluation = {2e-4, 1e-4, 4e-4}};
    const double seeds[] = {70, 64};
    const struct cb_spread s = cb_project(&work, &t, seeds, 2);
    assert_true(near(s.typical, 67 * (25 + 2)));
    assert_true(near(s.low, 64 * (24 + 1)) && near(s.high, 70 * (27 + 4)));
    const struct cb_spread one = cb_project(&work, &t, seeds, 1);
    assert_true(near(one.typical, 70 * 27) && near(one.low, 70 * 25) && near(one.high, 70 * 31));
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* From the median speed of a run's own epochs the projection is what the run took, within 1 %. */
static void test_projection_of_a_real_run(void **state)
{
    (void)state;
    struct cb_report_run run;
    struct cb_report_error problem;
    if (!cb_report_run_read(&run, RUNS "/1cycle-70-bf16-all-s1-zen5", 0, &problem)) fail_msg("%s", problem.text);
    const size_t n = run.epoch_count - 1;
    double step_s[128], evaluation_s[128];
    assert_true(n > 1 && n <= 128);
    for (size_t i = 0; i < n; i++) {
        const struct cb_report_epoch *e = &run.epochs[i + 1];
        step_s[i] = 512 / e->images_per_second;
        evaluation_s[i] = (e->seconds_total - run.epochs[i].seconds_total - 50000 / e->images_per_second) / 10000;
    }
    qsort(step_s, n, sizeof *step_s, by_value);
    qsort(evaluation_s, n, sizeof *evaluation_s, by_value);
    const struct cb_work work = {.steps_per_epoch = 50000.0 / 512, .evaluation_images = 10000, .eval_every = 1};
    const double projected = cb_training_s(&work, 70, step_s[n / 2], evaluation_s[n / 2]);
    assert_true(fabs(projected / run.epochs[n].seconds_total - 1) < 0.01);
    cb_report_run_free(&run);
}

/* --- records --- */

static struct cb_recipe recipe_of(const char *name, const char *numerics)
{
    struct cb_recipe recipe;
    struct cb_error err;
    const char *const overrides[] = {numerics};
    if (cb_recipe_read(&recipe, name, overrides, 1, &err)) fail_msg("%s", err.text);
    return recipe;
}

static enum cb_status epochs_of(struct cb_score_epochs *epochs, const struct cb_score_records *records,
                                const char *name, const char *numerics, double target, struct cb_error *err)
{
    char training[CB_SHA256_HEX];
    const struct cb_recipe recipe = recipe_of(name, numerics);
    assert_int_equal(cb_score_training(&recipe, training, err), CB_OK);
    return cb_score_epochs_of(epochs, records, training, recipe.network.numerics, target,
                              (50000 + recipe.data.batch - 1) / recipe.data.batch, err);
}

static void test_what_makes_it_another_training(void **state)
{
    (void)state;
    static const char *const same[] = {"run.seed=7",
                                       "run.target=70",
                                       "run.eval_every=2",
                                       "run.checkpoint_every=9",
                                       "run.log_iterations=true",
                                       "numerics.version=bf16-all"};
    static const char *const other[] = {"schedule.epochs=71", "data.batch=256", "optimizer.weight_decay=0.001"};
    char plain[CB_SHA256_HEX], changed[CB_SHA256_HEX];
    const struct cb_recipe recipe = recipe_of("1cycle-70", "run.seed=1");
    assert_int_equal(cb_score_training(&recipe, plain, NULL), CB_OK);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const struct cb_recipe like = recipe_of("1cycle-70", same[i]);
        assert_int_equal(cb_score_training(&like, changed, NULL), CB_OK);
        assert_string_equal(plain, changed);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const struct cb_recipe unlike = recipe_of("1cycle-70", other[i]);
        assert_int_equal(cb_score_training(&unlike, changed, NULL), CB_OK);
        assert_string_not_equal(plain, changed);
    }
}

static void test_shipped_records(void **state)
{
    (void)state;
    struct cb_score_records records;
    struct cb_score_epochs epochs;
    struct cb_error err;
    unsetenv("CYCLEBENCH_RUNS");
    if (cb_score_records_read(&records, &err)) fail_msg("%s", err.text);
    assert_true(records.n >= 5);
    assert_int_equal(epochs_of(&epochs, &records, "1cycle-70", "numerics.version=bf16-all", 93, &err), CB_OK);
    assert_int_equal(epochs.from, CB_BF16_ALL);
    assert_true(epochs.n >= 1 && epochs.reached >= 1); /* three machines, one seed */
    assert_int_equal(epochs.seed[0].seed, 1);
    assert_int_equal(epochs.seed[0].epoch, 70);
    assert_true(epochs.seed[0].epochs == 70);
    for (size_t i = 1; i < epochs.n; i++) assert_true(epochs.seed[i].seed > epochs.seed[i - 1].seed);
    assert_int_equal(epochs_of(&epochs, &records, "1cycle-70", "numerics.version=fp32-winograd", 93, &err), CB_OK);
    assert_int_equal(epochs.from, CB_FP32_WINOGRAD);
    assert_int_equal(epochs_of(&epochs, &records, "step-64k-b", "numerics.version=bf16-all", 93, &err), CB_OK);
    assert_int_equal(epochs.seed[0].epoch, 86);
    assert_int_equal(epochs_of(&epochs, &records, "1cycle-70", "numerics.version=bf16-all", 99.9, &err), CB_OK);
    assert_true(epochs.n >= 1 && epochs.reached == 0);
    assert_int_equal(epochs_of(&epochs, &records, "1cycle-70", "schedule.epochs=71", 93, &err), CB_OK);
    assert_int_equal(epochs.n, 0);
    cb_score_records_free(&records);
}

static char folder[] = "/tmp/cyclebench-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    return mkdtemp(folder) && !setenv("CYCLEBENCH_RUNS", folder, 1) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[PATH_MAX];
    unsetenv("CYCLEBENCH_RUNS");
    unsetenv("CYCLEBENCH_FINGERPRINTS");
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* A copy of a shipped run in which a sed script has changed something. */
static void plant(const char *name, const char *script)
{
    char command[PATH_MAX];
    snprintf(command, sizeof command,
             "mkdir -p '%s/%s' && sed -E '%s' " RUNS "/1cycle-70-fp32-winograd-s1-zen4/run.jsonl > '%s/%s/run.jsonl'",
             folder, name, script, folder, name);
    assert_int_equal(system(command), 0);
}

#define SEED(n) "1s/seed = 1/seed = " #n "/"
#define EARLIER "/\"epoch\":68,/s/(\"test_accuracy_percent\":)[0-9.]+/\\193.00/"
#define NEVER "s/(\"test_accuracy_percent\":)9[0-9.]+/\\189.00/"

static void test_seeds(void **state)
{
    (void)state;
    struct cb_score_records records;
    struct cb_score_epochs epochs;
    struct cb_error err;
    plant("c", SEED(3) ";" EARLIER);
    plant("a", "");
    plant("a-elsewhere", "");
    plant("a-killed", "60,$d"); /* tells nothing: it did not come so far */
    plant("b", SEED(12) ";" NEVER);
    plant("d-killed", SEED(4) ";60,$d");
    plant("e-synthetic", SEED(5) ";1s/\\{/{\"data_kind\":\"synthetic\",/");
    plant("f-fewer-images", SEED(6) ";/\"epoch\":1,/s/\"iteration\":98,/\"iteration\":97,/");
    plant("g-from-weights", SEED(7) ";1s/\\{/{\"init_weights\":{},/");
    if (cb_score_records_read(&records, &err)) fail_msg("%s", err.text);
    const enum cb_status status = epochs_of(&epochs, &records, "1cycle-70", "numerics.version=fp32-winograd", 93, &err);
    if (status) fail_msg("%s", err.text);
    assert_int_equal(epochs.n, 3);
    assert_int_equal(epochs.reached, 2);
    static const struct cb_score_seed expected[] = {{.seed = 1, .run = "a", .reached = true, .epoch = 70, .epochs = 70},
                                                    {.seed = 3, .run = "c", .reached = true, .epoch = 68, .epochs = 68},
                                                    {.seed = 12, .run = "b"}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(epochs.seed[i].seed, expected[i].seed);
        assert_string_equal(epochs.seed[i].run, expected[i].run);
        assert_int_equal(epochs.seed[i].reached, expected[i].reached);
        assert_int_equal(epochs.seed[i].epoch, expected[i].epoch);
        assert_true(epochs.seed[i].epochs == expected[i].epochs);
    }
    /* No run in bf16-all: those of the other version stand in. */
    assert_int_equal(epochs_of(&epochs, &records, "1cycle-70", "numerics.version=bf16-all", 93, &err), CB_OK);
    assert_int_equal(epochs.from, CB_FP32_WINOGRAD);
    assert_int_equal(epochs.n, 3);
    cb_score_records_free(&records);
}

static void test_records_that_disagree(void **state)
{
    (void)state;
    struct cb_score_records records;
    struct cb_score_epochs epochs;
    struct cb_error err;
    plant("one", "");
    plant("two", EARLIER);
    if (cb_score_records_read(&records, &err)) fail_msg("%s", err.text);
    assert_int_equal(epochs_of(&epochs, &records, "1cycle-70", "numerics.version=fp32-winograd", 93, &err),
                     CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "the runs one and two are the same training"));
    cb_score_records_free(&records);
}

static void test_broken_records(void **state)
{
    (void)state;
    struct cb_score_records records;
    struct cb_error err;
    assert_int_equal(cb_score_records_read(&records, &err), CB_BAD_INPUT); /* an empty folder */
    assert_non_null(strstr(err.text, "CYCLEBENCH_RUNS is"));
    plant("broken", "5s/:/;/");
    assert_int_equal(cb_score_records_read(&records, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "broken/run.jsonl:5: not a JSON object"));
    cb_score_records_free(&records);
    plant("broken", "1s/seed = 1/seed = one/");
    assert_int_equal(cb_score_records_read(&records, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "seed"));
    cb_score_records_free(&records);
}

/* --- fingerprints --- */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static enum cb_status read_fingerprints(struct cb_score_fingerprints *f, const char *text, struct cb_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/fingerprints.txt", folder);
    assert_int_equal(cb_save_text(path, text, err), CB_OK);
    setenv("CYCLEBENCH_FINGERPRINTS", path, 1);
    return cb_fingerprints_read(f, err);
}

static void test_fingerprints(void **state)
{
    (void)state;
    static struct cb_score_fingerprints f;
    struct cb_error err;
    static const char good[] = "# a comment\n\nsmoke bf16-all 12 " HEX "\nsmoke fp32-direct 2 " HEX;
    assert_int_equal(read_fingerprints(&f, good, &err), CB_OK);
    assert_int_equal(f.n, 2);
    assert_null(cb_fingerprints_find(&f, "smoke", CB_FP32_WINOGRAD));
    assert_null(cb_fingerprints_find(&f, "smok", CB_BF16_ALL));
    assert_int_equal(cb_fingerprints_find(&f, "smoke", CB_BF16_ALL)->iterations, 12);
    static const char *const bad[] = {"smoke\n",
                                      "smoke bf16 12 " HEX "\n",
                                      "smoke bf16-all 1 " HEX "\n",
                                      "smoke bf16-all 18 " HEX "\n",
                                      "smoke bf16-all -3 " HEX "\n",
                                      "smoke bf16-all 12 " HEX "0\n",
                                      "smoke bf16-all 12 " HEX " more\n",
                                      "smoke bf16-all 12 X123\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        snprintf(text, sizeof text, "# one\n%s", bad[i]);
        assert_int_equal(read_fingerprints(&f, text, &err), CB_BAD_INPUT);
        assert_non_null(strstr(err.text, "fingerprints.txt:2: expected"));
    }
    assert_int_equal(read_fingerprints(&f, "a bf16-all 3 " HEX "\na bf16-all 3 " HEX "\n", &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, ":2: the second line of a bf16-all"));
    setenv("CYCLEBENCH_FINGERPRINTS", "/nowhere/at/all", 1);
    assert_int_equal(cb_fingerprints_read(&f, &err), CB_BAD_INPUT);
}

static void test_shipped_fingerprints(void **state)
{
    (void)state;
    static const char *const headline[] = {"1cycle-70", "step-64k-b", "step-16k-b512"};
    static struct cb_score_fingerprints f;
    struct cb_error err;
    if (cb_fingerprints_read(&f, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(cb_fingerprints_find(&f, headline[i], CB_FP32_WINOGRAD));
        assert_non_null(cb_fingerprints_find(&f, headline[i], CB_BF16_ALL));
    }
}

/* --- texts --- */

static void test_time_text(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        int decimals;
        const char *text;
    } cases[] = {{46.7, 0, "47 s"},       {99.94, 1, "99.9 s"},    {1736, 0, "29 min"},     {1736, 1, "28.9 min"},
                 {6000, 0, "1 h 40 min"}, {7199, 1, "2 h 00 min"}, {27270, 0, "7 h 35 min"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        cb_score_time_text(text, sizeof text, cases[i].seconds, cases[i].decimals);
        assert_string_equal(text, cases[i].text);
    }
}

static json_t *projection(const char *recipe, const char *schedule, const char *numerics, double seconds)
{
    return json_pack("{s:s, s:s, s:s, s:f, s:[{s:i}, {s:i}]}", "recipe", recipe, "schedule", schedule, "numerics",
                     numerics, "seconds_to_target", seconds, "epochs_to_target", "seed", 1, "seed", 2);
}

static void test_summary(void **state)
{
    (void)state;
    json_t *score = json_pack("{s:f, s:s, s:[o, o, o, o]}", "target_percent", 93.0, "fastest_numerics", "bf16-all",
                              "projections", projection("1cycle-70", "one_cycle", "fp32-winograd", 1.0),
                              projection("1cycle-70", "one_cycle", "bf16-all", 1736.0),
                              projection("1cycle-95", "one_cycle", "bf16-all", 2000.0),
                              projection("step-64k-b", "step", "bf16-all", 2439.0));
    assert_non_null(score);
    cb_score_put_summary(score);
    assert_string_equal(
        json_string_value(json_object_get(score, "summary")),
        "On this machine 1cycle (1cycle-70) would reach 93 % in about 29 min, the step schedule (step-64k-b) in about "
        "41 "
        "min: 1.40 times as fast (projection with bf16-all, from the epochs of 1cycle-70 seed 1, 2 and step-64k-b seed "
        "1, 2).");
    json_object_set_new(json_array_get(json_object_get(score, "projections"), 1), "seeds_not_reached",
                        json_pack("[{s:i}, {s:i}]", "seed", 3, "seed", 4));
    cb_score_put_summary(score);
    assert_non_null(strstr(json_string_value(json_object_get(score, "summary")),
                           "1cycle-70 seed 1, 2 (not 3, 4, which missed it) and step-64k-b seed 1, 2)."));
    json_array_remove(json_object_get(score, "projections"), 3);
    json_object_set_new(score, "disturbed", json_true());
    cb_score_put_summary(score);
    assert_non_null(strstr(json_string_value(json_object_get(score, "summary")),
                           "On this machine 1cycle-70 would reach 93 % in about 29 min, 1cycle-95 in about 33 min: "));
    assert_non_null(strstr(json_string_value(json_object_get(score, "summary")), "; other programs disturbed"));
    json_array_clear(json_object_get(score, "projections"));
    cb_score_put_summary(score);
    assert_true(json_is_null(json_object_get(score, "summary")));
    json_decref(score);
}

static void test_grid(void **state)
{
    (void)state;
    static struct cb_grid grid;
    char text[256] = "";
    cb_grid_set(&grid, 0, 0, "a");
    cb_grid_set(&grid, 0, 1, "long");
    cb_grid_set(&grid, 1, 0, " b|   \033%d", 7);
    cb_grid_set(&grid, 1, 1, "\xc3\xa4");
    cb_grid_set(&grid, CB_GRID_ROWS, 0, "outside");
    FILE *out = fmemopen(text, sizeof text, "w");
    cb_grid_print(&grid, true, out);
    cb_grid_print(&grid, false, out);
    fclose(out);
    assert_string_equal(text,
                        "| a     | long |\n|-------|------|\n| b/ ?7 | \xc3\xa4    |\na      long\nb/ ?7  \xc3\xa4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disturbed_visits_are_left_out),
        cmocka_unit_test(test_too_few_quiet_visits),
        cmocka_unit_test(test_projection),
        cmocka_unit_test(test_projection_of_a_real_run),
        cmocka_unit_test(test_what_makes_it_another_training),
        cmocka_unit_test(test_shipped_records),
        cmocka_unit_test_setup_teardown(test_seeds, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_records_that_disagree, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_broken_records, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_fingerprints, make_folder, remove_folder),
        cmocka_unit_test(test_shipped_fingerprints),
        cmocka_unit_test(test_time_text),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_grid),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}
