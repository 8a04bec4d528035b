/* The counts of a run on a PMU that is not here: two passes, each thread with work of its own. This file stands in for
 * PAPI and for what this machine can count; folders stand for RAPL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/team.h"
#include "counter_papi.h"
#include "counter_plan.h"
#include "kernels.h"
#include "perf/run_perf.h"
#include "temp.h"

/* --- the machine ---------------------------------------------------------------------------------------------- */

enum { THREADS = 2, INSTRUCTIONS = 0, CYCLES = 1, EVENTS = 2, EVERY_PART = 1000, BROKEN = -5 };

static _Thread_local long long happened[EVENTS];
static _Thread_local int running = -1;
static bool parts_count; /* each start and stop adds EVERY_PART to what it counts */
static bool breaks;      /* the next stop fails */

int cb_papi_start(struct cb_papi_set *set, const int *codes, size_t n)
{
    (void)set;
    assert_int_equal(n, 1);
    assert_int_equal(running, -1);
    running = codes[0];
    happened[running] = 0;
    return 0;
}

int cb_papi_stop(struct cb_papi_set *set, long long *values)
{
    (void)set;
    values[0] = happened[running] + (parts_count ? EVERY_PART : 0);
    running = -1;
    return breaks ? BROKEN : 0;
}

/* Nobody chooses events here. */
const char *cb_papi_ready(void)
{
    return "not asked";
}

int cb_papi_code(const char *name, int *code)
{
    (void)name, (void)code;
    return BROKEN;
}

size_t cb_papi_presets(const char **names, size_t max)
{
    (void)names, (void)max;
    return 0;
}

const char *cb_papi_error(int error)
{
    return error == BROKEN ? "it broke" : "?";
}

const struct cb_counter_plan *cb_counter_plan(void)
{
    static const struct cb_expression instructions = {{"TEST_INS"}, {1}}, cycles = {{"TEST_CYC"}, {1}};
    static struct cb_counter_plan plan = {.passes = 2, .pass = {{{INSTRUCTIONS}, 1}, {{CYCLES}, 1}}};
    plan.events[CB_EVENT_INSTRUCTIONS] =
        (struct cb_planned_event){.proven = true, .expression = &instructions, .terms = 1, .pass = 0};
    plan.events[CB_EVENT_CYCLES] =
        (struct cb_planned_event){.proven = true, .expression = &cycles, .terms = 1, .pass = 1};
    strcpy(plan.events[CB_EVENT_FP_OPS].text, "not in this plan");
    return &plan;
}

/* --- a run ---------------------------------------------------------------------------------------------------- */

struct fixture {
    struct cb_model *model;
    struct cb_team *team;
    struct cb_run_perf *perf;
};

static void begin(struct fixture *f, size_t first_iteration, const char *root)
{
    struct cb_network network = cb_network_resnet(20);
    network.shortcut = 'A';
    network.numerics = CB_FP32_DIRECT;
    parts_count = breaks = false;
    assert_int_equal(cb_model_create(&f->model, &network, 2, NULL), CB_OK);
    assert_int_equal(cb_team_create(&f->team, THREADS, cb_model_scratch_bytes(&network), NULL), CB_OK);
    assert_int_equal(cb_run_perf_open(&f->perf, f->model, f->team, first_iteration, root, NULL), CB_OK);
}

static void end(struct fixture *f)
{
    cb_run_perf_close(f->perf);
    cb_team_destroy(f->team);
    cb_model_destroy(f->model);
}

/* Thread t: 100 (t + 1) instructions and 7 (t + 1) cycles for each unit. */
static void happen(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const long long units = *(const int *)context * (long long)(task + 1);
    happened[INSTRUCTIONS] += 100 * units;
    happened[CYCLES] += 7 * units;
}

static void piece(struct fixture *f, enum cb_run_work work, int units, int whole)
{
    cb_run_perf_begin(f->perf, work);
    cb_team_each(f->team, happen, &units);
    cb_run_perf_end(f->perf, whole);
    units = 12345; /* between pieces nothing is counted */
    cb_team_each(f->team, happen, &units);
}

/* A number below perf: "run.instructions.value", with an index for arrays. */
static const json_t *find(const json_t *json, const char *path)
{
    char part[64];
    for (size_t len; json && *path; path += len + (path[len] == '.')) {
        len = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(part)) : json_object_get(json, part);
    }
    return json;
}

