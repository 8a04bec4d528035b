/* What a terminal is told of a run: the line at every width, and the time that is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "loop/epoch_line.h"
#include "loop/progress.h"
#include "loop/status_line.h"
#include "loop/timing.h"

static const struct cb_status_line training = {.epoch = 12,
                                               .epochs = 70,
                                               .loss = 0.42314,
                                               .rate = 0.12345,
                                               .images_per_second = 1320.4,
                                               .seconds_left = 27240,
                                               .best_percent = 91.234};

static const char *line(const struct cb_status_line *status, size_t columns)
{
    static char text[CB_STATUS_LINE_BYTES];
    cb_status_line_text(text, status, columns, false);
    return text;
}

static void the_whole_line(void **state)
{
    (void)state;
    assert_string_equal(line(&training, 200),
                        "epoch 12 of 70  loss 0.4231  rate 0.1235  1320 images/s  7 h 34 min left  best 91.23 %");
    struct cb_status_line evaluating = training;
    evaluating.evaluating = true;
    assert_string_equal(
        line(&evaluating, 200),
        "epoch 12 of 70  evaluating  loss 0.4231  rate 0.1235  1320 images/s  7 h 34 min left  best 91.23 %");
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    const struct cb_status_line first = {
        .epoch = 1, .epochs = 70, .loss = NAN, .rate = NAN, .best_percent = -1, .evaluating = true};
    assert_string_equal(line(&first, 200), "epoch 1 of 70  evaluating");
}

static void narrow_lines_drop_the_least_important(void **state)
{
    (void)state;
    struct cb_status_line status = training;
    /* Each just too narrow for the line before. */
    assert_string_equal(line(&status, 85), "epoch 12 of 70  loss 0.4231  1320 images/s  7 h 34 min left  best 91.23 %");
    assert_string_equal(line(&status, 72), "epoch 12 of 70  loss 0.4231  7 h 34 min left  best 91.23 %");
    assert_string_equal(line(&status, 57), "epoch 12 of 70  loss 0.4231  7 h 34 min left");
    assert_string_equal(line(&status, 43), "epoch 12 of 70  7 h 34 min left");
    assert_string_equal(line(&status, 30), "epoch 12 of 70");
    assert_string_equal(line(&status, 8), "epoch 12");
    status.evaluating = true;
    assert_string_equal(line(&status, 27), "epoch 12 of 70  evaluating");
    assert_string_equal(line(&status, 20), "evaluating");
}

static const struct cb_record_epoch finished = {.epoch = 7,
                                                .train_loss = 1.25,
                                                .train_accuracy_percent = 50.5,
                                                .evaluated = 1,
                                                .eval_loss = 2.5,
                                                .eval_accuracy_percent = 8.75,
                                                .seconds = 12.34,
                                                .images_per_second = 1320.4};

static const char *epoch_line(const char *mark, int evaluated, size_t columns)
{
    static char text[CB_EPOCH_LINE_BYTES];
    struct cb_record_epoch epoch = finished;
    epoch.evaluated = evaluated;
    cb_epoch_line_text(text, &(struct cb_epoch_line){.epoch = &epoch, .evaluated_on = "test", .mark = mark}, columns);
    return text;
}

static void a_narrow_terminal_gets_shorter_lines_of_epochs(void **state)
{
    (void)state;
    const char *const whole = "epoch   7  train loss 1.2500  accuracy  50.50 %  test loss 2.5000  accuracy   8.75 %    "
                              "12.3 s   1320 images/s";
    assert_string_equal(epoch_line("", 1, 0), whole);
    assert_string_equal(epoch_line("", 1, strlen(whole)), whole);
    assert_string_equal(
        epoch_line("", 1, strlen(whole) - 1),
        "epoch   7  train loss 1.2500  accuracy  50.50 %  test loss 2.5000  accuracy   8.75 %    12.3 s");
    assert_string_equal(epoch_line("", 1, 79),
                        "epoch   7  train loss 1.2500  test loss 2.5000  accuracy   8.75 %    12.3 s");
    assert_string_equal(epoch_line("", 1, 70), "epoch   7  train loss 1.2500  test loss 2.5000  accuracy   8.75 %");
    assert_string_equal(epoch_line("", 1, 60), "epoch   7  test loss 2.5000  accuracy   8.75 %");
    assert_string_equal(epoch_line("", 1, 40), "epoch   7  test accuracy   8.75 %");
    assert_string_equal(epoch_line(" (synthetic data)", 1, 10), "epoch   7  test accuracy   8.75 % (synthetic data)");
    assert_string_equal(epoch_line("", 0, 0),
                        "epoch   7  train loss 1.2500  accuracy  50.50 %    12.3 s   1320 images/s");
    assert_string_equal(epoch_line("", 0, 10), "epoch   7  train loss 1.2500");
}

