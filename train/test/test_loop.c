/* The loop: what it logs against what its iterations say, when it evaluates, crosses the target, stops, diverges,
 * saves. */
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
#include <sys/mman.h>

#include "instruments.h"
#include "loop/loop.h"
#include "record/fingerprint.h"
#include "temp.h"

/* 14 images in batches of 4: four iterations an epoch, the last one of two images. */
enum { TRAIN = 14, EVAL = 10, BATCH = 4, ITERATIONS = 10, EPOCHS = 3, MAX_LINES = 40 };

struct fixture {
    struct cb_recipe recipe;
    struct cb_images train, eval;
    struct cb_run run;
    sig_atomic_t stop;
};

static const char recipe_text[] =
    "[data]\naugment = flip\nbatch = 4\n[network]\ndepth = 20\nshortcut = A\ninit = he_fan_in\n"
    "[schedule]\nkind = constant\nlr = 0.05\niterations = 10\n[run]\nlog_iterations = true\ntarget = 100\n";

/* Whole pages for the pixels, so that a test can guard them. */
static void make_images(struct cb_images *images, size_t n, uint64_t seed)
{
    images->n = n;
    images->labels = malloc(n);
    images->pixels = mmap(NULL, n * CB_IMAGE_PIXELS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(images->labels && images->pixels != MAP_FAILED);
    for (size_t i = 0; i < n; i++) images->labels[i] = (uint8_t)(i % 10);
    for (size_t i = 0; i < n * CB_IMAGE_PIXELS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        images->pixels[i] = (uint8_t)((seed >> 56) / 2 + images->labels[i / CB_IMAGE_PIXELS] * 12u);
    }
}

static void free_images(struct cb_images *images)
{
    free(images->labels);
    munmap(images->pixels, images->n * CB_IMAGE_PIXELS);
}

/* A fresh run in the folder, its settings of the recipe overridden. */
static void begin(struct fixture *f, const char *folder, const char *const *overrides, size_t count)
{
    struct cb_error err;
    memset(f, 0, sizeof *f);
    if (cb_recipe_parse(&f->recipe, recipe_text, strlen(recipe_text), "tiny.ini", overrides, count, &err) ||
        cb_recipe_resolve(&f->recipe, TRAIN, &err))
        fail_msg("%s", err.text);
    make_images(&f->train, TRAIN, 1);
    make_images(&f->eval, EVAL, 2);
    struct cb_run *run = &f->run;
    const struct cb_network network = cb_recipe_network(&f->recipe);
    if (cb_run_dir_open(&run->dir, folder, 1, &err) ||
        cb_team_create(&run->team, 2, cb_model_scratch_bytes(&network), &err) ||
        cb_model_create(&run->model, &network, BATCH, &err))
        fail_msg("%s", err.text);
    cb_model_init(run->model, 1);
    struct cb_feed *feeds[] = {&run->train, &run->eval};
    for (int i = 0; i < 2; i++) {
        feeds[i]->seed = 1;
        feeds[i]->augmentation = f->recipe.data.augmentation;
        cb_image_table(f->recipe.data.mean, f->recipe.data.std, feeds[i]->table);
    }
    run->train.images = &f->train;
    run->eval.images = &f->eval;
    run->recipe = &f->recipe;
    run->evaluated_on = "test";
    run->data_kind = "other";
    run->stop = &f->stop;
    run->max_iterations = SIZE_MAX;
    run->clock_start = cb_now_s();
    run->quiet = 1;
    run->position = (struct cb_position){.seconds_to_target = -1, .data_kind = "other"};
    char *const hashes[] = {run->position.recipe_sha256, run->position.train_sha256, run->position.eval_sha256,
                            run->position.init_sha256, run->position.loss_chain};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) strcpy(hashes[i], CB_FINGERPRINT_START);
    const struct cb_record_run description = {.recipe = &f->recipe,
                                              .model = run->model,
                                              .evaluated_on = "test",
                                              .data = "memory",
                                              .data_kind = "other",
                                              .train_sha256 = "aa",
                                              .eval_sha256 = "bb",
                                              .train_images = TRAIN,
                                              .eval_images = EVAL,
                                              .threads = 2};
    if (cb_checkpoint_save(run->model, &run->position, run->dir.last, NULL, &err) ||
        cb_record_create(&run->record, run->dir.record, &description, &err))
        fail_msg("%s", err.text);
}

