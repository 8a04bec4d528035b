/* Events of one's choice as this machine counts them: the kernel's own, which need no PMU, against the kernel's
 * accounting; and the reason of those that it does not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/team.h"
#include "counter_choice.h"
#include "counter_loops.h"
#include "counter_names.h"
#include "counter_perf.h"
#include "counter_set.h"
#include "counters.h"

enum { THREADS = 2, PAGES = 500, OTHER_PAGES = 100 };

static void work(void *context, size_t task, void *scratch)
{
    (void)context, (void)scratch;
    cb_loop_fault(PAGES * (task + 1));
    cb_loop_plain(1000000);
}

static enum cb_event event_of(const char *name)
{
    enum cb_event event = CB_EVENT_COUNT;
    while (event < cb_event_end() && strcmp(cb_event_name(event), name)) event++;
    assert_true(event < cb_event_end());
    return event;
}

/* Whether the kernel lets us count this one; a sandbox may not. */
static bool is_allowed(const char *name)
{
    long long value;
    const int file = cb_perf_start(cb_perf_code(name));
    if (file >= 0) return !cb_perf_stop(file, &value);
    print_message("# SKIP %s: [counters] perf_event_open: %s\n", name, strerror(-file));
    return false;
}

/* The sanitizer's shadow memory is touched, too, so the loops that prove page faults count more than they expect. */
static bool counts_own_pages_only(void)
{
#if defined(CB_SANITIZED)
    print_message("# SKIP page-faults: [sanitizer] its shadow memory faults, too\n");
    return false;
#else
    return is_allowed("page-faults");
#endif
}

static void counted_as_the_kernel_accounts(void **state)
{
    (void)state;
    struct cb_team *team;
    struct cb_counters *counters;
    struct cb_count count, account;
    if (!counts_own_pages_only() || !is_allowed("task-clock")) skip();
    assert_int_equal(cb_team_create(&team, THREADS, 0, NULL), CB_OK);
    assert_int_equal(cb_counters_open(&counters, team, NULL), CB_OK);
    cb_counters_read(counters, event_of("page-faults"), &count);
    assert_false(count.known);
    assert_string_equal(count.reason, "no pass has counted this yet");
    for (size_t pass = 0; pass < cb_counters_passes(counters); pass++) {
        cb_counters_start(counters, pass);
        cb_team_each(team, work, NULL);
        cb_counters_stop(counters);
    }
    for (size_t t = 0; t < THREADS; t++) {
        cb_counters_read_thread(counters, event_of("page-faults"), t, &count);
        if (!count.known) fail_msg("%s", count.reason);
        assert_string_equal(count.source, "perf page-faults");
        assert_in_range(count.value, PAGES * (t + 1), PAGES * (t + 1) + OTHER_PAGES);
        cb_counters_read_thread(counters, event_of("task-clock"), t, &count);
        cb_counters_read_thread(counters, CB_EVENT_CPU_NS, t, &account);
        assert_true(count.known && account.known);
        assert_true((double)count.value > 0.5 * (double)account.value &&
                    (double)count.value < 2 * (double)account.value);
    }
    cb_counters_close(counters);
    cb_team_destroy(team);
}

/* null with a reason, or a source with a proof. */
static void each_is_described(void **state)
{
    (void)state;
    json_t *counters = cb_counters_describe();
    for (enum cb_event event = CB_EVENT_COUNT; event < cb_event_end(); event++) {
        char key[128];
        const json_t *source = json_object_get(counters, cb_event_name(event));
        assert_non_null(source);
        snprintf(key, sizeof key, "%s_%s", cb_event_name(event), json_is_null(source) ? "reason" : "proof");
        assert_true(json_string_length(json_object_get(counters, key)) > 0);
    }
    if (counts_own_pages_only())
        assert_non_null(strstr(json_string_value(json_object_get(counters, "page-faults_proof")),
                               "first touches of pages: 1000 expected, 10"));
    json_decref(counters);
}

static void every_name_is_here_or_has_a_reason(void **state)
{
    (void)state;
    json_t *names = cb_event_names_describe();
    const json_t *missing = json_object_get(names, "perf_missing"), *here = json_object_get(names, "perf");
    size_t n = 0;
    while (cb_perf_name(n)) n++;
    assert_int_equal(json_array_size(here) + json_object_size(missing), n);
    for (size_t i = 0; i < json_array_size(here); i++)
        assert_true(is_allowed(json_string_value(json_array_get(here, i))));
    const char *name;
    json_t *reason;
    json_object_foreach((json_t *)missing, name, reason) assert_true(json_string_length(reason) > 0);
    json_decref(names);
    json_t *groups = cb_event_groups_describe();
    for (const struct cb_event_group *group = cb_event_groups; group->name; group++) {
        char key[64];
        snprintf(key, sizeof key, "%s_reason", group->name);
        const json_t *works = json_object_get(groups, group->name);
        assert_true(json_array_size(works) > 0 || json_string_length(json_object_get(groups, key)) > 0);
    }
    json_decref(groups);
}

/* Three of the machine's counters at a time, opened and closed in any order, and none is left behind. */
static void sets_start_whole_or_not_at_all(void **state)
{
    (void)state;
    if (!is_allowed("page-faults") || !is_allowed("task-clock")) skip();
    struct cb_counter_set set;
    long long values[3];
    const int good[] = {cb_perf_code("page-faults"), cb_perf_code("task-clock"), cb_perf_code("page-faults")};
    assert_int_equal(cb_set_start(&set, good, 3), 0);
    cb_loop_fault(PAGES);
    assert_int_equal(cb_set_stop(&set, values), 0);
    assert_in_range(values[0], PAGES, PAGES + OTHER_PAGES);
    assert_in_range(values[2], PAGES, PAGES + OTHER_PAGES);
    assert_true(values[1] > 0);
    const int bad[] = {cb_perf_code("page-faults"), -77}; /* no code of PAPI's */
    const int before = dup(0);
    for (int i = 0; i < 3; i++) assert_true(cb_set_start(&set, bad, 2) != 0);
    const int after = dup(0);
    assert_int_equal(after, before + 1);
    close(before), close(after);
}

static int choose(void **state)
{
    (void)state;
    return cb_choose_events("--events", "page-faults,task-clock,context-switches,PAPI_TLB_DM,dTLB-load-misses", NULL) ||
                   cb_choose_group("tlb", NULL, NULL) || cb_choose_group("energy", NULL, NULL)
               ? -1
               : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_as_the_kernel_accounts),
        cmocka_unit_test(each_is_described),
        cmocka_unit_test(every_name_is_here_or_has_a_reason),
        cmocka_unit_test(sets_start_whole_or_not_at_all),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("chosen events", tests, choose, NULL);
}
