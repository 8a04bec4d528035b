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

#include "../lib/comparison.h"
#include "../lib/run.h"

static const char record[] =
    "{\"type\":\"header\",\"format\":1,\"name\":\"r\",\"evaluated_on\":\"test\",\"data\":\"d\",\"network\":{\"name\":"
    "\"ResNet-20\"},"
    "\"recipe\":{\"data\":{\"batch\":128},\"schedule\":{\"kind\":\"step\"},\"run\":{\"target\":70.0}},\"machine\":{}}\n"
    "{\"type\":\"iteration\",\"iteration\":1,\"loss\":null}\n"
    "{\"type\":\"epoch\",\"epoch\":1,\"iteration\":391,\"test_accuracy_percent\":60.5,\"seconds_total\":10,\"images_"
    "per_second\":100}\n"
    "{\"type\":\"resume\",\"iteration\":391,\"seconds\":10.0}\n"
    "{\"type\":\"epoch\",\"epoch\":2,\"iteration\":782,\"test_accuracy_percent\":null,\"seconds_total\":20.5,\"images_"
    "per_second\":null}\n"
    "{\"type\":\"epoch\",\"epoch\":3,\"iteration\":1173,\"test_accuracy_percent\":71.5,\"seconds_total\":30.5,\"images_"
    "per_second\":104}\n"
    "{\"type\":\"end\",\"status\":\"completed\",\"iterations\":1173,\"seconds\":31,\"seconds_to_target\":30.5,"
    "\"final_test_accuracy_percent\":71.5,\"loss_fingerprint\":\"00\"}\n";

enum { LENGTH = sizeof record - 1 };

static void test_values(void **state)
{
    (void)state;
    struct cb_report_run run;
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&run, record, LENGTH, "runs/first/run.jsonl", &err));
    assert_string_equal(run.label, "first");
    assert_int_equal(run.epoch_count, 3);
    assert_int_equal(run.epochs[2].epoch, 3);
    assert_true(run.epochs[0].accuracy_percent > 60.49 && run.epochs[0].accuracy_percent < 60.51);
    assert_true(isnan(run.epochs[1].accuracy_percent));
    assert_true(isnan(run.epochs[1].images_per_second));
    assert_int_equal(run.resumes, 1);
    assert_int_equal(run.last_iteration, 1173);
    assert_non_null(run.end);
    assert_false(run.torn);
    cb_report_run_free(&run);
    cb_report_run_free(&run);
}

static size_t lines_in(size_t length)
{
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += record[i] == '\n';
    return lines;
}

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    for (size_t length = 0; length <= LENGTH; length++) {
        char *copy = malloc(length + 1); /* the right size, so that a sanitizer sees a read past the end */
        assert_non_null(copy);
        memcpy(copy, record, length);
        struct cb_report_run run;
        struct cb_report_error err = {.text = ""};
        bool good = cb_report_run_parse(&run, copy, length, "run.jsonl", &err);
        size_t lines = lines_in(length);
        bool last_is_whole =
            length && (copy[length - 1] == '\n' || record[length] == '\n'); /* only its newline is missing */
        if (good != (lines + (last_is_whole && copy[length - 1] != '\n') >= 1))
            fail_msg("cut after %zu bytes: %s", length, err.text);
        if (good && run.torn != (!last_is_whole)) fail_msg("cut after %zu bytes: torn is %d", length, run.torn);
        if (!good && !*err.text) fail_msg("cut after %zu bytes: no message", length);
        cb_report_run_free(&run);
        free(copy);
    }
}

static void test_damaged_anywhere(void **state)
{
    (void)state;
    static const char damage[] = {'\0', '"', '{', '}', '9', '-', '\n', '\x80'};
    size_t refused = 0;
    for (size_t at = 0; at < LENGTH; at++) {
        for (size_t d = 0; d < sizeof damage; d++) {
            char copy[LENGTH];
            memcpy(copy, record, LENGTH);
            copy[at] = damage[d];
            struct cb_report_run run;
            struct cb_report_error err = {.text = ""};
            bool good = cb_report_run_parse(&run, copy, LENGTH, "run.jsonl", &err);
            refused += !good;
            if (good) { /* then it can be compared */
                json_t *comparison = cb_comparison(&run, 1, (double)NAN);
                assert_non_null(comparison);
                json_decref(comparison);
            } else if (err.exit_status != 2 || strncmp(err.text, "run.jsonl", 9)) {
                fail_msg("byte %zu: exit status %d, message '%s'", at, err.exit_status, err.text);
            }
            cb_report_run_free(&run);
        }
    }
    assert_true(refused > LENGTH * sizeof damage / 2);
}

static void test_many_epochs(void **state)
{
    (void)state;
    enum { EPOCHS = 1000, LINE = 160 };
    const char *header_end = strchr(record, '\n') + 1;
    size_t header = (size_t)(header_end - record), used = header;
    char *text = malloc(header + EPOCHS * LINE);
    assert_non_null(text);
    memcpy(text, record, header);
    for (int e = 1; e <= EPOCHS; e++)
        used += (size_t)snprintf(text + used, LINE,
                                 "{\"type\":\"epoch\",\"epoch\":%d,\"iteration\":%d,\"test_accuracy_percent\":%d.5,"
                                 "\"seconds_total\":%d,\"images_per_second\":1}\n",
                                 e, e, e % 90, e);
    struct cb_report_run run;
    struct cb_report_error err;
    assert_true(cb_report_run_parse(&run, text, used, "run.jsonl", &err));
    assert_int_equal(run.epoch_count, EPOCHS);
    for (size_t e = 0; e < EPOCHS; e++) assert_int_equal(run.epochs[e].epoch, e + 1);
    cb_report_run_free(&run);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_damaged_anywhere),
        cmocka_unit_test(test_many_epochs),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