static void end(struct fixture *f)
{
    cb_record_close(f->run.record);
    cb_model_destroy(f->run.model);
    cb_team_destroy(f->run.team);
    cb_run_dir_close(&f->run.dir);
    free_images(&f->train);
    free_images(&f->eval);
}

/* The lines of a type, and what they say. */
struct lines {
    size_t count;
    json_t *line[MAX_LINES];
};
static struct lines lines_of(const struct fixture *f, const char *type)
{
    struct lines lines = {0};
    char text[65536];
    FILE *file = fopen(f->run.dir.record, "r");
    assert_non_null(file);
    while (fgets(text, sizeof text, file)) {
        json_t *line = json_loads(text, 0, NULL);
        assert_non_null(line);
        if (strcmp(json_string_value(json_object_get(line, "type")), type)) {
            json_decref(line);
            continue;
        }
        assert_true(lines.count < MAX_LINES);
        lines.line[lines.count++] = line;
    }
    fclose(file);
    return lines;
}
static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) json_decref(lines->line[i]);
}
static double number(const json_t *line, const char *key)
{
    assert_true(json_is_number(json_object_get(line, key)));
    return json_number_value(json_object_get(line, key));
}
static int is_null(const json_t *line, const char *key)
{
    return json_is_null(json_object_get(line, key));
}
static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static void assert_outcome(struct fixture *f, enum cb_run_outcome expected)
{
    struct cb_error err = {""};
    const enum cb_run_outcome outcome = cb_run_train(&f->run, &err);
    if (outcome != expected) fail_msg("outcome %d, expected %d: %s", outcome, expected, err.text);
}

static void test_an_epoch_sums_its_iterations(void **state)
{
    struct fixture f;
    begin(&f, *state, NULL, 0);
    assert_outcome(&f, CB_RUN_COMPLETED);
    struct lines iterations = lines_of(&f, "iteration"), epochs = lines_of(&f, "epoch"), ends = lines_of(&f, "end");
    assert_int_equal(iterations.count, ITERATIONS);
    assert_int_equal(epochs.count, EPOCHS);
    double smoothed = 0, weight = 1, sum = 0;
    size_t images = 0, epoch = 0;
    for (size_t k = 0; k < ITERATIONS; k++) {
        const double loss = (double)(float)number(iterations.line[k], "loss");
        const size_t n = k % 4 == 3 ? 2 : BATCH;
        smoothed = 0.98 * smoothed + 0.02 * loss;
        weight *= 0.98;
        sum += (double)n * loss;
        images += n;
        if (k % 4 != 3 && k + 1 != ITERATIONS) continue;
        const json_t *line = epochs.line[epoch++];
        assert_int_equal((int)number(line, "iteration"), (int)k + 1);
        assert_true(fabs(number(line, "train_loss") - sum / (double)images) < 1e-7);
        assert_true(fabs(number(line, "train_loss_smoothed") - smoothed / (1 - weight)) < 1e-7);
        const double correct = number(line, "train_accuracy_percent") * (double)images / 100;
        assert_true(fabs(correct - round(correct)) < 1e-6 && correct >= 0 && correct <= (double)images);
        assert_int_equal(strlen(text_of(line, "loss_fingerprint")), 64);
        sum = 0;
        images = 0;
    }
    /* The last epoch's fingerprint is the run's, and an earlier one is not. */
    assert_string_equal(text_of(epochs.line[2], "loss_fingerprint"), text_of(ends.line[0], "loss_fingerprint"));
    assert_string_not_equal(text_of(epochs.line[1], "loss_fingerprint"), text_of(ends.line[0], "loss_fingerprint"));
    assert_true(number(ends.line[0], "final_eval_loss") == number(epochs.line[2], "eval_loss"));
    assert_true(is_null(ends.line[0], "seconds_to_target")); /* 100 % */
    free_lines(&iterations), free_lines(&epochs), free_lines(&ends);
    end(&f);
}

