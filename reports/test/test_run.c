/* The reader of run.jsonl against records that are cut off and damaged anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../export/export.h"
#include "../lib/comparison.h"
#include "../lib/run.h"
#include "../lib/table.h"

static const char record[] =
    "{\"type\":\"header\",\"format\":1,\"name\":\"r\",\"evaluated_on\":\"test\",\"data\":\"d\",\"network\":{\"name\":"
    "\"ResNet-20\"},"
    "\"recipe\":{\"data\":{\"batch\":128},\"schedule\":{\"kind\":\"step\"},\"run\":{\"target\":70.0}},\"machine\":{}}\n"
    "{\"type\":\"iteration\",\"iteration\":1,\"loss\":null}\n"
    "{\"type\":\"epoch\",\"epoch\":1,\"iteration\":391,\"train_loss\":1.5,\"test_accuracy_percent\":60.5,\"seconds_"
    "total\":10,\"images_"
    "per_second\":100}\n"
    "{\"type\":\"resume\",\"iteration\":391,\"seconds\":10.0}\n"
    "{\"type\":\"epoch\",\"epoch\":2,\"iteration\":782,\"train_loss\":null,\"test_accuracy_percent\":null,\"seconds_"
    "total\":20.5,\"images_"
    "per_second\":null}\n"
    "{\"type\":\"epoch\",\"epoch\":3,\"iteration\":1173,\"train_loss\":1.25,\"test_accuracy_percent\":71.5,\"seconds_"
    "total\":30.5,\"images_"
    "per_second\":104}\n"
    "{\"type\":\"end\",\"status\":\"completed\",\"iterations\":1173,\"seconds\":31,\"seconds_to_target\":30.5,"
    "\"final_test_accuracy_percent\":71.5,\"final_test_loss\":null,\"loss_fingerprint\":"
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}\n";

/* The same training in format 2, killed once. */
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MACHINE "{\"cpu_model\":\"c\",\"warnings\":[{\"subject\":\"load\",\"finding\":\"load 2\"}]}"
static const char record_2[] =
    "{\"type\":\"header\",\"format\":2,\"name\":\"r\",\"evaluated_on\":\"test\",\"data\":\"d\",\"data_kind\":\"other\","
    "\"train_sha256\":\"" HASH "\",\"eval_sha256\":\"" HASH "\",\"threads\":2,"
    "\"init_weights\":{\"name\":null,\"weights_sha256\":\"" HASH "\"},\"network\":{\"name\":\"ResNet-20\"},"
    "\"recipe\":{\"data\":{\"batch\":128},\"schedule\":{\"kind\":\"step\"},\"run\":{\"target\":70.0}},"
    "\"machine\":" MACHINE "}\n"
    "{\"type\":\"epoch\",\"epoch\":1,\"iteration\":391,\"train_loss\":1.5,\"eval_accuracy_percent\":60.5,"
    "\"seconds_total\":10,\"images_per_second\":100,\"loss_fingerprint\":\"" HASH "\"}\n"
    "{\"type\":\"resume\",\"iteration\":391,\"seconds\":10.0,\"killed_seconds_at_least\":2.5,\"threads\":1,"
    "\"machine\":" MACHINE "}\n"
    "{\"type\":\"end\",\"status\":\"interrupted\",\"reason\":\"SIGINT\",\"iterations\":500,\"seconds\":31,"
    "\"seconds_to_target\":null,\"resumed\":1,\"killed_seconds_at_least\":2.5,\"final_eval_accuracy_percent\":71.5,"
    "\"final_eval_loss\":0.5,\"loss_fingerprint\":\"" HASH "\"}\n";

enum { LENGTH = sizeof record - 1, LENGTH_2 = sizeof record_2 - 1 };

static void test_values(void **state)
{
    (void)state;
    struct cb_report_run run;
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&run, record, LENGTH, "runs/first/run.jsonl", 0, &err));
    assert_string_equal(run.label, "first");
    assert_int_equal(run.epoch_count, 3);
    assert_int_equal(run.epochs[2].epoch, 3);
    assert_true(run.epochs[0].accuracy_percent > 60.49 && run.epochs[0].accuracy_percent < 60.51);
    assert_true(isnan(run.epochs[1].accuracy_percent));
    assert_true(isnan(run.epochs[1].images_per_second));
    assert_int_equal(run.times_resumed, 1);
    assert_true(isnan(run.killed_seconds));
    assert_int_equal(run.last_iteration, 1173);
    assert_non_null(run.end);
    assert_false(run.torn);
    cb_report_run_free(&run);
    cb_report_run_free(&run);
}

