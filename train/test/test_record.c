/* run.jsonl: each line is what record.h says, a resumed run has each iteration once, a torn line or a full disk loses
 * no other line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "record/fingerprint.h"
#include "record/record.h"
#include "temp.h"

enum { MAX_LINES = 64 };
struct lines {
    size_t count;
    json_t *line[MAX_LINES];
};

/* Strict: every line is whole and valid. */
static struct lines read_lines(const char *path)
{
    struct lines lines = {0};
    struct cb_bytes text;
    struct cb_error err;
    if (cb_read_file(&text, path, 1 << 20, &err)) fail_msg("%s", err.text);
    for (size_t at = 0; at < text.len;) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.len - at);
        if (!newline) fail_msg("%s ends in a torn line", path);
        const size_t len = (size_t)(newline - (text.data + at));
        assert_true(lines.count < MAX_LINES);
        json_t *line = json_loadb((const char *)text.data + at, len, JSON_REJECT_DUPLICATES, NULL);
        if (!line) fail_msg("%s:%zu is no JSON: %.*s", path, lines.count + 1, (int)len, text.data + at);
        lines.line[lines.count++] = line;
        at += len + 1;
    }
    free(text.data);
    return lines;
}

static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) json_decref(lines->line[i]);
    lines->count = 0;
}

static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}
static json_int_t count_of(const json_t *line, const char *key)
{
    return json_integer_value(json_object_get(line, key));
}
static double real_of(const json_t *line, const char *key)
{
    return json_real_value(json_object_get(line, key));
}
static int is_null(const json_t *line, const char *key)
{
    return json_is_null(json_object_get(line, key));
}

static const char recipe_text[] =
    "[data]\naugment = none\nbatch = 128\n[network]\ndepth = 20\nshortcut = A\ninit = he_fan_in\n"
    "[schedule]\nkind = constant\nlr = 0.1\niterations = 7\n";

/* What the records of these tests describe. */
static struct cb_recipe recipe;
static struct cb_record_run some_run = {.recipe = &recipe,
                                        .evaluated_on = "test",
                                        .data = "some\xffwhere",
                                        .data_kind = "synthetic",
                                        .train_sha256 = "aa",
                                        .eval_sha256 = "bb",
                                        .train_images = 384,
                                        .eval_images = 100,
                                        .threads = 2};

static int make_run(void **state)
{
    (void)state;
    struct cb_model *model;
    struct cb_error err;
    if (cb_recipe_parse(&recipe, recipe_text, strlen(recipe_text), "tiny.ini", NULL, 0, &err)) return -1;
    const struct cb_network network = cb_recipe_network(&recipe);
    if (cb_model_create(&model, &network, 1, &err)) return -1;
    some_run.model = model;
    return 0;
}
static int free_run(void **state)
{
    (void)state;
    cb_model_destroy((struct cb_model *)(uintptr_t)some_run.model);
    return 0;
}

static struct cb_record *new_record(const char *path)
{
    struct cb_record *record;
    struct cb_error err;
    if (cb_record_create(&record, path, &some_run, &err)) fail_msg("%s", err.text);
    return record;
}

static enum cb_status add_iteration(struct cb_record *record, size_t k, struct cb_error *err)
{
    return cb_record_iteration(record,
                               &(struct cb_record_iteration){.iteration = k,
                                                             .epoch = 0.5,
                                                             .lr = 0.1,
                                                             .momentum = 0.9,
                                                             .loss = (double)(2.3f / (float)(k + 1)),
                                                             .seconds = 0.01,
                                                             .images_per_second = 12800},
                               err);
}

static enum cb_status add_epoch(struct cb_record *record, size_t epoch, size_t iteration)
{
    const struct cb_record_epoch e = {.epoch = epoch,
                                      .iteration = iteration,
                                      .train_loss = 1.5,
                                      .evaluated = 1,
                                      .eval_loss = 2,
                                      .eval_accuracy_percent = 50,
                                      .loss_fingerprint = CB_FINGERPRINT_START};
    return cb_record_epoch(record, &e, NULL);
}