static void and_a_shorter_line_of_the_target(void **state)
{
    (void)state;
    const struct cb_epoch_line line = {.epoch = &finished, .evaluated_on = "holdout", .mark = " (synthetic data)"};
    char text[CB_EPOCH_LINE_BYTES];
    const char *const whole =
        "target reached: holdout accuracy 8.75 % in epoch 7 is the first at 8.5 %, after 86.4 s (synthetic data)";
    cb_target_line_text(text, &line, 8.5, 86.42, 0);
    assert_string_equal(text, whole);
    cb_target_line_text(text, &line, 8.5, 86.42, strlen(whole));
    assert_string_equal(text, whole);
    cb_target_line_text(text, &line, 8.5, 86.42, strlen(whole) - 1);
    assert_string_equal(text, "target reached: holdout 8.75 % in epoch 7, after 86.4 s (synthetic data)");
}

/* Columns that a text takes: escape sequences take none. */
static size_t shown(const char *text)
{
    size_t columns = 0;
    for (; *text; text++)
        if (*text == '\033')
            text += strcspn(text, "m");
        else
            columns++;
    return columns;
}

static void every_width_is_kept(void **state)
{
    (void)state;
    struct cb_status_line status = training, huge = {.epoch = SIZE_MAX,
                                                     .epochs = SIZE_MAX,
                                                     .evaluating = true,
                                                     .loss = 1e38,
                                                     .rate = -1.2345678e-300,
                                                     .images_per_second = 1e38,
                                                     .seconds_left = 1e15,
                                                     .best_percent = 100,
                                                     .target_reached = true};
    char text[CB_STATUS_LINE_BYTES], plain[CB_STATUS_LINE_BYTES];
    size_t before = 0;
    for (size_t columns = 20; columns <= 200; columns++) {
        for (int evaluating = 0; evaluating < 2; evaluating++)
            for (int reached = 0; reached < 2; reached++) {
                status.evaluating = evaluating;
                status.target_reached = reached;
                cb_status_line_text(plain, &status, columns, false);
                cb_status_line_text(text, &status, columns, true);
                assert_null(strchr(plain, '\033'));
                assert_true(shown(plain) <= columns && shown(text) == shown(plain));
                assert_non_null(strstr(plain, evaluating ? "evaluating" : "epoch 12 of 70"));
                assert_true(strlen(text) < 4 || !strcmp(text + strlen(text) - 4, "\033[0m") || !strchr(plain, '%') ||
                            !reached);
            }
        assert_true(shown(plain) >= before); /* a wider line never says less */
        before = shown(plain);
        cb_status_line_text(text, &huge, columns, true);
        assert_true(shown(text) <= columns && strlen(text) < sizeof text - 1);
    }
}

static void colours(void **state)
{
    (void)state;
    char text[CB_STATUS_LINE_BYTES];
    struct cb_status_line status = training;
    cb_status_line_text(text, &status, 200, true);
    assert_non_null(strstr(text, "\033[1mepoch 12 of 70\033[0m"));
    assert_null(strstr(text, "\033[32m"));
    status.target_reached = status.evaluating = true;
    cb_status_line_text(text, &status, 200, true);
    assert_non_null(strstr(text, "\033[33mevaluating\033[0m"));
    assert_non_null(strstr(text, "\033[32mbest 91.23 %\033[0m"));
}

