/* What benchmark programs share: random buffers, comparing results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "bench.h"
#include "core/bf16.h"
#include "core/isa.h"
#include "core/team.h"

static void test_random_numbers_depend_on_the_seed_alone(void **state)
{
    (void)state;
    static float one[5003], three[5003], other[5003];
    struct cb_team *team;
    assert_int_equal(cb_team_create(&team, 1, 0, NULL), CB_OK);
    cb_fill_random(team, 7, CB_F32, one, 5003);
    cb_fill_random(team, 8, CB_F32, other, 5003);
    cb_team_destroy(team);
    assert_int_equal(cb_team_create(&team, 3, 0, NULL), CB_OK);
    cb_fill_random(team, 7, CB_F32, three, 5003);
    cb_team_destroy(team);
    assert_memory_equal(one, three, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    for (size_t i = 0; i < 5003; i++) assert_true(one[i] >= -1 && one[i] < 1);
    static uint16_t half[5003];
    assert_int_equal(cb_team_create(&team, 2, 0, NULL), CB_OK);
    cb_fill_random(team, 7, CB_BF16, half, 5003);
    cb_team_destroy(team);
    for (size_t i = 0; i < 5003; i++) assert_int_equal(half[i], cb_bf16_of(one[i]));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_numbers_depend_on_the_seed_alone),
        cmocka_unit_test(test_worst_difference),
    };
    if (cb_isa_select(NULL, NULL)) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
