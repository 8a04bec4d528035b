/* Planning and counting on hardware that is not here: four counters, an event that lies, one that is always 0, some
 * that do not exist. This file stands in for PAPI, the kernel, the processor and the loops, which feed the counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/team.h"
#include "counter_cause.h"
#include "counter_loops.h"
#include "counter_papi.h"
#include "counter_plan.h"
#include "counters.h"
#include "processor.h"

/* --- the machine ---------------------------------------------------------------------------------------------- */

enum { COUNTERS = 4, NO_EVENT = -7, CONFLICT = -8, NO_START = -9 };
enum signal { INSTRUCTIONS, CYCLES, SCALAR, WIDE, BRANCHES, BRANCH_MISSES, MISSES, NOTHING, SIGNALS };

/* What has happened to each thread so far. */
static _Thread_local uint64_t happened[SIGNALS];
static _Thread_local uint64_t at_start[SIGNALS];
static _Thread_local int running[COUNTERS];
static _Thread_local size_t running_n;

static const struct event {
    const char *name;
    enum signal signal;
    unsigned factor;
    bool starts;
} events[] = {
    {"PAPI_TOT_INS", INSTRUCTIONS, 1, true},
    {"PAPI_TOT_CYC", CYCLES, 1, true},
    {"perf_raw::r02c7", SCALAR, 1, true},
    {"perf_raw::r08c7", NOTHING, 1, true},
    {"perf_raw::r20c7", NOTHING, 1, true},
    {"perf_raw::r80c7", WIDE, 1, true},
    {"perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS", BRANCHES, 1, true},
    {"PAPI_BR_MSP", BRANCH_MISSES, 1, true},
    {"perf_raw::r08d1", MISSES, 16, true}, /* lies */
    {"PAPI_L1_DCM", MISSES, 1, true},
    {"perf_raw::r10d1", MISSES, 1, true},
    {"perf_raw::r20d1", NOTHING, 1, true}, /* always 0 */
    {"PAPI_L3_LDM", MISSES, 1, false},     /* known, but does not start */
};

const char *cb_papi_ready(void)
{
    return NULL;
}

int cb_papi_code(const char *name, int *code)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (!strcmp(events[i].name, name)) {
            *code = (int)i;
            return 0;
        }
    return NO_EVENT;
}

int cb_papi_start(struct cb_papi_set *set, const int *codes, size_t n)
{
    set->id = 0;
    assert_int_equal(running_n, 0);
    if (n > COUNTERS) return CONFLICT;
    for (size_t i = 0; i < n; i++)
        if (!events[codes[i]].starts) return NO_START;
    memcpy(running, codes, n * sizeof *codes);
    running_n = n;
    memcpy(at_start, happened, sizeof at_start);
    return 0;
}

int cb_papi_stop(struct cb_papi_set *set, long long *values)
{
    (void)set;
    for (size_t i = 0; i < running_n; i++) {
        const struct event *event = &events[running[i]];
        values[i] = (long long)(event->factor * (happened[event->signal] - at_start[event->signal]));
    }
    running_n = 0;
    return 0;
}

const char *cb_papi_error(int error)
{
    return error == NO_EVENT ? "no such event" : error == CONFLICT ? "conflict" : "does not start";
}

int cb_counter_probe(void)
{
    return 0;
}

int cb_counter_paranoid(void)
{
    return 2;
}

void cb_counter_cause(char *text, size_t bytes, int error, int paranoid, bool virtual_machine)
{
    (void)error, (void)paranoid, (void)virtual_machine;
    snprintf(text, bytes, "not asked");
}

void cb_processor_identify(struct cb_cpu *cpu)
{
    *cpu = (struct cb_cpu){"GenuineIntel", 6, 0x8f};
}

bool cb_processor_is_virtual(void)
{
    return false;
}

bool cb_loops_available(void)
{
    return true;
}

static void happen(enum signal signal, size_t n)
{
    happened[signal] += n;
    happened[INSTRUCTIONS] += signal == INSTRUCTIONS ? 0 : n;
}

void cb_loop_plain(size_t n)
{
    happen(INSTRUCTIONS, (CB_PLAIN_INSTRUCTIONS - 1) * n);
    happen(BRANCHES, n);
}

void cb_loop_multiply(size_t n)
{
    happen(CYCLES, 3 * CB_CHAINED_MULTIPLICATIONS * n);
}

void cb_loop_random_branches(size_t n)
{
    happen(BRANCH_MISSES, n / 2);
}

void cb_loop_fma(size_t n)
{
    happen(WIDE, 2 * n);
    happen(SCALAR, n);
}

double cb_loop_fma_flops(void)
{
    return 2 * 16 + 1;
}

void cb_loop_cold_prepare(void) {}

void cb_loop_cold(size_t n)
{
    happen(MISSES, n);
}

void cb_loop_warm_prepare(void) {}

void cb_loop_warm(size_t n)
{
    happen(INSTRUCTIONS, n);
}

/* --- the tests ------------------------------------------------------------------------------------------------ */