static void test_evaluations_and_target(void **state)
{
    static const char *const overrides[] = {"run.eval_every=2", "run.target=0"};
    struct fixture f;
    begin(&f, *state, overrides, 2);
    assert_outcome(&f, CB_RUN_COMPLETED);
    struct lines epochs = lines_of(&f, "epoch"), ends = lines_of(&f, "end");
    assert_int_equal(epochs.count, EPOCHS);
    assert_true(is_null(epochs.line[0], "eval_loss") && is_null(epochs.line[0], "eval_accuracy_percent"));
    assert_string_equal(text_of(epochs.line[0], "eval_loss_reason"), "not evaluated");
    number(epochs.line[1], "eval_accuracy_percent");
    number(epochs.line[2], "eval_accuracy_percent"); /* the last one always */
    /* Crossed at the end of the first evaluation, which is the second epoch's. */
    const double crossed = number(ends.line[0], "seconds_to_target");
    assert_true(crossed > number(epochs.line[0], "seconds_total") &&
                crossed <= number(epochs.line[1], "seconds_total"));
    free_lines(&epochs), free_lines(&ends);
    end(&f);
}

static void test_stop_after_the_target(void **state)
{
    static const char *const overrides[] = {"run.target=0"};
    struct fixture f;
    for (size_t after = 0; after < EPOCHS; after++) {
        char folder[1024];
        snprintf(folder, sizeof folder, "%s/%zu", (const char *)*state, after);
        begin(&f, folder, overrides, 1);
        f.run.stops_at_target = 1;
        f.run.epochs_after_target = after;
        const int whole = after + 1 == EPOCHS; /* then it ends as it would without */
        assert_outcome(&f, whole ? CB_RUN_COMPLETED : CB_RUN_TARGET_REACHED);
        struct lines epochs = lines_of(&f, "epoch"), ends = lines_of(&f, "end");
        assert_int_equal(epochs.count, after + 1);
        assert_string_equal(text_of(ends.line[0], "status"), whole ? "completed" : "target_reached");
        assert_int_equal(is_null(ends.line[0], "final_eval_accuracy_percent"), !whole);
        assert_true(number(ends.line[0], "seconds_to_target") <= number(epochs.line[0], "seconds_total"));
        assert_int_equal(cb_run_dir_has(f.run.dir.last), 1);
        assert_int_equal(cb_run_dir_has(f.run.dir.final), whole);
        free_lines(&epochs), free_lines(&ends);
        end(&f);
        count_files(folder, 1);
        assert_int_equal(rmdir(folder), 0);
    }
    /* Without an epoch at the target it ends nothing. */
    begin(&f, *state, NULL, 0);
    f.run.stops_at_target = 1;
    assert_outcome(&f, CB_RUN_COMPLETED);
    end(&f);
}

static void assert_same_lines(struct fixture *f, struct fixture *g, const char *type)
{
    static const char *const timed[] = {"seconds", "seconds_total", "images_per_second", "seconds_to_target",
                                        "peak_memory_bytes"};
    struct lines a = lines_of(f, type), b = lines_of(g, type);
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        for (size_t t = 0; t < sizeof timed / sizeof *timed; t++) {
            json_object_del(a.line[i], timed[t]);
            json_object_del(b.line[i], timed[t]);
        }
        if (!json_equal(a.line[i], b.line[i])) fail_msg("%s line %zu differs", type, i);
    }
    free_lines(&a), free_lines(&b);
}

