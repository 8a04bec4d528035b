/* Change points: found where they are, few where there are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../lib/changes.h"

enum { N = 60 };

/* About normal: the sum of twelve uniform values. */
static double noise(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * 6364136223846793005 + 1442695040888963407;
        sum += (double)(*state >> 11) / 9007199254740992.0;
    }
    return sum;
}

static void test_one_step(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        uint64_t random = seed;
        double values[N];
        size_t at[N];
        for (size_t i = 0; i < N; i++) values[i] = 100 + noise(&random) + (i >= 35 ? 5 : 0);
        size_t n = cb_changes_of(values, N, at), found = 0;
        for (size_t i = 0; i < n; i++) found += at[i] == 35;
        assert_int_equal(found, 1);
    }
}

static void test_two_steps(void **state)
{
    (void)state;
    uint64_t random = 7;
    double values[N];
    size_t at[N];
    for (size_t i = 0; i < N; i++) values[i] = noise(&random) + (i >= 20 && i < 40 ? 8 : 0);
    assert_int_equal(cb_changes_of(values, N, at), 2);
    assert_int_equal(at[0], 20);
    assert_int_equal(at[1], 40);
}

/* At 5 % about one series of twenty has a change that is none; more than 15 of 100 has a chance below 1 in 10,000. */
static void test_false_alarms(void **state)
{
    (void)state;
    size_t alarms = 0, at[N];
    for (uint64_t seed = 1; seed <= 100; seed++) {
        uint64_t random = seed * 977;
        double values[30];
        for (size_t i = 0; i < 30; i++) values[i] = noise(&random);
        alarms += cb_changes_of(values, 30, at) > 0;
    }
    assert_in_range(alarms, 0, 15);
}

static void test_edges(void **state)
{
    (void)state;
    double values[CB_CHANGES_LONGEST + 1] = {0};
    size_t at[CB_CHANGES_LONGEST + 1];
    assert_int_equal(cb_changes_of(values, 0, at), 0);
    assert_int_equal(cb_changes_of(values, 1, at), 0);
    assert_int_equal(cb_changes_of(values, CB_CHANGES_LONGEST, at), 0);
    assert_int_equal(cb_changes_of(values, CB_CHANGES_LONGEST + 1, at), 0);
    for (size_t i = 10; i < 20; i++) values[i] = 1;
    assert_int_equal(cb_changes_of(values, 20, at), 1);
    assert_int_equal(at[0], 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_step), cmocka_unit_test(test_two_steps),
                                       cmocka_unit_test(test_false_alarms), cmocka_unit_test(test_edges)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