static void test_lines(void **state)
{
    const char *path = in_folder(state, "run.jsonl");
    struct cb_error err;
    struct cb_record *record = new_record(path);
    assert_int_equal(add_iteration(record, 2, &err), CB_OK);
    const struct cb_record_epoch epoch = {.epoch = 1,
                                          .iteration = 391,
                                          .train_loss = 1.25,
                                          .train_loss_smoothed = 1.5,
                                          .train_accuracy_percent = 40.5,
                                          .seconds = 3,
                                          .seconds_total = 4,
                                          .images_per_second = 1000,
                                          .loss_fingerprint = CB_FINGERPRINT_START};
    assert_int_equal(cb_record_epoch(record, &epoch, &err), CB_OK);
    const struct cb_record_end end = {.status = "completed",
                                      .iterations = 391,
                                      .seconds = 5,
                                      .seconds_to_target = -1,
                                      .final_eval_accuracy_percent = 61.5,
                                      .final_eval_loss = 1.1,
                                      .resumed = 1,
                                      .killed_seconds = 2.5,
                                      .loss_fingerprint = CB_FINGERPRINT_START,
                                      .weights_sha256 = NULL,
                                      .peak_memory_bytes = 12345};
    assert_int_equal(cb_record_end(record, &end, &err), CB_OK);
    cb_record_close(record);

    struct lines lines = read_lines(path);
    assert_int_equal(lines.count, 4);
    const json_t *header = lines.line[0], *iteration = lines.line[1];
    assert_string_equal(text_of(header, "type"), "header");
    assert_string_equal(text_of(header, "name"), "tiny");
    assert_string_equal(text_of(header, "evaluated_on"), "test");
    assert_int_equal(count_of(header, "format"), 2);
    assert_string_equal(text_of(header, "data"), "some\xef\xbf\xbdwhere"); /* a byte that is no UTF-8 */
    assert_string_equal(text_of(header, "data_kind"), "synthetic");
    assert_string_equal(text_of(header, "train_sha256"), "aa");
    assert_string_equal(text_of(header, "eval_sha256"), "bb");
    assert_true(count_of(header, "train_images") == 384 && count_of(header, "eval_images") == 100);
    assert_true(is_null(header, "init_weights"));
    assert_string_equal(text_of(header, "init_weights_reason"), "the recipe's initialisation");
    assert_int_equal(count_of(header, "threads"), 2);
    assert_int_equal(count_of(header, "iterations"), 7);
    assert_string_equal(text_of(json_object_get(header, "network"), "name"), "resnet20");
    assert_string_equal(text_of(json_object_get(header, "network"), "shortcut"), "A");
    assert_string_equal(text_of(json_object_get(header, "network"), "init"), "he_fan_in");
    assert_int_equal(count_of(json_object_get(header, "network"), "parameters"), 269722);
    assert_true(real_of(json_object_get(json_object_get(header, "recipe"), "schedule"), "lr") == 0.1);
    assert_true(json_is_object(json_object_get(header, "machine")));
    /* The recipe in the header is re-runnable. */
    struct cb_recipe again;
    const char *text = text_of(header, "recipe_text");
    assert_int_equal(cb_recipe_parse(&again, text, strlen(text), "t", NULL, 0, &err), CB_OK);

    assert_string_equal(text_of(iteration, "type"), "iteration");
    assert_int_equal(count_of(iteration, "iteration"), 2);
    assert_true((float)real_of(iteration, "loss") == 2.3f / 3); /* nine digits give the float back */
    assert_true(real_of(iteration, "lr") == 0.1 && real_of(iteration, "momentum") == 0.9 &&
                real_of(iteration, "epoch") == 0.5);
    assert_true(real_of(iteration, "seconds") == 0.01 && real_of(iteration, "images_per_second") == 12800);

    assert_true(real_of(lines.line[2], "train_loss") == 1.25 && real_of(lines.line[2], "train_loss_smoothed") == 1.5);
    assert_true(is_null(lines.line[2], "eval_loss") && is_null(lines.line[2], "eval_accuracy_percent"));
    assert_string_equal(text_of(lines.line[2], "eval_loss_reason"), "not evaluated");
    assert_string_equal(text_of(lines.line[3], "status"), "completed");
    assert_true(is_null(lines.line[3], "seconds_to_target") && is_null(lines.line[3], "weights_sha256") &&
                is_null(lines.line[3], "reason"));
    assert_true(real_of(lines.line[3], "final_eval_accuracy_percent") == 61.5);
    assert_true(real_of(lines.line[3], "killed_seconds_at_least") == 2.5);
    assert_string_equal(text_of(lines.line[2], "loss_fingerprint"), CB_FINGERPRINT_START);
    assert_string_equal(text_of(lines.line[3], "loss_fingerprint"), CB_FINGERPRINT_START);
    assert_int_equal(count_of(lines.line[3], "lost_lines"), 0);
    free_lines(&lines);
}

