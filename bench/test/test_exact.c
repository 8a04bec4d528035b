/* Counting by single steps: exact, repeatable, and a reason instead of a number where it cannot count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/isa.h"
#include "core/team.h"
#include "counter_loops.h"
#include "exact.h"

enum { LIMIT = 200000 };

static void plain(void *context)
{
    cb_loop_plain(*(size_t *)context);
}

static uint64_t counted(cb_work_fn *work, void *context)
{
    struct cb_count count;
    cb_count_by_step(&count, work, context, LIMIT);
    if (!count.known) fail_msg("%s", count.reason);
    assert_true(count.exact);
    assert_string_equal(count.source, "single-step");
    return count.value;
}

/* Everything below needs ptrace; a container may forbid it. */
static void need_ptrace(void)
{
    size_t n = 1;
    struct cb_count count;
    cb_count_by_step(&count, plain, &n, LIMIT);
    if (count.known || !strstr(count.reason, "forbids ptrace")) return;
    print_message("# SKIP single steps: [counters] %s\n", count.reason);
    skip();
}

static void test_known_work(void **state)
{
    (void)state;
    need_ptrace();
    size_t few = 10, many = 30;
    uint64_t short_run = counted(plain, &few), long_run = counted(plain, &many);
    assert_int_equal(long_run - short_run, 20 * CB_PLAIN_INSTRUCTIONS);
    assert_true(short_run >= 10 * CB_PLAIN_INSTRUCTIONS && short_run < 10 * CB_PLAIN_INSTRUCTIONS + 100);
    assert_int_equal(counted(plain, &many), long_run);
}

#if defined(__x86_64__)
static void copy_bytes(void *context)
{
    static char from[2000], to[2000];
    char *source = from, *destination = to;
    size_t n = *(size_t *)context;
    __asm__ volatile("rep movsb" : "+S"(source), "+D"(destination), "+c"(n) : : "memory");
}

static void test_a_repeated_instruction_is_one(void **state)
{
    (void)state;
    need_ptrace();
    size_t few = 10, many = 2000;
    assert_int_equal(counted(copy_bytes, &few), counted(copy_bytes, &many));
}
#endif

static void multiply_add(void *context)
{
    cb_loop_fma(*(size_t *)context);
}

/* Each instruction set of this CPU, AVX-512 too, which the emulators lack. */
static void test_every_instruction_set(void **state)
{
    (void)state;
    need_ptrace();
    for (enum cb_isa isa = 0; isa < CB_ISA_COUNT; isa++) {
        if (!cb_isa_available(isa)) continue;
        assert_int_equal(cb_isa_select(cb_isa_name(isa), NULL), CB_OK);
        size_t rounds[] = {10, 20, 30};
        uint64_t counts[3];
        for (size_t i = 0; i < 3; i++) counts[i] = counted(multiply_add, &rounds[i]);
        assert_int_equal(counts[1] - counts[0], counts[2] - counts[1]);
        assert_true(counts[1] - counts[0] >= 10 * 12); /* at least 12 chains */
    }
}

/* Reading the clock starts again when the kernel sets it meanwhile. */
static void read_clock(void *context)
{
    (void)context;
    struct timespec now;
    for (int i = 0; i < 40; i++) clock_gettime(CLOCK_MONOTONIC, &now);
}

static void test_reading_the_clock_repeats(void **state)
{
    (void)state;
    need_ptrace();
    read_clock(NULL);
    uint64_t first = counted(read_clock, NULL);
    for (int i = 0; i < 5; i++) assert_int_equal(counted(read_clock, NULL), first);
}

static void task(void *context, size_t number, void *scratch)
{
    (void)number, (void)scratch;
    cb_loop_plain(*(size_t *)context);
}

struct team_work {
    struct cb_team *team;
    size_t rounds;
};

static void run_team(void *context)
{
    struct team_work *work = context;
    cb_team_run(work->team, 3, task, &work->rounds);
}

static void test_a_team_of_one(void **state)
{
    (void)state;
    need_ptrace();
    struct cb_team *two;
    struct team_work few = {.rounds = 10}, many;
    assert_int_equal(cb_team_create(&two, 2, 0, NULL), CB_OK);
    cb_team_run(two, 2, task, &few.rounds); /* the runtime has its threads; the copy of the process has not */
    assert_int_equal(cb_team_create(&few.team, 1, 0, NULL), CB_OK);
    many = (struct team_work){few.team, 20};
    run_team(&few);
    assert_int_equal(counted(run_team, &many) - counted(run_team, &few), 3 * 10 * CB_PLAIN_INSTRUCTIONS);
    cb_team_destroy(few.team);
    cb_team_destroy(two);
}

static void give_up(void *context)
{
    (void)context;
    _exit(3);
}

static void break_down(void *context)
{
    (void)context;
    abort();
}

static void assert_missing(cb_work_fn *work, void *context, uint64_t limit, const char *reason)
{
    struct cb_count count;
    cb_count_by_step(&count, work, context, limit);
    assert_false(count.known);
    if (!strstr(count.reason, reason)) fail_msg("expected '%s' in: %s", reason, count.reason);
    json_t *json = cb_count_json(&count);
    assert_true(json_is_null(json_object_get(json, "value")));
    assert_string_equal(json_string_value(json_object_get(json, "source")), "unavailable");
    assert_string_equal(json_string_value(json_object_get(json, "reason")), count.reason);
    json_decref(json);
}

static void test_a_reason_instead_of_a_number(void **state)
{
    (void)state;
    need_ptrace();
    size_t many = 100;
    assert_missing(plain, &many, 1000, "more than 1000 instructions");
    assert_missing(give_up, NULL, LIMIT, "status 3");
}

static void test_a_work_that_breaks_down(void **state)
{
    (void)state;
    need_ptrace();
    struct cb_count count;
    cb_count_by_step(&count, break_down, NULL, LIMIT);
    assert_false(count.known);
    assert_non_null(strstr(count.reason, "ended"));
}

static void test_what_this_machine_has(void **state)
{
    (void)state;
    static const char *const keys[] = {"single_step", "callgrind", "qemu_user"};
    json_t *methods = cb_exact_describe();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char reason[64];
        snprintf(reason, sizeof reason, "%s_reason", keys[i]);
        const json_t *method = json_object_get(methods, keys[i]);
        assert_true(json_is_string(method) || json_is_string(json_object_get(methods, reason)));
    }
    json_decref(methods);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_work),
#if defined(__x86_64__)
        cmocka_unit_test(test_a_repeated_instruction_is_one),
#endif
        cmocka_unit_test(test_every_instruction_set),
        cmocka_unit_test(test_reading_the_clock_repeats),
        cmocka_unit_test(test_a_team_of_one),
        cmocka_unit_test(test_a_reason_instead_of_a_number),
        cmocka_unit_test(test_a_work_that_breaks_down),
        cmocka_unit_test(test_what_this_machine_has),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("exact counts", tests, NULL, NULL);
}
