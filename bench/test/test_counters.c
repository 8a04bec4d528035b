/* The event table, the proofs against counters that lie, the reasons, and what this machine counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/isa.h"
#include "core/team.h"
#include "counter_cause.h"
#include "counter_loops.h"
#include "counter_papi.h"
#include "counter_plan.h"
#include "counter_proof.h"
#include "counter_table.h"
#include "counters.h"

/* --- the table ------------------------------------------------------------------------------------------------ */

static const char *best(const char *vendor, unsigned family, unsigned model, enum cb_event event)
{
    static char text[256];
    struct cb_cpu cpu = {.family = family, .model = model};
    snprintf(cpu.vendor, sizeof cpu.vendor, "%s", vendor);
    const struct cb_expression *candidates[CB_MAX_CANDIDATES];
    assert_true(cb_event_candidates(&cpu, event, candidates) > 0);
    cb_expression_text(candidates[0], text, sizeof text);
    return text;
}

static void test_event_table(void **state)
{
    (void)state;
    assert_string_equal(best("AuthenticAMD", 0x19, 0x11, CB_EVENT_FP_OPS), "PAPI perf_raw::r1f03");
    assert_string_equal(best("AuthenticAMD", 0x19, 0x61, CB_EVENT_L1D_MISSES), "PAPI perf_raw::rdf43");
    assert_string_equal(best("AuthenticAMD", 0x1a, 0x02, CB_EVENT_L3_MISSES), "PAPI perf_raw::rc843");
    assert_string_equal(best("AuthenticAMD", 0x19, 0x01, CB_EVENT_FP_OPS), "PAPI PAPI_SP_OPS"); /* Zen 3 */
    assert_string_equal(best("GenuineIntel", 6, 0x8f, CB_EVENT_FP_OPS),
                        "PAPI perf_raw::r02c7 + 4 perf_raw::r08c7 + 8 perf_raw::r20c7 + 16 perf_raw::r80c7");
    assert_string_equal(best("GenuineIntel", 6, 0x55, CB_EVENT_L2_MISSES), "PAPI PAPI_L2_DCM"); /* Skylake-X */
    assert_string_equal(best("0x41", 0, 0xd40, CB_EVENT_FP_OPS), "PAPI perf_raw::r80c1");
    assert_string_equal(best("0x41", 0, 0xd0c, CB_EVENT_FP_OPS), "PAPI PAPI_SP_OPS"); /* N1 counts instructions only */
    assert_string_equal(best("", 0, 0, CB_EVENT_INSTRUCTIONS), "PAPI PAPI_TOT_INS");
}

static void test_expression_is_a_weighted_sum(void **state)
{
    (void)state;
    const struct cb_expression *candidates[CB_MAX_CANDIDATES];
    struct cb_cpu cpu = {"GenuineIntel", 6, 0xcf};
    cb_event_candidates(&cpu, CB_EVENT_FP_OPS, candidates);
    const long long values[CB_MAX_TERMS] = {1, 2, 3, 4};
    assert_int_equal(cb_expression_total(candidates[0], values), 1 + 8 + 24 + 64);
    char small[12];
    cb_expression_text(candidates[0], small, sizeof small);
    assert_int_equal(strlen(small), sizeof small - 1);
}

/* --- the proofs ----------------------------------------------------------------------------------------------- */

/* What a counter of the event would count in the loop, were it perfect. */
static double truth(enum cb_event event, const struct cb_loop *loop)
{
    double n = (double)loop->n;
    switch (event) {
    case CB_EVENT_INSTRUCTIONS:
        return loop->run == cb_loop_plain ? n * CB_PLAIN_INSTRUCTIONS : 0;
    case CB_EVENT_CYCLES:
        return loop->run == cb_loop_multiply ? n * 3 * CB_CHAINED_MULTIPLICATIONS : n;
    case CB_EVENT_FP_OPS:
        return loop->run == cb_loop_fma ? n * cb_loop_fma_flops() : 0;
    case CB_EVENT_BRANCHES:
        return n;
    case CB_EVENT_BRANCH_MISSES:
        return loop->run == cb_loop_random_branches ? n / 2 : 10;
    default:
        return loop->run == cb_loop_cold ? n : 10;
    }
}

