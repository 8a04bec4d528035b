/* What benchmark programs share: random buffers, comparing results, sides in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "bench.h"
#include "core/isa.h"
#include "core/team.h"
#include "turns.h"

static void test_random_numbers_depend_on_the_seed_alone(void **state)
{
    (void)state;
    static float one[5003], three[5003], other[5003];
    struct cb_team *team;
    assert_int_equal(cb_team_create(&team, 1, 0, NULL), CB_OK);
    cb_fill_random(team, 7, one, 5003);
    cb_fill_random(team, 8, other, 5003);
    cb_team_destroy(team);
    assert_int_equal(cb_team_create(&team, 3, 0, NULL), CB_OK);
    cb_fill_random(team, 7, three, 5003);
    cb_team_destroy(team);
    assert_memory_equal(one, three, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    for (size_t i = 0; i < 5003; i++) assert_true(one[i] >= -1 && one[i] < 1);
}

static void test_worst_difference(void **state)
{
    (void)state;
    const float expected[] = {1, -4, 2}, near[] = {1, -4, 2.5f}, nan[] = {1, NAN, 2}, zeros[3] = {0};
    assert_true(cb_worst_difference(expected, expected, 3) == 0);
    assert_true(cb_worst_difference(zeros, zeros, 3) == 0);
    assert_true(cb_worst_difference(expected, near, 3) == 0.125);
    assert_true(isinf(cb_worst_difference(zeros, near, 3)));
    assert_true(isnan(cb_worst_difference(expected, nan, 3)));
    assert_true(isnan(cb_worst_difference(nan, expected, 3)));
}

/* --- sides in turn --- */

static char calls[256]; /* which side was called, changes only */

static enum cb_status note(void *context, struct cb_error *err)
{
    (void)err;
    const char *name = context;
    size_t n = strlen(calls);
    if (!n || calls[n - 1] != *name) calls[n] = *name;
    return CB_OK;
}

static enum cb_status refuse(void *context, struct cb_error *err)
{
    (void)context;
    return cb_fail(err, CB_UNAVAILABLE, "refused");
}

static void test_sides_take_turns(void **state)
{
    (void)state;
    static struct cb_side sides[] = {{.call = note, .context = "a"},
                                     {.call = note, .context = "b", .own_threads = true}};
    struct cb_team *team;
    double peak = 0;
    assert_int_equal(cb_team_create(&team, 2, 0, NULL), CB_OK);
    assert_int_equal(cb_time_in_turn(sides, 2, team, CB_F32, 3, &peak, NULL), CB_OK);
    cb_team_destroy(team);
    assert_string_equal(calls, "abababab");
    assert_true(peak > 0);
    for (size_t s = 0; s < 2; s++) {
        assert_true(sides[s].calls > 1);
        assert_true(sides[s].best_s > 0 && sides[s].best_s <= sides[s].median_s);
        assert_true(sides[s].median_s == sides[s].seconds[1]);
    }
}

static void test_a_failing_side_ends_the_contest(void **state)
{
    (void)state;
    static struct cb_side sides[] = {{.call = note, .context = "a"}, {.call = refuse}};
    struct cb_team *team;
    struct cb_error err;
    double peak;
    assert_int_equal(cb_team_create(&team, 1, 0, NULL), CB_OK);
    assert_int_equal(cb_time_in_turn(sides, 2, team, CB_F32, 3, &peak, &err), CB_UNAVAILABLE);
    cb_team_destroy(team);
    assert_string_equal(err.text, "refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_numbers_depend_on_the_seed_alone),
        cmocka_unit_test(test_worst_difference),
        cmocka_unit_test(test_sides_take_turns),
        cmocka_unit_test(test_a_failing_side_ends_the_contest),
    };
    if (cb_isa_select(NULL, NULL)) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