static void expect(const json_t *perf, const char *path, json_int_t value)
{
    const json_t *found = find(perf, path);
    if (!json_is_integer(found)) fail_msg("%s: no number", path);
    if (json_integer_value(found) != value)
        fail_msg("%s: %lld, expected %lld", path, (long long)json_integer_value(found), (long long)value);
}

static void expect_text(const json_t *perf, const char *path, const char *part)
{
    const char *text = json_string_value(find(perf, path));
    if (!text || !strstr(text, part)) fail_msg("%s: '%s', expected '%s'", path, text ? text : "nothing", part);
}

static json_t *taken(const struct fixture *f)
{
    json_t *perf = cb_run_perf_json(f->perf);
    assert_non_null(perf);
    return perf;
}

/* --- the tests ------------------------------------------------------------------------------------------------ */

static void test_passes_take_turns_and_are_scaled(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 0, "/nowhere");
    for (int i = 0; i < 5; i++) piece(&f, CB_WORK_ITERATION, 1 + i, 1); /* the second is sampled: pass 0 as well */
    json_t *perf = taken(&f);
    expect(perf, "passes", 2);
    expect(perf, "run.iterations", 5);
    expect(perf, "run.instructions.counted_iterations", 4);
    expect(perf, "run.instructions.value", 3 * 100 * (1 + 2 + 3 + 5));
    expect(perf, "run.instructions.value_scaled", 3 * 100 * 11 * 5 / 4);
    expect_text(perf, "run.instructions.source", "PAPI TEST_INS");
    expect(perf, "run.cycles.counted_iterations", 1);
    expect(perf, "run.cycles.value", 3 * 7 * 4);
    expect(perf, "run.cycles.value_scaled", 3 * 7 * 4 * 5);
    expect(perf, "run.cpu_ns.counted_iterations", 5);
    assert_true(json_integer_value(find(perf, "run.cpu_ns.value")) > 0);
    assert_true(json_equal(find(perf, "run.cpu_ns.value"), find(perf, "run.cpu_ns.value_scaled")));
    for (json_int_t t = 0; t < THREADS; t++) {
        char path[64];
        snprintf(path, sizeof path, "run.threads.%d.instructions", (int)t);
        expect(perf, path, 100 * 11 * (t + 1));
        snprintf(path, sizeof path, "run.threads.%d.cycles_scaled", (int)t);
        expect(perf, path, 7 * 4 * 5 * (t + 1));
    }
    assert_true(json_is_null(find(perf, "run.fp_ops.value")));
    expect_text(perf, "run.fp_ops.reason", "not in this plan");
    assert_null(find(perf, "run.threads.0.fp_ops"));
    expect(perf, "instructions_per_step.value", 3 * 100 * 11 / 4);
    json_decref(perf);
    end(&f);
}

static void test_evaluations_are_scaled_apart(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 0, "/nowhere");
    for (int i = 0; i < 4; i++) piece(&f, CB_WORK_ITERATION, 1, 1);
    piece(&f, CB_WORK_EVALUATION, 50, 1);
    json_t *perf = taken(&f);
    expect(perf, "run.instructions.value", 3 * 100 * (3 + 50));
    expect(perf, "run.instructions.value_scaled", 3 * 100 * (4 + 50));
    assert_true(json_is_null(find(perf, "run.cycles.value")));
    expect_text(perf, "run.cycles.reason", "counted in none of 1 evaluations: 2 passes take turns");
    json_decref(perf);

    piece(&f, CB_WORK_EVALUATION, 999, 0); /* stopped: forgotten */
    piece(&f, CB_WORK_EVALUATION, 60, 1);
    perf = taken(&f);
    expect(perf, "run.evaluations", 2);
    expect(perf, "run.cycles.counted_evaluations", 1);
    expect(perf, "run.cycles.value_scaled", 3 * 7 * (4 + 2 * 60));
    json_decref(perf);
    end(&f);
}

static void test_a_piece_that_breaks_is_not_counted(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 0, "/nowhere");
    breaks = true;
    piece(&f, CB_WORK_ITERATION, 1, 1);
    piece(&f, CB_WORK_ITERATION, 1, 1);
    json_t *perf = taken(&f);
    expect_text(perf, "run.instructions.reason", "PAPI: it broke");
    json_decref(perf);
    breaks = false;
    piece(&f, CB_WORK_ITERATION, 4, 1);
    perf = taken(&f);
    expect(perf, "run.instructions.counted_iterations", 1);
    expect(perf, "run.instructions.value_scaled", 3 * 100 * 4 * 3);
    json_decref(perf);
    end(&f);
}