struct fake_counter {
    enum cb_event event;
    double factor, offset;
    unsigned wrong_once; /* the how manieth reading is 16 times too large; 0: none */
    const char *problem;
    unsigned readings;
};

static bool read_fake(void *context, const struct cb_loop *loop, uint64_t *count, const char **problem)
{
    struct fake_counter *fake = context;
    fake->readings++;
    *problem = fake->problem;
    double value = truth(fake->event, loop) * fake->factor + fake->offset;
    *count = (uint64_t)(fake->readings == fake->wrong_once ? 16 * value : value);
    return !fake->problem;
}

static void judge(struct fake_counter fake, bool expected)
{
    char text[256] = "";
    bool proven = cb_prove_event(fake.event, read_fake, &fake, text, sizeof text);
    if (proven != expected)
        fail_msg("%s: factor %g, offset %g: %s", cb_event_name(fake.event), fake.factor, fake.offset, text);
    assert_true(strlen(text) > 0);
    if (!expected && !fake.problem && !strstr(text, "refused")) fail_msg("no refusal: %s", text);
}

static void test_proofs_refuse_wrong_counters(void **state)
{
    (void)state;
    if (!cb_loops_available()) {
        print_message(
            "# SKIP test_proofs_refuse_wrong_counters: [counters] no loops of known work for this architecture\n");
        skip();
    }
    for (enum cb_event event = 0; event < CB_HARDWARE_EVENTS; event++) {
        judge((struct fake_counter){.event = event, .factor = 1}, true);
        judge((struct fake_counter){.event = event, .factor = 0}, false); /* a hypervisor that returns zeros */
        judge((struct fake_counter){.event = event, .factor = 16}, false);
        judge((struct fake_counter){.event = event, .factor = 0.25}, false);
        judge((struct fake_counter){.event = event, .factor = 1, .wrong_once = 1}, false);
        char text[256];
        struct fake_counter broken = {.event = event, .problem = "it does not start"};
        assert_false(cb_prove_event(event, read_fake, &broken, text, sizeof text));
        assert_string_equal(text, "it does not start");
    }
    static const enum cb_event exact[] = {CB_EVENT_INSTRUCTIONS, CB_EVENT_FP_OPS, CB_EVENT_BRANCHES};
    for (size_t i = 0; i < 3; i++) {
        judge((struct fake_counter){.event = exact[i], .factor = 1.005}, true);
        judge((struct fake_counter){.event = exact[i], .factor = 1.03}, false);
        judge((struct fake_counter){.event = exact[i], .factor = 0.97}, false);
    }
    /* They count something where there is nothing. */
    static const enum cb_event idle[] = {CB_EVENT_FP_OPS, CB_EVENT_BRANCH_MISSES, CB_EVENT_L1D_MISSES,
                                         CB_EVENT_L2_MISSES, CB_EVENT_L3_MISSES};
    for (size_t i = 0; i < 5; i++) {
        struct cb_loop work = {NULL, cb_loop_fma, 10000};
        double a_little = idle[i] == CB_EVENT_FP_OPS ? 0.005 * truth(idle[i], &work)
                                                     : (idle[i] == CB_EVENT_BRANCH_MISSES ? 5000 : 1000);
        judge((struct fake_counter){.event = idle[i], .factor = 1, .offset = a_little}, false);
    }
}

static void test_loops_run(void **state)
{
    (void)state;
    cb_loop_plain(10);
    cb_loop_multiply(10);
    cb_loop_random_branches(1000);
    cb_loop_fma(10);
    assert_true(cb_loop_fma_flops() >= 2);
    cb_loop_cold_prepare();
    cb_loop_cold(CB_COLD_LINES);
    cb_loop_warm_prepare();
    cb_loop_warm(1000);
}