static void test_values_of_format_2(void **state)
{
    (void)state;
    struct cb_report_run run;
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&run, record_2, LENGTH_2, "r", 0, &err));
    assert_int_equal(run.format, 2);
    assert_int_equal(run.epoch_count, 1);
    assert_string_equal(run.epochs[0].loss_fingerprint, HASH);
    assert_true(run.epochs[0].accuracy_percent > 60.49 && run.epochs[0].accuracy_percent < 60.51);
    assert_true(run.epochs[0].train_loss > 1.49 && run.epochs[0].train_loss < 1.51);
    assert_int_equal(run.times_resumed, 1);
    assert_true(run.killed_seconds > 2.49 && run.killed_seconds < 2.51);
    assert_true(run.final_accuracy_percent > 71.49 && run.final_accuracy_percent < 71.51);
    cb_report_run_free(&run);
}

static size_t lines_in(const char *text, size_t length)
{
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    return lines;
}

static void cut_off_anywhere(const char *whole, size_t whole_length)
{
    for (size_t length = 0; length <= whole_length; length++) {
        char *copy = malloc(length + 1); /* the right size, so that a sanitizer sees a read past the end */
        assert_non_null(copy);
        memcpy(copy, whole, length);
        struct cb_report_run run;
        struct cb_report_error err = {.text = ""};
        bool good = cb_report_run_parse(&run, copy, length, "run.jsonl", 0, &err);
        size_t lines = lines_in(whole, length);
        bool last_is_whole =
            length && (copy[length - 1] == '\n' || whole[length] == '\n'); /* only its newline is missing */
        if (good != (lines + (last_is_whole && copy[length - 1] != '\n') >= 1))
            fail_msg("cut after %zu bytes: %s", length, err.text);
        if (good && run.torn != (!last_is_whole)) fail_msg("cut after %zu bytes: torn is %d", length, run.torn);
        if (!good && !*err.text) fail_msg("cut after %zu bytes: no message", length);
        cb_report_run_free(&run);
        free(copy);
    }
}

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    cut_off_anywhere(record, LENGTH);
    cut_off_anywhere(record_2, LENGTH_2);
}

/* What can be read can be compared, with a whole run, and printed. */
static void compare_with_whole(const struct cb_report_run *run)
{
    struct cb_report_run pair[2] = {*run};
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&pair[1], record_2, LENGTH_2, "whole", 0, &err));
    json_t *comparison = cb_comparison(pair, 2, &(struct cb_comparison_options){.target_percent = (double)NAN});
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    for (int of_runs = 0; of_runs < 2; of_runs++) {
        json_t *table = cb_table(comparison, of_runs);
        cb_table_print(out, table);
        cb_table_print_markdown(out, table);
        json_decref(table);
        cb_csv_print(out, json_object_get(comparison, of_runs ? "runs" : "groups"));
    }
    assert_int_equal(fclose(out), 0);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' && text[i] != '\n') fail_msg("a control character reached the output");
    free(text);
    json_decref(comparison);
    cb_report_run_free(&pair[1]);
}

/* Or exported, or refused with a message. */
static void export_each(const struct cb_report_run *run)
{
    static cb_export *const formats[] = {cb_export_mllog,       cb_export_dawnbench, cb_export_dawnbench_json,
                                         cb_export_tensorboard, cb_export_csv,       cb_export_csv_iterations,
                                         cb_export_wandb};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char *bytes = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&bytes, &size);
        assert_non_null(out);
        struct cb_report_error err = {.text = ""};
        const bool good = formats[i](out, run, &err);
        assert_int_equal(fclose(out), 0);
        assert_true(good ? size > 0 || (!run->epoch_count && !run->iteration_count)
                         : err.exit_status == 2 && !strncmp(err.text, run->path, strlen(run->path)));
        free(bytes);
    }
}