static void test_every_event_is_tried_and_proven(void **state)
{
    (void)state;
    static const enum cb_event proven[] = {CB_EVENT_INSTRUCTIONS, CB_EVENT_CYCLES,        CB_EVENT_FP_OPS,
                                           CB_EVENT_BRANCHES,     CB_EVENT_BRANCH_MISSES, CB_EVENT_L1D_MISSES,
                                           CB_EVENT_L2_MISSES};
    const struct cb_counter_plan *plan = cb_counter_plan();
    for (size_t i = 0; i < sizeof proven / sizeof *proven; i++)
        if (!plan->events[proven[i]].proven) fail_msg("%s: %s", cb_event_name(proven[i]), plan->events[proven[i]].text);
    assert_string_equal(plan->events[CB_EVENT_INSTRUCTIONS].text,
                        "loop of plain instructions: 5000000 expected, 5000000 counted");
    /* What lies is refused, and the next is taken. */
    assert_string_equal(plan->events[CB_EVENT_L1D_MISSES].expression->names[0], "PAPI_L1_DCM");
    assert_string_equal(plan->events[CB_EVENT_L2_MISSES].expression->names[0], "perf_raw::r10d1");
    assert_string_equal(plan->events[CB_EVENT_BRANCHES].expression->names[0],
                        "perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS");
    const struct cb_planned_event *l3 = &plan->events[CB_EVENT_L3_MISSES];
    assert_false(l3->proven);
    assert_non_null(strstr(l3->text, "PAPI perf_raw::r20d1: refused: loads from flushed lines: 4096 expected"));
    assert_non_null(strstr(l3->text, "0 counted"));
    assert_non_null(strstr(l3->text, "PAPI PAPI_L3_LDM: does not start"));
    assert_non_null(strstr(l3->text, "PAPI perf::LLC-LOAD-MISSES: no such event"));
}

static void test_passes_hold_what_fits(void **state)
{
    (void)state;
    static const size_t expected[] = {
        [CB_EVENT_INSTRUCTIONS] = 0,  [CB_EVENT_CYCLES] = 0,     [CB_EVENT_FP_OPS] = 1,   [CB_EVENT_BRANCHES] = 2,
        [CB_EVENT_BRANCH_MISSES] = 2, [CB_EVENT_L1D_MISSES] = 2, [CB_EVENT_L2_MISSES] = 2};
    const struct cb_counter_plan *plan = cb_counter_plan();
    assert_int_equal(plan->passes, 3);
    for (enum cb_event event = 0; event < CB_EVENT_L3_MISSES; event++)
        assert_int_equal(plan->events[event].pass, expected[event]);
    assert_int_equal(plan->pass[0].n, 2);
    assert_int_equal(plan->pass[1].n, 4);
    assert_int_equal(plan->pass[2].n, 4);
}

static void work(void *context, size_t task, void *scratch)
{
    (void)context, (void)scratch;
    cb_loop_plain(10 * (task + 1));
    cb_loop_fma(task + 1);
    cb_loop_cold(7);
}

static uint64_t value_of(const struct cb_counters *counters, enum cb_event event, const char *source)
{
    struct cb_count count;
    cb_counters_read(counters, event, &count);
    if (!count.known) fail_msg("%s: %s", cb_event_name(event), count.reason);
    assert_string_equal(count.source, source);
    return count.value;
}

static void test_counting_in_passes(void **state)
{
    (void)state;
    struct cb_team *team;
    struct cb_counters *counters;
    struct cb_count count;
    assert_int_equal(cb_team_create(&team, 2, 0, NULL), CB_OK);
    assert_int_equal(cb_counters_open(&counters, team, NULL), CB_OK);
    for (size_t pass = 0; pass < cb_counters_passes(counters); pass++) {
        cb_counters_start(counters, pass);
        cb_team_each(team, work, NULL);
        cb_counters_stop(counters);
    }
    assert_int_equal(value_of(counters, CB_EVENT_INSTRUCTIONS, "PAPI PAPI_TOT_INS"), 3 * (10 * 50 + 3) + 2 * 7);
    assert_int_equal(value_of(counters, CB_EVENT_FP_OPS,
                              "PAPI perf_raw::r02c7 + 4 perf_raw::r08c7 + 8 perf_raw::r20c7 + 16 perf_raw::r80c7"),
                     3 * 33);
    assert_int_equal(value_of(counters, CB_EVENT_BRANCHES, "PAPI perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS"), 30);
    assert_int_equal(value_of(counters, CB_EVENT_L1D_MISSES, "PAPI PAPI_L1_DCM"), 14);
    assert_int_equal(value_of(counters, CB_EVENT_L2_MISSES, "PAPI perf_raw::r10d1"), 14);
    cb_counters_read_thread(counters, CB_EVENT_FP_OPS, 1, &count);
    assert_true(count.known && count.value == 2 * 33);
    cb_counters_read(counters, CB_EVENT_L3_MISSES, &count);
    assert_false(count.known);
    assert_non_null(strstr(count.reason, "refused"));
    cb_counters_close(counters);
    cb_team_destroy(team);
}

static void test_description_has_the_proofs(void **state)
{
    (void)state;
    json_t *counters = cb_counters_describe();
    assert_string_equal(json_string_value(json_object_get(counters, "instructions")), "PAPI PAPI_TOT_INS");
    assert_non_null(json_object_get(counters, "instructions_proof"));
    assert_null(json_object_get(counters, "instructions_reason"));
    assert_true(json_is_null(json_object_get(counters, "l3_misses")));
    assert_non_null(json_object_get(counters, "l3_misses_reason"));
    json_decref(counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_is_tried_and_proven),
        cmocka_unit_test(test_passes_hold_what_fits),
        cmocka_unit_test(test_counting_in_passes),
        cmocka_unit_test(test_description_has_the_proofs),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("counter plan", tests, NULL, NULL);
}