/* Stopped after each iteration and continued from its checkpoint: the log of the run that went through. */
static void test_a_resumed_log_is_the_same(void **state)
{
    char whole[1024], parts[1024];
    snprintf(whole, sizeof whole, "%s/whole", (const char *)*state);
    snprintf(parts, sizeof parts, "%s/parts", (const char *)*state);
    struct fixture f, g;
    begin(&f, whole, NULL, 0);
    assert_outcome(&f, CB_RUN_COMPLETED);
    begin(&g, parts, NULL, 0);
    for (size_t k = 1; k < ITERATIONS; k++) {
        struct cb_error err, warning;
        g.run.max_iterations = k;
        assert_outcome(&g, CB_RUN_STOPPED);
        cb_model_init(g.run.model, 99); /* nothing survives but the files */
        memset(&g.run.position, 0, sizeof g.run.position);
        if (cb_checkpoint_resume(g.run.model, &g.run.position, g.run.dir.last, &err)) fail_msg("%s", err.text);
        assert_int_equal(g.run.position.iteration, k);
        cb_record_close(g.run.record);
        const struct cb_record_run description = {.recipe = &g.recipe, .model = g.run.model};
        if (cb_record_reopen(&g.run.record, g.run.dir.record, &description, k, k / 4, &warning, &err))
            fail_msg("%s", err.text);
        assert_string_equal(warning.text, "");
    }
    g.run.max_iterations = SIZE_MAX;
    assert_outcome(&g, CB_RUN_COMPLETED);
    assert_same_lines(&f, &g, "iteration");
    assert_same_lines(&f, &g, "epoch");
    assert_same_lines(&f, &g, "end");
    end(&f), end(&g);
    assert_int_equal(count_files(whole, 1), 4); /* record, checkpoints, lock: no previous.safetensors */
    assert_int_equal(count_files(parts, 1), 4);
    assert_true(!rmdir(whole) && !rmdir(parts));
}

/* A signal in the middle of an evaluation: the eval images are guarded, the first touch raises the flag. */
static struct fixture *guarded;
static void on_touch(int number)
{
    (void)number;
    guarded->stop = SIGTERM;
    mprotect(guarded->eval.pixels, EVAL * CB_IMAGE_PIXELS, PROT_READ | PROT_WRITE);
}

static void stop_in_an_evaluation(const char *folder, const char *eval_every, size_t iteration, size_t epoch)
{
    char whole[1024], parts[1024];
    snprintf(whole, sizeof whole, "%s/whole", folder);
    snprintf(parts, sizeof parts, "%s/parts", folder);
    struct fixture f, g;
    begin(&f, whole, &eval_every, 1);
    assert_outcome(&f, CB_RUN_COMPLETED);
    begin(&g, parts, &eval_every, 1);
    guarded = &g;
    struct sigaction before, touch = {.sa_handler = on_touch};
    sigaction(SIGSEGV, &touch, &before);
    mprotect(g.eval.pixels, EVAL * CB_IMAGE_PIXELS, PROT_NONE);
    assert_outcome(&g, CB_RUN_INTERRUPTED);
    sigaction(SIGSEGV, &before, NULL);
    assert_int_equal(g.run.position.iteration, iteration);
    struct lines epochs = lines_of(&g, "epoch");
    assert_int_equal(epochs.count, epoch - 1); /* this one is not finished */
    free_lines(&epochs);
    struct cb_error err, warning;
    memset(&g.run.position, 0, sizeof g.run.position);
    assert_int_equal(cb_checkpoint_resume(g.run.model, &g.run.position, g.run.dir.last, &err), CB_OK);
    cb_record_close(g.run.record);
    const struct cb_record_run description = {.recipe = &g.recipe, .model = g.run.model};
    if (cb_record_reopen(&g.run.record, g.run.dir.record, &description, iteration, epoch - 1, &warning, &err))
        fail_msg("%s", err.text);
    g.stop = 0;
    assert_outcome(&g, CB_RUN_COMPLETED);
    assert_same_lines(&f, &g, "iteration");
    assert_same_lines(&f, &g, "epoch");
    assert_same_lines(&f, &g, "end");
    end(&f), end(&g);
    count_files(whole, 1), count_files(parts, 1);
    assert_true(!rmdir(whole) && !rmdir(parts));
}

static void test_stopped_in_an_evaluation(void **state)
{
    stop_in_an_evaluation(*state, "run.eval_every=1", 4, 1);
    stop_in_an_evaluation(*state, "run.eval_every=3", ITERATIONS, EPOCHS);
}