static void damaged_anywhere(const char *whole, size_t length)
{
    static const char damage[] = {'\0', '"', '{', '}', '9', '-', '\n', '\x80', '\x1b'};
    size_t refused = 0;
    char *copy = malloc(length);
    assert_non_null(copy);
    for (size_t at = 0; at < length; at++) {
        for (size_t d = 0; d < sizeof damage; d++) {
            memcpy(copy, whole, length);
            copy[at] = damage[d];
            struct cb_report_run run;
            struct cb_report_error err = {.text = ""};
            bool good = cb_report_run_parse(&run, copy, length, "run.jsonl", CB_RUN_ITERATIONS, &err);
            refused += !good;
            if (good) {
                compare_with_whole(&run);
                export_each(&run);
            } else if (err.exit_status != 2 || strncmp(err.text, "run.jsonl", 9))
                fail_msg("byte %zu: exit status %d, message '%s'", at, err.exit_status, err.text);
            cb_report_run_free(&run);
        }
    }
    free(copy);
    assert_true(refused > length * sizeof damage / 2);
}

static void test_damaged_anywhere(void **state)
{
    (void)state;
    damaged_anywhere(record, LENGTH);
    damaged_anywhere(record_2, LENGTH_2);
}

static void test_iterations(void **state)
{
    (void)state;
    enum { ITERATIONS = 1000, LINE = 200 };
    const size_t header = (size_t)(strchr(record_2, '\n') + 1 - record_2);
    char *text = malloc(header + ITERATIONS * LINE);
    assert_non_null(text);
    memcpy(text, record_2, header);
    size_t used = header;
    for (int i = 0; i < ITERATIONS; i++)
        used += (size_t)snprintf(text + used, LINE,
                                 "{\"type\":\"iteration\",\"iteration\":%d,\"epoch\":0.5,\"lr\":%d.5,\"momentum\":0.75,"
                                 "\"loss\":null,\"loss_reason\":\"NaN\",\"seconds\":2,\"images_per_second\":64}\n",
                                 2 * i, i);
    struct cb_report_run run;
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&run, text, used, "run.jsonl", CB_RUN_ITERATIONS, &err));
    assert_int_equal(run.iteration_count, ITERATIONS);
    for (size_t i = 0; i < ITERATIONS; i++) {
        const struct cb_report_iteration *line = &run.iterations[i];
        assert_int_equal(line->iteration, 2 * i);
        const double wrong = fabs(line->lr - (double)i - 0.5) + fabs(line->momentum - 0.75) + fabs(line->epoch - 0.5) +
                             fabs(line->seconds - 2) + fabs(line->images_per_second - 64);
        assert_true(wrong < 1e-12 && isnan(line->loss));
    }
    cb_report_run_free(&run);
    assert_true(cb_report_run_parse(&run, text, used, "run.jsonl", 0, &err));
    assert_null(run.iterations);
    assert_int_equal(run.last_iteration, 2 * (ITERATIONS - 1));
    cb_report_run_free(&run);
    free(text);
}

/* A copy of the record with one piece of its text replaced; the caller frees it. */
static char *with(const char *whole, const char *old, const char *new)
{
    const char *at = strstr(whole, old);
    assert_non_null(at);
    const size_t size = strlen(whole) + strlen(new) + 1;
    char *copy = malloc(size);
    assert_non_null(copy);
    snprintf(copy, size, "%.*s%s%s", (int)(at - whole), whole, new, at + strlen(old));
    return copy;
}