static void test_init_weights(void **state)
{
    const char *path = in_folder(state, "run.jsonl");
    struct cb_record_run run = some_run;
    run.init_name = "w.safetensors";
    run.init_sha256 = "cc";
    struct cb_record *record;
    struct cb_error err;
    assert_int_equal(cb_record_create(&record, path, &run, &err), CB_OK);
    cb_record_close(record);
    struct lines lines = read_lines(path);
    const json_t *init = json_object_get(lines.line[0], "init_weights");
    assert_string_equal(text_of(init, "name"), "w.safetensors");
    assert_string_equal(text_of(init, "weights_sha256"), "cc");
    free_lines(&lines);
}

static void test_not_finite(void **state)
{
    const char *path = in_folder(state, "run.jsonl");
    struct cb_record *record = new_record(path);
    const struct cb_record_iteration line = {.loss = NAN, .seconds = INFINITY, .images_per_second = -INFINITY};
    assert_int_equal(cb_record_iteration(record, &line, NULL), CB_OK);
    cb_record_close(record);
    struct lines lines = read_lines(path);
    assert_true(is_null(lines.line[1], "loss") && is_null(lines.line[1], "seconds") &&
                is_null(lines.line[1], "images_per_second"));
    assert_string_equal(text_of(lines.line[1], "loss_reason"), "NaN");
    assert_string_equal(text_of(lines.line[1], "seconds_reason"), "infinity");
    assert_string_equal(text_of(lines.line[1], "images_per_second_reason"), "-infinity");
    free_lines(&lines);
}

/* A run of six iterations, an epoch being three, that was killed somewhere after its fifth. */
static void write_killed_run(const char *path, const char *tail)
{
    struct cb_error err;
    struct cb_record *record = new_record(path);
    for (size_t k = 0; k < 5; k++) {
        assert_int_equal(add_iteration(record, k, &err), CB_OK);
        if (k == 2) assert_int_equal(add_epoch(record, 1, 3), CB_OK);
    }
    cb_record_close(record);
    FILE *file = fopen(path, "a");
    fputs(tail, file);
    fclose(file);
}

static struct cb_record *reopen_record(const char *path, size_t iteration, int expect_warning)
{
    struct cb_record *record;
    struct cb_error err, warning;
    const size_t epochs = iteration < 6 ? iteration / 3 : 1;
    if (cb_record_reopen(&record, path, &some_run, iteration, epochs, &warning, &err)) fail_msg("%s", err.text);
    if ((warning.text[0] != 0) != expect_warning) fail_msg("warning \"%s\"", warning.text);
    return record;
}

static void test_resume(void **state)
{
    static const struct {
        size_t iteration, lines; /* resumed at; lines that stay: header, iterations, epoch */
        const char *tail;
    } rows[] = {
        {0, 1, ""},
        {1, 2, ""},
        {2, 3, ""},
        {3, 5, ""},
        {4, 6, ""},
        {5, 7, ""},
        {9, 7, ""},
        {5, 7, "{\"type\":\"iteration\",\"itera"},
        {5, 7, "{\"type\":\"end\",\"status\":\"interrupted\"}\n"},
        {5, 7, "{\"type\":\"iteration\",\"iteration\":5}"}, /* whole, but without its line end: perhaps 51 */
        {3, 6,
         "{\"type\":\"resume\",\"iteration\":3,\"seconds\":1.0}\n{\"type\":\"resume\",\"iteration\":4,\"seconds\":1.0}"
         "\n"},
    };
    const char *path = in_folder(state, "run.jsonl");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_killed_run(path, rows[i].tail);
        struct cb_record *record = reopen_record(path, rows[i].iteration, 0);
        assert_int_equal(cb_record_resume(record, &some_run, rows[i].iteration, 1.5, 0.5, NULL), CB_OK);
        assert_int_equal(add_iteration(record, rows[i].iteration, NULL), CB_OK);
        cb_record_close(record);
        struct lines lines = read_lines(path);
        if (lines.count != rows[i].lines + 2) fail_msg("row %zu: %zu lines", i, lines.count);
        assert_string_equal(text_of(lines.line[0], "type"), "header");
        const json_t *resume = lines.line[lines.count - 2];
        assert_true(real_of(resume, "killed_seconds_at_least") == 0.5 && count_of(resume, "threads") == 2);
        assert_true(json_is_object(json_object_get(resume, "machine")));
        json_int_t next = 0;
        for (size_t n = 0; n < lines.count; n++) {
            if (strcmp(text_of(lines.line[n], "type"), "iteration")) continue;
            if (rows[i].iteration <= 5) assert_int_equal(count_of(lines.line[n], "iteration"), next);
            next++;
        }
        free_lines(&lines);
        remove(path);
    }
    assert_int_equal(count_files(*state, 0), 0);
}