/* Against counting them one by one, by the rule of the loop. */
static void evaluations_left(void **state)
{
    (void)state;
    struct cb_recipe recipe = {0};
    for (size_t iterations = 1; iterations <= 24; iterations++)
        for (size_t every = 1; every <= 5; every++)
            for (size_t end = 1; end <= iterations; end++)
                for (size_t done = 0; done * 4 < end; done++) {
                    recipe.schedule.iterations = iterations;
                    recipe.run.eval_every = every;
                    size_t expected = 0;
                    for (size_t i = done * 4 + 1; i <= end; i++)
                        expected += i == iterations || (i % 4 == 0 && i / 4 % every == 0);
                    assert_int_equal(cb_evaluations_left(&recipe, 4, done, end), expected);
                }
}

static void seconds_left(void **state)
{
    (void)state;
    struct cb_images images = {.n = 100};
    struct cb_recipe recipe = {.data.batch = 10, .schedule.iterations = 60, .run = {.eval_every = 2, .target = 50}};
    struct cb_run run = {.recipe = &recipe, .position.iteration = 15};
    struct cb_pace pace = {.epoch = 1, .epochs = 6, .iterations = 10, .images = 50, .train_s = 100};
    assert_true(fabs(cb_seconds_left(&run, &pace) - 45 * 20.) < 1e-9); /* nothing is evaluated */
    run.eval.images = &images;
    pace.eval_s = 7;
    assert_true(fabs(cb_seconds_left(&run, &pace) - (45 * 20. + 3 * 7)) < 1e-9);
    pace.eval_s = 0; /* none was timed yet: a third of 100 images at 2 s */
    assert_true(fabs(cb_seconds_left(&run, &pace) - (45 * 20. + 3 * 200. / 3)) < 1e-9);
    run.max_iterations = 25;
    assert_true(fabs(cb_seconds_left(&run, &pace) - (10 * 20. + 200. / 3)) < 1e-9);
    run.max_iterations = 0;
    run.stops_at_target = 1;
    run.epochs_after_target = 2;
    assert_true(fabs(cb_seconds_left(&run, &pace) - (45 * 20. + 200)) < 1e-9);
    run.position.target_epoch = 1; /* reached: the run ends after epoch 3 */
    assert_true(fabs(cb_seconds_left(&run, &pace) - (15 * 20. + 200. / 3)) < 1e-9);
    pace.images = 0; /* nothing is trained yet */
    assert_true(cb_seconds_left(&run, &pace) == 0);
}

/* Few iterations of a new epoch say little: the pace is still that of the one before. */
static void the_pace_of_the_epoch_before(void **state)
{
    (void)state;
    struct cb_recipe recipe = {.data.batch = 10, .schedule.iterations = 60};
    struct cb_run run = {.recipe = &recipe, .position.iteration = 20};
    struct cb_pace pace = {.epoch = 1, .epochs = 3, .iterations = 20, .last_image_s = 2};
    assert_true(fabs(cb_seconds_left(&run, &pace) - 40 * 20.) < 1e-9); /* nothing is trained yet */
    pace.images = 10 * (CB_PACE_ITERATIONS - 1);
    pace.train_s = 10 * (double)pace.images;
    assert_true(fabs(cb_pace_image_s(&pace, 10) - 2) < 1e-9);
    pace.images += 10;
    pace.train_s = 10 * (double)pace.images;
    assert_true(fabs(cb_pace_image_s(&pace, 10) - 10) < 1e-9);
    assert_true(fabs(cb_seconds_left(&run, &pace) - 40 * 100.) < 1e-9);
    pace = (struct cb_pace){.images = 10, .train_s = 30};
    assert_true(fabs(cb_pace_image_s(&pace, 10) - 3) < 1e-9); /* there was none before */
    pace.images = 0;
    assert_true(cb_pace_image_s(&pace, 10) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_line),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(narrow_lines_drop_the_least_important),
        cmocka_unit_test(a_narrow_terminal_gets_shorter_lines_of_epochs),
        cmocka_unit_test(and_a_shorter_line_of_the_target),
        cmocka_unit_test(every_width_is_kept),
        cmocka_unit_test(colours),
        cmocka_unit_test(evaluations_left),
        cmocka_unit_test(seconds_left),
        cmocka_unit_test(the_pace_of_the_epoch_before),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