static void test_an_evaluation_that_is_not_finite(void **state)
{
    struct fixture f;
    begin(&f, *state, NULL, 0);
    for (size_t i = 0; i < 768; i++) f.run.eval.table[i] = NAN;
    assert_outcome(&f, CB_RUN_DIVERGED);
    struct lines epochs = lines_of(&f, "epoch"), ends = lines_of(&f, "end");
    assert_true(epochs.count == 1 && is_null(epochs.line[0], "eval_loss"));
    assert_string_equal(text_of(epochs.line[0], "eval_loss_reason"), "NaN");
    assert_string_equal(text_of(ends.line[0], "status"), "diverged");
    assert_non_null(strstr(text_of(ends.line[0], "reason"), "test loss after iteration 3 is not finite"));
    assert_true(is_null(ends.line[0], "final_eval_accuracy_percent"));
    free_lines(&epochs), free_lines(&ends);
    end(&f);
}

/* Weights that overflow after a good loss never reach a checkpoint. */
static void test_weights_that_are_not_finite(void **state)
{
    static const char *const overrides[] = {"schedule.lr=1000000", "optimizer.weight_decay=1",
                                            "run.checkpoint_every=1"};
    struct fixture f;
    begin(&f, *state, overrides, 3);
    assert_outcome(&f, CB_RUN_DIVERGED);
    struct lines ends = lines_of(&f, "end");
    assert_non_null(strstr(text_of(ends.line[0], "reason"), "is not finite"));
    free_lines(&ends);
    struct cb_position saved;
    struct cb_error err;
    assert_int_equal(cb_checkpoint_resume(f.run.model, &f.run.position, f.run.dir.last, &err), CB_OK);
    assert_true(cb_model_finite(f.run.model));
    assert_int_equal(cb_checkpoint_position(&saved, f.run.dir.last, &err), CB_OK);
    assert_true(saved.iteration < ITERATIONS);
    end(&f);
}

/* Nor where nothing but the end of the session asks for one. */
static void test_a_stop_with_weights_that_are_not_finite(void **state)
{
    static const char *const overrides[] = {"schedule.lr=1000000", "optimizer.weight_decay=1"};
    struct fixture f;
    begin(&f, *state, overrides, 2);
    f.run.max_iterations = 1;
    while (f.run.max_iterations < 4 && cb_model_finite(f.run.model)) {
        struct cb_error err;
        const enum cb_run_outcome outcome = cb_run_train(&f.run, &err);
        assert_true(outcome == CB_RUN_STOPPED || outcome == CB_RUN_DIVERGED);
        f.run.max_iterations++;
    }
    assert_true(!cb_model_finite(f.run.model)); /* it did overflow */
    struct cb_error err;
    memset(&f.run.position, 0, sizeof f.run.position);
    assert_int_equal(cb_checkpoint_resume(f.run.model, &f.run.position, f.run.dir.last, &err), CB_OK);
    assert_true(cb_model_finite(f.run.model));
    end(&f);
}

static void test_checkpoints_that_cannot_be_written(void **state)
{
    static const char *const overrides[] = {"run.checkpoint_every=1"};
    struct fixture f;
    begin(&f, *state, overrides, 1);
    snprintf(f.run.dir.last, sizeof f.run.dir.last, "%s/missing/last.safetensors", (const char *)*state);
    struct cb_error err = {""};
    assert_int_equal(cb_run_train(&f.run, &err), CB_RUN_FAILED);
    assert_non_null(strstr(err.text, "missing/last.safetensors"));
    assert_int_equal(f.run.position.iteration, ITERATIONS); /* trained to the end in spite of them */
    struct lines ends = lines_of(&f, "end");
    assert_string_equal(text_of(ends.line[0], "status"), "interrupted");
    free_lines(&ends);
    end(&f);
}