/* --- the reasons ---------------------------------------------------------------------------------------------- */

static void test_reasons(void **state)
{
    (void)state;
    static const struct {
        int error, paranoid;
        bool virtual_machine;
        const char *part;
    } cases[] = {
        {EACCES, 4, true, "perf_event_paranoid is 4"},
        {EPERM, 3, false, "sysctl kernel.perf_event_paranoid=2"},
        {EACCES, 2, true, "seccomp"},
        {EPERM, -100, false, "seccomp"},
        {ENOENT, 2, true, "no PMU in this virtual"},
        {EOPNOTSUPP, 2, true, "no PMU in this virtual"},
        {ENOENT, 2, false, "drives no PMU"},
        {ENOSYS, 2, false, "no perf_event_open"},
        {EMFILE, 2, false, "open files"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        cb_counter_cause(text, sizeof text, cases[i].error, cases[i].paranoid, cases[i].virtual_machine);
        if (!strstr(text, cases[i].part)) fail_msg("expected '%s' in: %s", cases[i].part, text);
    }
}

/* --- this machine --------------------------------------------------------------------------------------------- */

enum { THREADS = 2, PAGES = 1024, PAGE = 4096, OTHER_PAGES = 500 /* touched by libraries and sanitizers */ };

static void work(void *context, size_t task, void *scratch)
{
    (void)context, (void)task, (void)scratch;
    char *memory = malloc((size_t)PAGES * PAGE);
    assert_non_null(memory);
    for (size_t i = 0; i < PAGES; i++) *(volatile char *)(memory + i * PAGE) = 1;
    free(memory);
    cb_loop_plain(100000);
}

static void assert_well_formed(const struct cb_count *count)
{
    json_t *json = cb_count_json(count);
    assert_non_null(json);
    assert_int_equal(json_is_integer(json_object_get(json, "value")), count->known);
    assert_int_equal(json_is_null(json_object_get(json, "value")), !count->known);
    assert_true(json_string_length(json_object_get(json, "source")) > 0);
    assert_int_equal(json_string_length(json_object_get(json, "reason")) > 0, !count->known);
    json_decref(json);
}

static void test_counting_here(void **state)
{
    (void)state;
    struct cb_team *team;
    struct cb_counters *counters;
    struct cb_count count, part;
    assert_int_equal(cb_team_create(&team, THREADS, 0, NULL), CB_OK);
    assert_int_equal(cb_counters_open(&counters, team, NULL), CB_OK);
    assert_true(cb_counters_passes(counters) >= 1);
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        cb_counters_read(counters, event, &count);
        assert_false(count.known); /* nothing was measured yet */
        assert_well_formed(&count);
    }
    for (size_t pass = 0; pass < cb_counters_passes(counters); pass++) {
        cb_counters_start(counters, pass);
        cb_team_each(team, work, NULL);
        cb_counters_stop(counters);
    }
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        cb_counters_read(counters, event, &count);
        assert_well_formed(&count);
        print_message("# %s: %s%s%s\n", cb_event_name(event), count.source, count.known ? "" : ": ", count.reason);
        uint64_t sum = 0;
        for (size_t t = 0; t < THREADS; t++) {
            cb_counters_read_thread(counters, event, t, &part);
            assert_int_equal(part.known, count.known);
            sum += part.value;
        }
        if (count.known) assert_int_equal(sum, count.value);
    }
    cb_counters_read(counters, CB_EVENT_CPU_NS, &count);
    assert_true(count.known && count.value > 100000);
    cb_counters_read(counters, CB_EVENT_PAGE_FAULTS, &count);
    assert_true(count.known && count.value >= 1);
    cb_counters_read(counters, CB_EVENT_CONTEXT_SWITCHES, &count);
    assert_true(count.known);
    cb_counters_read(counters, CB_EVENT_INSTRUCTIONS, &count);
    if (count.known) assert_true(count.value >= (uint64_t)THREADS * 100000 * CB_PLAIN_INSTRUCTIONS);
    cb_counters_close(counters);
    cb_counters_close(NULL);
    cb_team_destroy(team);
}