static void test_the_target_and_a_resumed_run(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 0, "/nowhere");
    for (int i = 0; i < 4; i++) piece(&f, CB_WORK_ITERATION, 1, 1);
    json_t *perf = taken(&f);
    assert_true(json_is_null(find(perf, "to_target")));
    expect_text(perf, "to_target_reason", "target not reached");
    json_decref(perf);
    cb_run_perf_at_target(f.perf);
    piece(&f, CB_WORK_ITERATION, 1, 1);
    cb_run_perf_at_target(f.perf); /* the first counts */
    perf = taken(&f);
    expect(perf, "to_target.iterations", 4);
    expect(perf, "to_target.instructions.value_scaled", 3 * 100 * 4);
    expect(perf, "run.instructions.value_scaled", 3 * 100 * 5);
    json_decref(perf);
    end(&f);

    begin(&f, 30, "/nowhere");
    piece(&f, CB_WORK_ITERATION, 1, 1);
    cb_run_perf_at_target(f.perf);
    perf = taken(&f);
    expect(perf, "first_iteration", 30);
    assert_true(json_is_null(find(perf, "run")) && json_is_null(find(perf, "to_target")));
    expect_text(perf, "run_reason", "resumed after iteration 30: only its last session is counted");
    expect_text(perf, "to_target_reason", "resumed after iteration 30");
    expect(perf, "session.instructions.value", 3 * 100);
    json_decref(perf);
    end(&f);
}

static void test_samples_meet_every_pass(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 0, "/nowhere");
    json_t *perf = taken(&f);
    assert_true(json_is_null(find(perf, "layers.counted_iterations.cpu_ns")));
    expect_text(perf, "layers.counted_iterations.cpu_ns_reason", "no iteration was sampled");
    expect_text(perf, "run.cpu_ns.reason", "no iteration and no evaluation");
    json_decref(perf);
    for (int i = 0; i < 2; i++) piece(&f, CB_WORK_ITERATION, 1, 1);
    perf = taken(&f);
    expect_text(perf, "layers.counted_iterations.cycles_reason", "counted in none of 1 sampled iterations");
    json_decref(perf);
    for (int i = 2; i < 2 * CB_PERF_SAMPLE_EVERY + 2; i++) piece(&f, CB_WORK_ITERATION, 1, 1);
    perf = taken(&f);
    expect(perf, "layers.sampled_iterations", 3);
    expect(perf, "layers.counted_iterations.instructions", 2);
    expect(perf, "layers.counted_iterations.cycles", 1);
    expect(perf, "layers.counted_iterations.cpu_ns", 3);
    json_decref(perf);
    end(&f);
}

/* Each part of a step counts EVERY_PART a thread: a row has as many as it has calls in the sampled step. */
static void test_rows_get_their_operations(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 0, "/nowhere");
    cb_model_init(f.model, 1);
    memset(cb_model_input(f.model), 0, (size_t)2 * 3 * 32 * 32 * sizeof(float));
    const struct cb_step_options options = {.n = 2, .labels = (const uint8_t[2]){1, 2}, .lr = 0.01f};
    parts_count = true;
    for (int i = 0; i < 3; i++) {
        cb_run_perf_begin(f.perf, CB_WORK_ITERATION);
        cb_run_perf_fed(f.perf);
        cb_model_train_step(f.model, f.team, &options);
        cb_model_update(f.model, f.team, &options);
        cb_run_perf_end(f.perf, 1);
    }
    json_t *perf = taken(&f);
    size_t index;
    const json_t *row, *rows = find(perf, "layers.rows");
    json_int_t calls = 0;
    double flops = 0;
    expect(perf, "layers.sampled_iterations", 1);
    assert_true(json_array_size(rows) > 10);
    json_array_foreach(rows, index, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const json_t *all = json_object_get(row, "calls"); /* in three steps */
        const json_int_t of_a_step = all ? json_integer_value(all) / 3 : 1;
        if (!all) assert_true(!strcmp(name, "augmentation") || !strcmp(name, "rest"));
        expect(row, "instructions", of_a_step * EVERY_PART * THREADS);
        expect(row, "instructions_scaled", 3 * of_a_step * EVERY_PART * THREADS);
        assert_non_null(json_object_get(row, "cpu_ns"));
        calls += of_a_step;
        flops += all ? json_real_value(json_object_get(row, "flops")) : 0;
    }
    /* The sampled step in its parts, the others as a whole. */
    expect(perf, "run.instructions.value", (calls + 2) * EVERY_PART * THREADS);
    assert_true(flops > 1e8);
    expect(perf, "run.flops.value", (json_int_t)flops);
    expect_text(perf, "run.flops.source", "analytic");
    json_decref(perf);
    end(&f);
}