static void test_one_process_a_directory(void **state)
{
    struct cb_run_dir first, second;
    struct cb_error err;
    assert_int_equal(put_file(in_folder(state, "last.safetensors.0123456789abcdef.tmp"), "x", 1), 0);
    assert_int_equal(put_file(in_folder(state, "notes.0123456789abcdef.tmp"), "x", 1), 0);
    assert_int_equal(cb_run_dir_open(&first, *state, 1, &err), CB_OK);
    assert_int_equal(cb_run_dir_has(in_folder(state, "last.safetensors.0123456789abcdef.tmp")), 0);
    assert_int_equal(cb_run_dir_has(in_folder(state, "notes.0123456789abcdef.tmp")), 1); /* not ours */
    assert_int_equal(cb_run_dir_open(&second, *state, 1, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "in use"));
    cb_run_dir_close(&second);
    assert_true(cb_run_dir_last_beat(&first) < 0);
    cb_run_dir_beat(&first, 12.5);
    cb_run_dir_beat(&first, 123456.75);
    assert_true(cb_run_dir_last_beat(&first) == 123456.75);
    cb_run_dir_close(&first);
}

/* What an observer was called with. */
struct seen {
    size_t calls;
    struct cb_record_iteration last;
};

static const char *stop_after_three(void *context, const struct cb_record_iteration *iteration)
{
    struct seen *seen = context;
    seen->calls++;
    seen->last = *iteration;
    return seen->calls == 3 ? "seen enough" : NULL;
}

static void an_observer_sees_each_iteration_and_stops_the_run(void **state)
{
    static struct fixture f;
    struct seen seen = {0};
    struct cb_error err;
    begin(&f, *state, NULL, 0);
    f.run.observer = stop_after_three;
    f.run.observer_context = &seen;
    assert_int_equal(cb_run_train(&f.run, &err), CB_RUN_STOPPED);
    assert_int_equal(seen.calls, 3);
    assert_int_equal(f.run.position.iteration, 3);
    struct lines iterations = lines_of(&f, "iteration"), ends = lines_of(&f, "end");
    assert_int_equal(iterations.count, 3);
    assert_true((float)json_real_value(json_object_get(iterations.line[2], "loss")) == (float)seen.last.loss);
    assert_int_equal(seen.last.iteration, 2);
    assert_string_equal(json_string_value(json_object_get(ends.line[0], "reason")), "seen enough");
    free_lines(&iterations);
    free_lines(&ends);
    end(&f);
}

/* As a search of the learning rate runs: nothing but the losses. */
static void a_run_needs_no_log_directory_or_evaluation(void **state)
{
    static struct fixture whole, bare;
    struct cb_error err;
    begin(&whole, *state, NULL, 0);
    assert_int_equal(cb_run_train(&whole.run, &err), CB_RUN_COMPLETED);
    char expected[CB_SHA256_HEX];
    strcpy(expected, whole.run.position.loss_chain);
    end(&whole);
    begin(&bare, *state, NULL, 0);
    const struct cb_run_dir dir = bare.run.dir;
    struct cb_record *record = bare.run.record;
    assert_int_equal(unlink(dir.last) | unlink(dir.final), 0);
    bare.run.dir = (struct cb_run_dir){.lock = -1};
    bare.run.record = NULL;
    bare.run.eval = (struct cb_feed){0};
    bare.run.evaluated_on = bare.run.data_kind = NULL;
    bare.run.max_iterations = 0;
    assert_int_equal(cb_run_train(&bare.run, &err), CB_RUN_COMPLETED);
    assert_string_equal(bare.run.position.loss_chain, expected);
    assert_int_equal(bare.run.position.eval_images, 0);
    assert_true(!cb_run_dir_has(dir.last) && !cb_run_dir_has(dir.final));
    bare.run.dir = dir;
    bare.run.record = record;
    end(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_observer_sees_each_iteration_and_stops_the_run, make_temp_folder,
                                        remove_temp_folder),
        cmocka_unit_test_setup_teardown(a_run_needs_no_log_directory_or_evaluation, make_temp_folder,
                                        remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_an_epoch_sums_its_iterations, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_evaluations_and_target, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_stop_after_the_target, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_a_resumed_log_is_the_same, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_stopped_in_an_evaluation, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_an_evaluation_that_is_not_finite, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_weights_that_are_not_finite, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_a_stop_with_weights_that_are_not_finite, make_temp_folder,
                                        remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_checkpoints_that_cannot_be_written, make_temp_folder, remove_temp_folder),
        cmocka_unit_test_setup_teardown(test_one_process_a_directory, make_temp_folder, remove_temp_folder),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