/* A log that is no longer whole is kept, and the run goes on with what is good of it. */
static void test_damaged_record_is_set_aside(void **state)
{
    static const struct {
        const char *text; /* "H": a good header, "E": the line of epoch 1, "F": of epoch 2; others as they are */
        size_t lines;     /* of the rebuilt record */
        json_int_t lost;
    } rows[] = {
        {"", 1, 2},          {"H", 1, 2},    {"HE", 2, 1},   {"HF", 2, 1},   {"EF", 3, 0},       {"H{}EF", 3, 0},
        {"Hzero\1EF", 3, 0}, {"HEEF", 3, 0}, {"HEFH", 3, 0}, {"H[]E", 2, 1}, {"not json", 1, 2},
    };
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "run.jsonl"));
    struct cb_record *record = new_record(path);
    cb_record_close(record);
    struct cb_bytes header;
    struct cb_error err;
    assert_int_equal(cb_read_file(&header, path, 1 << 20, &err), CB_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *file = fopen(path, "w");
        const char *at = rows[i].text;
        while (*at) {
            const size_t other = strcspn(at, "HEF");
            if (other) fprintf(file, "%.*s\n", (int)other, at);
            at += other;
            if (*at == 'H') fwrite(header.data, 1, header.len, file);
            if (*at == 'E') fputs("{\"type\":\"epoch\",\"epoch\":1,\"iteration\":3}\n", file);
            if (*at == 'F') fputs("{\"type\":\"epoch\",\"epoch\":2,\"iteration\":6}\n", file);
            at += *at != 0;
        }
        fclose(file);
        struct cb_error warning;
        if (cb_record_reopen(&record, path, &some_run, 6, 2, &warning, &err)) fail_msg("row %zu: %s", i, err.text);
        if (!strstr(warning.text, "run.jsonl.damaged")) fail_msg("row %zu: \"%s\"", i, warning.text);
        assert_int_equal(cb_record_end(record, &(struct cb_record_end){.status = "completed"}, &err), CB_OK);
        cb_record_close(record);
        assert_int_equal(count_files(*state, 0), (int)i + 2); /* each under a name of its own */
        struct lines lines = read_lines(path);
        if (lines.count != rows[i].lines + 1) fail_msg("row %zu: %zu lines", i, lines.count);
        assert_string_equal(text_of(lines.line[0], "type"), "header");
        assert_int_equal(is_null(lines.line[0], "started"), rows[i].text[0] != 'H');
        assert_int_equal(count_of(lines.line[lines.count - 1], "lost_lines"), rows[i].lost);
        free_lines(&lines);
    }
    /* An epoch that a killed session finished after a stopped evaluation goes, and nothing is damaged. */
    FILE *file = fopen(path, "w");
    fwrite(header.data, 1, header.len, file);
    fputs("{\"type\":\"epoch\",\"epoch\":1,\"iteration\":3}\n", file);
    fclose(file);
    struct cb_error warning;
    assert_int_equal(cb_record_reopen(&record, path, &some_run, 3, 0, &warning, &err), CB_OK);
    assert_string_equal(warning.text, "");
    cb_record_close(record);
    struct lines lines = read_lines(path);
    assert_int_equal(lines.count, 1);
    free_lines(&lines);
    free(header.data);
    /* Whole again: nothing to set aside. */
    record = reopen_record(path, 0, 0);
    cb_record_close(record);
}