/* Whole lines of JSON that tell of no training: refused where they stand, or left out where that is asked for. */
static void test_impossible(void **state)
{
    (void)state;
    static const struct {
        const char *whole, *old, *new, *message;
    } cases[] = {
        {record, "\"seconds_total\":10,", "\"seconds_total\":-1,",
         "r:3: key \"seconds_total\": expected 0 to 1e+09, got -1"},
        {record, "\"seconds_total\":20.5", "\"seconds_total\":1e300",
         "r:5: key \"seconds_total\": expected 0 to 1e+09, got 1e+300"},
        {record, "\"seconds_total\":30.5", "\"seconds\":-0.5,\"seconds_total\":30.5",
         "r:6: key \"seconds\": expected 0 to 1e+09, got -0.5"},
        {record, "\"seconds_total\":30.5", "\"seconds_total\":20",
         "r:6: epoch 3 at iteration 1173, 20 s follows epoch 2 at iteration 782, 20.5 s"},
        {record, "60.5", "100.5", "r:3: key \"test_accuracy_percent\": expected 0 to 100, got 100.5"},
        {record, "\"epoch\":1,", "\"epoch\":0,", "r:3: key \"epoch\": expected an integer >= 1, got 0"},
        {record, "\"epoch\":3,", "\"epoch\":2,",
         "r:6: epoch 2 at iteration 1173, 30.5 s follows epoch 2 at iteration 782, 20.5 s"},
        {record, "\"seconds\":31", "\"seconds\":30.25",
         "r:7: the end at 30.25 s follows an epoch that ended at 30.5 s"},
        {record, "\"seconds_to_target\":30.5", "\"seconds_to_target\":-1",
         "r:7: key \"seconds_to_target\": expected 0 to 1e+09, got -1"},
        {record_2, "60.5", "-0.25", "r:2: key \"eval_accuracy_percent\": expected 0 to 100, got -0.25"},
        {record_2, "60.5", "60.5,\"train_accuracy_percent\":101",
         "r:2: key \"train_accuracy_percent\": expected 0 to 100, got 101"},
        {record_2, "\"killed_seconds_at_least\":2.5", "\"killed_seconds_at_least\":-2.5",
         "r:3: key \"killed_seconds_at_least\": expected 0 to 1e+09, got -2.5"},
        {record_2, "71.5", "715", "r:4: key \"final_eval_accuracy_percent\": expected 0 to 100, got 715"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = with(cases[i].whole, cases[i].old, cases[i].new);
        struct cb_report_run run;
        struct cb_report_error err = {.text = ""};
        if (cb_report_run_parse(&run, text, strlen(text), "r", 0, &err)) fail_msg("taken: %s", cases[i].new);
        assert_string_equal(err.text, cases[i].message);
        assert_int_equal(err.exit_status, 2);
        assert_true(cb_report_run_parse(&run, text, strlen(text), "r", CB_RUN_DAMAGED, &err));
        assert_int_equal(json_array_size(run.damaged), 1);
        assert_string_equal(json_string_value(json_array_get(run.damaged, 0)), cases[i].message);
        cb_report_run_free(&run);
        free(text);
    }
}

/* A message that is too long keeps both ends: which file, and why. */
static void test_long_names(void **state)
{
    (void)state;
    for (size_t length = 900; length < 3000; length++) {
        char *name = malloc(length + 1);
        assert_non_null(name);
        /* Characters of two bytes, from an odd or even place on. */
        memcpy(name, "runs//", 6);
        for (size_t i = 6 - length % 2; i < length; i++) name[i] = (i + length) % 2 ? '\xa9' : '\xc3';
        name[length] = '\0';
        struct cb_report_run run;
        struct cb_report_error err;
        assert_false(cb_report_run_parse(&run, "{}\n", 3, name, 0, &err));
        static const char reason[] = ":1: expected an object with a string \"type\"";
        assert_memory_equal(err.text, "runs/", 5);
        assert_string_equal(err.text + strlen(err.text) - strlen(reason), reason);
        assert_true(strlen(err.text) < sizeof err.text);
        json_t *text = json_string(err.text); /* only whole characters */
        assert_non_null(text);
        json_decref(text);
        free(name);
    }
}

static void test_many_epochs(void **state)
{
    (void)state;
    enum { EPOCHS = 1000, LINE = 200 };
    const char *header_end = strchr(record, '\n') + 1;
    size_t header = (size_t)(header_end - record), used = header;
    char *text = malloc(header + EPOCHS * LINE);
    assert_non_null(text);
    memcpy(text, record, header);
    for (int e = 1; e <= EPOCHS; e++)
        used += (size_t)snprintf(
            text + used, LINE,
            "{\"type\":\"epoch\",\"epoch\":%d,\"iteration\":%d,\"train_loss\":1,\"test_accuracy_percent\":%d.5,"
            "\"seconds_total\":%d,\"images_per_second\":1}\n",
            e, e, e % 90, e);
    struct cb_report_run run;
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&run, text, used, "run.jsonl", 0, &err));
    assert_int_equal(run.epoch_count, EPOCHS);
    for (size_t e = 0; e < EPOCHS; e++) assert_int_equal(run.epochs[e].epoch, e + 1);
    cb_report_run_free(&run);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),           cmocka_unit_test(test_values_of_format_2),
        cmocka_unit_test(test_cut_off_anywhere), cmocka_unit_test(test_damaged_anywhere),
        cmocka_unit_test(test_many_epochs),      cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_impossible),       cmocka_unit_test(test_long_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
