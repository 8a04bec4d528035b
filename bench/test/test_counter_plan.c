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
#include "counter_choice.h"
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
    {"PAPI_TLB_DM", MISSES, 2, true},      /* of the user's choice, and so are the next */
    {"PAPI_L1_DCA", NOTHING, 1, false},
    {"part::NATIVE:x=1", SCALAR, 3, true},
};

const char *cb_papi_ready(void)
{
    return NULL;
}

/* One of them is not of this CPU. */
size_t cb_papi_presets(const char **names, size_t max)
{
    static const char *const presets[] = {"PAPI_TOT_INS", "PAPI_TOT_CYC", "PAPI_TLB_DM", "PAPI_L1_DCA", "PAPI_FML_INS"};
    const size_t n = sizeof presets / sizeof *presets;
    assert_true(max >= n);
    memcpy(names, presets, sizeof presets);
    return n;
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

/* perf is the kernel's, and sees none: its page-faults are refused. */
void cb_loop_fault(size_t n)
{
    (void)n;
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
    assert_int_equal(plan->passes, 4);
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
    assert_int_equal(value_of(counters, CB_EVENT_COUNT, "PAPI PAPI_TLB_DM"), 2 * 14);
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

/* --- of the user's choice --- */

static const struct cb_planned_event *chosen(const char *name)
{
    for (size_t i = 0; i < cb_chosen_events(); i++)
        if (!strcmp(cb_chosen_name(i), name)) return &cb_counter_plan()->events[CB_EVENT_COUNT + i];
    fail_msg("%s is not chosen", name);
    return NULL;
}

static void test_chosen_events_are_tried_and_proven(void **state)
{
    (void)state;
    assert_int_equal(cb_chosen_events(), 7); /* instructions are counted anyway, nothing stands twice */
    /* With a loop of its own, though beside its like. */
    assert_true(chosen("PAPI_TOT_CYC")->proven);
    assert_string_equal(chosen("PAPI_TOT_CYC")->text, "chain of multiplications: 4800000 expected, 4800000 counted");
    /* Without: what it counts in all loops, as PAPI counts instructions right. */
    assert_true(chosen("PAPI_TLB_DM")->proven);
    assert_string_equal(chosen("PAPI_TLB_DM")->text,
                        "not proven, as no loop has a known number of them: 0 in 100000 plain instructions, 8192 in "
                        "4096 loads from flushed lines, 0 in 1000 first touches of pages");
    assert_true(chosen("part::NATIVE:x=1")->proven);
    assert_false(chosen("PAPI_L1_DCA")->proven);
    assert_string_equal(chosen("PAPI_L1_DCA")->text, "does not start");
    assert_false(chosen("PAPI_FML_INS")->proven);
    assert_string_equal(chosen("PAPI_FML_INS")->text, "no such event");
    assert_false(chosen("page-faults")->proven); /* refused, or forbidden */
    /* No loop has a number of these, and the kernel's cycles do not follow the made-up loops. */
    assert_false(chosen("dTLB-load-misses")->proven);
    assert_string_equal(chosen("dTLB-load-misses")->text,
                        "refused: no loop has a known number of them, and what counts "
                        "them counts no cycles right");
}

static void test_chosen_events_have_passes(void **state)
{
    (void)state;
    /* The pass before is full. */
    assert_int_equal(chosen("PAPI_TLB_DM")->pass, 3);
    assert_int_equal(chosen("PAPI_TOT_CYC")->pass, 3);
    assert_int_equal(chosen("part::NATIVE:x=1")->pass, 3);
    assert_int_equal(cb_counter_plan()->pass[3].n, 3);
}

static void test_names_that_are_not_known(void **state)
{
    (void)state;
    static const struct {
        const char *list, *says;
    } cases[] = {
        {"PAPI_TLB_DN", "--events: no event is called 'PAPI_TLB_DN'; did you mean PAPI_TLB_DM?"},
        {"page_faults,page-fault", "no event is called 'page-fault'; did you mean page-faults?"},
        {"instruction", "did you mean instructions?"},
        {"part::OTHER", "no event is called 'part::OTHER'; `cyclebench info` lists"}, /* PAPI can tell here */
        {"PAPI_TLB_DM,,page-faults", "no event is called ''"},
        {"\033[31m", "no event is called '?[31m'"},
        {"", "expected names of events, as in PAPI_TLB_DM,page-faults, got ''"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cb_error err;
        assert_int_equal(cb_choose_events("--events", cases[i].list, &err), CB_BAD_INPUT);
        if (!strstr(err.text, cases[i].says)) fail_msg("%s: %s", cases[i].list, err.text);
    }
    struct cb_error err;
    assert_int_equal(cb_choose_group("tlbs", NULL, &err), CB_BAD_INPUT);
    assert_string_equal(err.text,
                        "--group: expected one of cache, branch, flops, tlb, energy, got 'tlbs'; did you mean tlb?");
    assert_int_equal(cb_chosen_events(), 7);
}

static int choose(void **state)
{
    (void)state;
    struct cb_error err;
    const enum cb_status status = cb_choose_events(
        "--events",
        "PAPI_TLB_DM,instructions,PAPI_L1_DCA,PAPI_TOT_CYC,part::NATIVE:x=1,PAPI_TLB_DM,PAPI_FML_INS,page-faults,"
        "dTLB-load-misses",
        &err);
    if (status) print_message("# %s\n", err.text);
    return status ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_is_tried_and_proven),
        cmocka_unit_test(test_passes_hold_what_fits),
        cmocka_unit_test(test_counting_in_passes),
        cmocka_unit_test(test_description_has_the_proofs),
        cmocka_unit_test(test_chosen_events_are_tried_and_proven),
        cmocka_unit_test(test_chosen_events_have_passes),
        cmocka_unit_test(test_names_that_are_not_known),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("counter plan", tests, choose, NULL);
}