/* PAPI itself, with an event that needs no PMU in the place of two that do: page faults, and twice as many. */
static const struct cb_expression faults = {{"perf::PERF_COUNT_SW_PAGE_FAULTS"}, {1}};
static const struct cb_expression twice_faults = {{"perf::PERF_COUNT_SW_PAGE_FAULTS"}, {2}};

static bool plan_faults(struct cb_counter_plan *plan)
{
    int code;
    struct cb_papi_set set;
    long long value;
    const char *problem = cb_papi_ready();
    int error = problem ? 0 : cb_papi_code(faults.names[0], &code);
    if (!problem && !error) error = cb_papi_start(&set, &code, 1);
    if (!problem && !error) error = cb_papi_stop(&set, &value);
    if (error) problem = cb_papi_error(error);
    if (problem) {
        print_message("# SKIP test_counting_through_papi: [counters] %s\n", problem);
        return false;
    }
    memset(plan, 0, sizeof *plan);
    plan->passes = 2;
    for (size_t pass = 0; pass < 2; pass++) {
        plan->pass[pass].codes[0] = code;
        plan->pass[pass].n = 1;
    }
    plan->events[CB_EVENT_L1D_MISSES] =
        (struct cb_planned_event){.proven = true, .expression = &faults, .codes = {code}, .terms = 1, .pass = 0};
    plan->events[CB_EVENT_FP_OPS] =
        (struct cb_planned_event){.proven = true, .expression = &twice_faults, .codes = {code}, .terms = 1, .pass = 1};
    snprintf(plan->events[CB_EVENT_CYCLES].text, sizeof plan->events[CB_EVENT_CYCLES].text, "not in this plan");
    return true;
}

static void touch_pages(void *context, size_t task, void *scratch)
{
    (void)scratch;
    size_t pages = PAGES * (task + 1); /* each thread another number */
    (void)context;
    char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++) *(volatile char *)(memory + i * PAGE) = 1;
    munmap(memory, pages * PAGE);
}

static void test_counting_through_papi(void **state)
{
    (void)state;
    static struct cb_counter_plan plan;
    if (!plan_faults(&plan)) skip();
    struct cb_team *team;
    struct cb_counters *counters;
    struct cb_count count;
    assert_int_equal(cb_team_create(&team, THREADS, 0, NULL), CB_OK);
    assert_int_equal(cb_counters_open_plan(&counters, &plan, team, NULL), CB_OK);
    assert_int_equal(cb_counters_passes(counters), 2);
    for (size_t pass = 0; pass < 2; pass++) {
        cb_counters_start(counters, pass);
        cb_team_each(team, touch_pages, NULL);
        cb_counters_stop(counters);
        cb_counters_read(counters, CB_EVENT_FP_OPS, &count);
        assert_int_equal(count.known, pass == 1);
    }
    for (size_t t = 0; t < THREADS; t++) {
        uint64_t pages = PAGES * (t + 1);
        cb_counters_read_thread(counters, CB_EVENT_L1D_MISSES, t, &count);
        assert_true(count.known && count.value >= pages && count.value < pages + OTHER_PAGES);
        assert_string_equal(count.source, "PAPI perf::PERF_COUNT_SW_PAGE_FAULTS");
        cb_counters_read_thread(counters, CB_EVENT_FP_OPS, t, &count);
        assert_true(count.known && count.value >= 2 * pages && count.value < 2 * (pages + OTHER_PAGES));
        cb_counters_read_thread(counters, CB_EVENT_PAGE_FAULTS, t, &count);
        assert_true(count.known && count.value >= pages && count.value < pages + OTHER_PAGES);
    }
    cb_counters_read(counters, CB_EVENT_CYCLES, &count);
    assert_false(count.known);
    assert_string_equal(count.reason, "not in this plan");
    cb_counters_close(counters);
    cb_team_destroy(team);
}