static void test_look(void **state)
{
    char path[1024];
    snprintf(path, sizeof path, "%s", in_folder(state, "run.jsonl"));
    struct cb_record_glance glance;
    struct cb_error err;
    assert_int_equal(cb_record_look(&glance, path, &err), CB_OK);
    assert_true(!glance.exists && !glance.begun && !glance.status[0]);
    struct cb_record *record = new_record(path);
    assert_int_equal(cb_record_look(&glance, path, &err), CB_OK);
    assert_true(glance.exists && glance.begun && !glance.status[0]);
    assert_string_equal(glance.name, "tiny");
    assert_true(glance.best_percent == 0);
    const double accuracies[] = {12, 34.5, 20};
    for (size_t i = 0; i < 4; i++) { /* the last one is not evaluated */
        const struct cb_record_epoch epoch = {.epoch = i + 1,
                                              .iteration = i + 1,
                                              .evaluated = i < 3,
                                              .eval_accuracy_percent = i < 3 ? accuracies[i] : 99,
                                              .loss_fingerprint = "aa"};
        assert_int_equal(cb_record_epoch(record, &epoch, &err), CB_OK);
    }
    assert_int_equal(cb_record_look(&glance, path, &err), CB_OK);
    assert_true(glance.best_percent == 34.5);
    const struct cb_record_end end = {.status = "completed", .iterations = 7, .seconds = 2.5};
    assert_int_equal(cb_record_end(record, &end, &err), CB_OK);
    assert_int_equal(cb_record_look(&glance, path, &err), CB_OK);
    assert_string_equal(glance.status, "completed");
    assert_true(glance.iterations == 7 && glance.seconds == 2.5);
    assert_int_equal(cb_record_resume(record, &some_run, 3, 1, 0, &err), CB_OK); /* it went on */
    assert_int_equal(cb_record_look(&glance, path, &err), CB_OK);
    assert_true(glance.begun && !glance.status[0]);
    cb_record_close(record);
}

/* The disk fills up and is freed again. */
static void test_full_disk(void **state)
{
    const char *path = in_folder(state, "run.jsonl");
    struct cb_error err;
    struct cb_record *record = new_record(path);
    assert_int_equal(add_iteration(record, 0, &err), CB_OK);
    struct cb_bytes so_far;
    assert_int_equal(cb_read_file(&so_far, path, 1 << 20, &err), CB_OK);
    free(so_far.data);
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){so_far.len + 20, before.rlim_max}); /* in the middle of the second line */
    const enum cb_status first = add_iteration(record, 1, &err), second = add_iteration(record, 2, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(first, CB_IO_ERROR);
    assert_non_null(strstr(err.text, "File too large"));
    assert_int_equal(second, CB_OK); /* said once */
    assert_int_equal(add_iteration(record, 3, &err), CB_OK);
    const struct cb_record_end end = {.status = "completed"};
    assert_int_equal(cb_record_end(record, &end, &err), CB_OK);
    cb_record_close(record);
    struct lines lines = read_lines(path);
    assert_int_equal(lines.count, 4);
    assert_int_equal(count_of(lines.line[1], "iteration"), 0);
    assert_int_equal(count_of(lines.line[2], "iteration"), 3);
    assert_int_equal(count_of(lines.line[3], "lost_lines"), 2);
    free_lines(&lines);
}

/* Values computed with Python: hashlib.sha256(bytes.fromhex(chain) + struct.pack("<Qd", iteration, loss)). */
static void test_fingerprint(void **state)
{
    (void)state;
    char chain[CB_SHA256_HEX] = CB_FINGERPRINT_START;
    assert_int_equal(cb_fingerprint_add(chain, 0, 2.302585092994046, NULL), CB_OK);
    assert_string_equal(chain, "81f4c11c9702cd1ef8c655b2e2280959d90f28f684347d909ffb4109e2a9494e");
    assert_int_equal(cb_fingerprint_add(chain, 1, 1.75, NULL), CB_OK);
    assert_string_equal(chain, "fb7602efd51eb0a7ca3785ad0814c994ac1361f8032a4583fce4ce8f3910a754");
}

/* The counts of --perf are a member of the end line, which is refused where they could not be made. */
static void test_counts_in_the_end_line(void **state)
{
    const char *path = in_folder(state, "run.jsonl");
    json_t *perf = json_pack("{s:i}", "passes", 3);
    for (int counted = 0; counted < 2; counted++) {
        struct cb_record *record = new_record(path);
        struct cb_record_end end = {
            .status = "completed", .loss_fingerprint = CB_FINGERPRINT_START, .counted = counted};
        struct cb_error err;
        if (counted) assert_int_equal(cb_record_end(record, &end, &err), CB_NO_MEMORY);
        end.perf = perf;
        assert_int_equal(cb_record_end(record, &end, &err), CB_OK);
        cb_record_close(record);
        struct lines lines = read_lines(path);
        assert_int_equal(lines.count, 2);
        const json_t *found = json_object_get(lines.line[1], "perf");
        assert_true(counted ? count_of(found, "passes") == 3 : !found);
        free_lines(&lines);
        unlink(path);
    }
    assert_int_equal(perf->refcount, 1);
    json_decref(perf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_not_finite, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_resume, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_init_weights, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_damaged_record_is_set_aside, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_look, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_full_disk, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_counts_in_the_end_line, make_temp_folder, remove_temp_folder),
        cmocka_unit_test(test_fingerprint),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("record", tests, make_run, free_run);
}