/* --- RAPL ----------------------------------------------------------------------------------------------------- */

static const char *const folders[] = {"sys", "sys/class", "sys/class/powercap", "sys/class/powercap/intel-rapl:0"};
static const char *const files[] = {"name", "energy_uj", "max_energy_range_uj"};

static void put(void **state, const char *file, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folders[3], file);
    assert_int_equal(put_file(in_folder(state, path), text, strlen(text)), 0);
}

static int make_powercap(void **state)
{
    if (make_temp_folder(state)) return -1;
    for (size_t i = 0; i < 4; i++)
        if (mkdir(in_folder(state, folders[i]), 0700)) return -1;
    put(state, files[0], "package-0\n");
    put(state, files[1], "8000000\n");
    put(state, files[2], "9000000\n");
    return 0;
}

static int remove_powercap(void **state)
{
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[3], files[i]);
        unlink(in_folder(state, path));
    }
    for (size_t i = 4; i-- > 0;) rmdir(in_folder(state, folders[i]));
    return remove_temp_folder(state);
}

static void expect_joules(const struct fixture *f, double expected)
{
    json_t *perf = taken(f);
    const double joules = json_real_value(find(perf, "run.joules.value"));
    if (!(fabs(joules - expected) < 1e-9)) fail_msg("%g J, expected %g", joules, expected);
    json_decref(perf);
}

static void test_joules_over_counters_that_begin_anew(void **state)
{
    struct fixture f;
    begin(&f, 0, *state);
    put(state, "energy_uj", "1000000\n"); /* began anew: 2 J */
    piece(&f, CB_WORK_ITERATION, 1, 1);
    expect_joules(&f, 2);
    put(state, "energy_uj", "8500000\n");
    piece(&f, CB_WORK_ITERATION, 1, 1);
    cb_run_perf_at_target(f.perf);
    put(state, "energy_uj", "500000\n"); /* and once more */
    piece(&f, CB_WORK_EVALUATION, 1, 1);
    expect_joules(&f, 2 + 7.5 + 1);
    put(state, "energy_uj", "no number\n");
    piece(&f, CB_WORK_EVALUATION, 1, 1);
    put(state, "energy_uj", "600000\n");
    piece(&f, CB_WORK_EVALUATION, 1, 1);
    json_t *perf = taken(&f);
    assert_true(json_is_null(find(perf, "run.joules.value")));
    expect_text(perf, "run.joules.reason", "could not be read any more");
    assert_true(fabs(json_real_value(find(perf, "to_target.joules.value")) - 9.5) < 1e-9);
    json_decref(perf);
    end(&f);

    begin(&f, 0, "/nowhere");
    perf = taken(&f);
    expect_text(perf, "run.joules.reason", "no RAPL package");
    json_decref(perf);
    end(&f);
}

static void test_nothing_is_counted_without_it(void **state)
{
    (void)state;
    cb_run_perf_begin(NULL, CB_WORK_ITERATION);
    cb_run_perf_fed(NULL);
    cb_run_perf_end(NULL, 1);
    cb_run_perf_at_target(NULL);
    assert_null(cb_run_perf_json(NULL));
    cb_run_perf_print(NULL);
    cb_run_perf_close(NULL);
}

static int select_isa(void **state)
{
    (void)state;
    return cb_isa_select(NULL, NULL) == CB_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes_take_turns_and_are_scaled),
        cmocka_unit_test(test_evaluations_are_scaled_apart),
        cmocka_unit_test(test_a_piece_that_breaks_is_not_counted),
        cmocka_unit_test(test_the_target_and_a_resumed_run),
        cmocka_unit_test(test_samples_meet_every_pass),
        cmocka_unit_test(test_rows_get_their_operations),
        cmocka_unit_test_setup_teardown(test_joules_over_counters_that_begin_anew, make_powercap, remove_powercap),
        cmocka_unit_test(test_nothing_is_counted_without_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("counts of a run", tests, select_isa, NULL);
}