/* Where libpfm does not know the CPU, PAPI initialises and has no event. In a child, since PAPI initialises once. */
static void test_papi_that_does_not_know_the_cpu_is_not_ready(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        setenv("LIBPFM_FORCE_PMU", "perf", 1); /* the kernel's own events alone: no CPU */
        _exit(cb_papi_ready() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* What PAPI does not know, or the kernel refuses, is an error with a text, also after other events were counted. */
static void test_papi_refuses(void **state)
{
    (void)state;
    int code;
    struct cb_papi_set set;
    const char *problem = cb_papi_ready();
    if (problem) {
        print_message("# SKIP test_papi_refuses: [counters] %s\n", problem);
        skip();
    }
    assert_int_not_equal(cb_papi_code("NO_SUCH_EVENT", &code), 0);
    assert_int_not_equal(cb_papi_code("perf_raw::nothing", &code), 0);
    assert_int_equal(cb_papi_code("perf_raw::r1f03", &code), 0);
    int error = cb_papi_start(&set, &code, 1);
    if (error)
        assert_true(strlen(cb_papi_error(error)) > 0);
    else
        assert_int_equal(cb_papi_stop(&set, (long long[1]){0}), 0);
}

static void nothing(void *context, size_t task, void *scratch)
{
    (void)context, (void)task, (void)scratch;
}

/* libgomp ends threads that a smaller team does not need, libomp keeps them. */
static void test_a_replaced_thread_is_told(void **state)
{
    (void)state;
    struct cb_team *three, *two;
    struct cb_counters *counters;
    struct cb_count count;
    assert_int_equal(cb_team_create(&two, 2, 0, NULL), CB_OK);
    assert_int_equal(cb_team_create(&three, 3, 0, NULL), CB_OK);
    assert_int_equal(cb_counters_open(&counters, three, NULL), CB_OK);
    cb_counters_start(counters, 0);
    cb_team_each(two, nothing, NULL);
    cb_counters_stop(counters);
    cb_counters_read_thread(counters, CB_EVENT_CPU_NS, 0, &count);
    assert_true(count.known);
    cb_counters_read(counters, CB_EVENT_CPU_NS, &count);
    if (!count.known) assert_non_null(strstr(count.reason, "OpenMP runtime"));
    cb_counters_close(counters);
    cb_team_destroy(three);
    cb_team_destroy(two);
}

static void test_description(void **state)
{
    (void)state;
    json_t *counters = cb_counters_describe();
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        char reason[64];
        snprintf(reason, sizeof reason, "%s_reason", cb_event_name(event));
        const json_t *value = json_object_get(counters, cb_event_name(event));
        assert_non_null(value);
        assert_int_equal(json_is_null(value), json_is_string(json_object_get(counters, reason)));
    }
    json_decref(counters);
}

static int select_isa(void **state)
{
    (void)state;
    return cb_isa_select(NULL, NULL) == CB_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_papi_that_does_not_know_the_cpu_is_not_ready), /* before PAPI is initialised here */
        cmocka_unit_test(test_event_table),
        cmocka_unit_test(test_expression_is_a_weighted_sum),
        cmocka_unit_test(test_proofs_refuse_wrong_counters),
        cmocka_unit_test(test_loops_run),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_counting_here),
        cmocka_unit_test(test_counting_through_papi),
        cmocka_unit_test(test_papi_refuses),
        cmocka_unit_test(test_a_replaced_thread_is_told),
        cmocka_unit_test(test_description),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("counters", tests, select_isa, NULL);
}
