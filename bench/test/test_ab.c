/* What cyclebench ab computes: the rank test, Holm's correction, verdicts on cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ab.h"
#include "core/random.h"

static void assert_near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-12 * fabs(expected))) fail_msg("got %.17g, expected %.17g", got, expected);
}

/* --- the rank test --- */

/* Two samples of n without ties in which `pairs` of the pairs (a, b) have the smaller in b: all of b is below the last
 * pairs / n of a, and the rest of the pairs are with the next one. */
static struct cb_rank_test test_with_pairs(size_t n, size_t pairs)
{
    double a[CB_RANK_MAX], b[CB_RANK_MAX];
    for (size_t i = 0; i < n; i++) {
        size_t below = pairs >= n ? n : pairs; /* of b */
        a[i] = (double)below + 0.5 + (double)i * 1e-6;
        b[i] = (double)(i + 1);
        pairs -= below;
    }
    return cb_rank_test_of(&(struct cb_sample){a, n}, &(struct cb_sample){b, n});
}

/* The critical values of the printed tables, two-sided, 5 %: U = 2 of five and five, 23 of ten and ten. */
static void test_tables(void **state)
{
    (void)state;
    assert_near(test_with_pairs(5, 2).p, 8. / 252);
    assert_near(test_with_pairs(5, 3).p, 14. / 252);
    assert_near(test_with_pairs(5, 0).p, 2. / 252);
    assert_near(test_with_pairs(10, 0).p, 2. / 184756);
    assert_near(test_with_pairs(10, 100).p, 2. / 184756);
    assert_true(test_with_pairs(10, 23).p < 0.05 && test_with_pairs(10, 24).p > 0.05);
    assert_near(test_with_pairs(10, 77).p, test_with_pairs(10, 23).p);
    assert_near(test_with_pairs(10, 50).p, 1);
    assert_near(test_with_pairs(10, 23).share_b, 0.23);
    assert_near(test_with_pairs(20, 127).p, test_with_pairs(20, 273).p); /* the table's value of twenty and twenty */
    assert_true(test_with_pairs(20, 127).p < 0.05 && test_with_pairs(20, 128).p > 0.05);
    for (size_t n = 5; n <= CB_RANK_MAX; n++) assert_near(test_with_pairs(n, 0).p, cb_rank_least_p(n));
}

static void test_ties(void **state)
{
    (void)state;
    double ones[] = {1, 1}, twos[] = {2, 2}, mixed[] = {1, 2};
    struct cb_rank_test t =
        cb_rank_test_of(&(struct cb_sample){twos, 2}, &(struct cb_sample){ones, 2}); /* 2 of 6 ways */
    assert_near(t.p, 1. / 3);
    assert_near(t.share_b, 1);
    t = cb_rank_test_of(&(struct cb_sample){ones, 2}, &(struct cb_sample){mixed, 2});
    assert_near(t.p, 1);
    assert_near(t.share_b, 0.25);
    t = cb_rank_test_of(&(struct cb_sample){ones, 2}, &(struct cb_sample){ones, 2});
    assert_near(t.p, 1);
    assert_near(t.share_b, 0.5);
}

/* The definition: over all ways to choose na of the numbers, how far the pairs won are from half of all. */
static double p_by_definition(const double *numbers, unsigned n, unsigned na, unsigned chosen)
{
    double observed = 0, far = 0, all = 0;
    for (int pass = 0; pass < 2; pass++)
        for (unsigned way = pass ? 0 : chosen; way < (pass ? 1u << n : chosen + 1); way++) {
            if ((unsigned)__builtin_popcount(way) != na) continue;
            double won = 0;
            for (unsigned i = 0; i < n; i++)
                for (unsigned j = 0; j < n; j++)
                    if ((way >> i & 1) && !(way >> j & 1))
                        won += numbers[j] < numbers[i] ? 1 : numbers[j] == numbers[i] ? 0.5 : 0;
            double distance = fabs(won - na * (n - na) / 2.);
            if (!pass) observed = distance;
            all += pass;
            far += pass && distance >= observed;
        }
    return far / all;
}

static void test_against_the_definition(void **state)
{
    (void)state;
    for (uint32_t draw = 0; draw < 200; draw++) {
        double numbers[10];
        unsigned na = 2 + draw % 5, n = na + 2 + draw / 5 % 3; /* also unequal sides */
        for (unsigned i = 0; i < n; i++) {
            uint32_t bits[4];
            cb_random_bits(1, CB_RANDOM_SYNTHETIC, draw, i, bits);
            numbers[i] = bits[0] % (draw % 2 ? 5 : 1000000); /* with many ties, or none */
        }
        struct cb_sample a = {numbers, na}, b = {numbers + na, n - na};
        assert_near(cb_rank_test_of(&a, &b).p, p_by_definition(numbers, n, na, (1u << na) - 1));
    }
}

static void test_holm(void **state)
{
    (void)state;
    static const double p[] = {0.01, 0.04, 0.03, 0.005}, expected[] = {0.03, 0.06, 0.06, 0.02};
    static const double same[] = {0.02, 0.5, 0.02}, of_same[] = {0.06, 0.5, 0.06};
    double adjusted[4];
    cb_holm(p, adjusted, 4);
    for (size_t i = 0; i < 4; i++) assert_near(adjusted[i], expected[i]);
    cb_holm(same, adjusted, 3);
    for (size_t i = 0; i < 3; i++) assert_near(adjusted[i], of_same[i]);
    cb_holm((const double[]){0.9, 0.8}, adjusted, 2);
    assert_true(adjusted[0] == 1 && adjusted[1] == 1);
}

/* Twenty cases of equal builds, ten rounds: seldom is any called different. */
static void test_equal_builds(void **state)
{
    (void)state;
    enum { RUNS = 1000, CASES = 20, ROUNDS = 10 };
    size_t wrong = 0;
    for (uint32_t run = 0; run < RUNS; run++) {
        double p[CASES], adjusted[CASES], x[2 * ROUNDS], least = 1;
        for (uint32_t c = 0; c < CASES; c++) {
            for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
                uint32_t bits[4];
                cb_random_bits(c, CB_RANDOM_SYNTHETIC, run, i, bits);
                x[i] = exp(8 * (double)cb_random_unit(bits[0])); /* as skewed as a machine with neighbours */
            }
            p[c] = cb_rank_test_of(&(struct cb_sample){x, ROUNDS}, &(struct cb_sample){x + ROUNDS, ROUNDS}).p;
        }
        cb_holm(p, adjusted, CASES);
        for (size_t c = 0; c < CASES; c++) least = fmin(least, adjusted[c]);
        wrong += least <= cb_ab_significance;
    }
    /* 5 % at most, and three standard deviations; none at all would be a test that finds nothing. */
    if (wrong < 10 || wrong > 70) fail_msg("%zu of %d runs", wrong, RUNS);
}

/* --- cases --- */

static struct cb_error err;

static json_t *row(const char *name, double time, const char *unit)
{
    return json_pack("{s:s, s:s, s:f, s:s}", "name", name, "contest", "k", "real_time", time, "time_unit", unit);
}

/* Takes the reference of rows. */
static enum cb_status add(struct cb_ab *ab, enum cb_ab_side side, size_t round, json_t *rows)
{
    json_t *result = json_pack("{s:o}", "benchmarks", rows);
    enum cb_status status = cb_ab_add(ab, side, round, result, &err);
    json_decref(result);
    return status;
}

static const struct cb_ab_case *case_of(const struct cb_ab *ab, const char *name)
{
    for (size_t i = 0; i < ab->n; i++)
        if (!strcmp(ab->cases[i].name, name)) return &ab->cases[i];
    fail_msg("no case %s", name);
    return NULL;
}

static void test_verdicts(void **state)
{
    (void)state;
    struct cb_ab ab = {.rounds = 10};
    for (size_t round = 0; round < ab.rounds; round++) {
        double noise = (double)(round * 7 % 10) / 1000, other = (double)(round * 3 % 10) / 1000;
        assert_int_equal(add(&ab, CB_OLD_BUILD, round,
                             json_pack("[o, o, o, o]", row("k/same", 1 + noise, "us"), row("k/slower", 1 + noise, "us"),
                                       row("k/faster", 1 + noise, "us"), row("k/gone", 1, "us"))),
                         CB_OK);
        json_t *rows = json_pack("[o, o, o]", row("k/same", 1000 * (1 + other), "ns"),
                                 row("k/slower", 1.1 + other, "us"), row("k/faster", 0.8 + other, "us"));
        if (round != 4) json_array_append_new(rows, row("k/now and then", 1, "us"));
        assert_int_equal(add(&ab, CB_NEW_BUILD, round, rows), CB_OK);
    }
    assert_int_equal(cb_ab_compare(&ab, &err), CB_OK);
    assert_int_equal(ab.n, 5);
    assert_int_equal(cb_ab_compared(&ab), 3);
    assert_int_equal(case_of(&ab, "k/same")->verdict, CB_NO_DIFFERENCE);
    assert_int_equal(case_of(&ab, "k/slower")->verdict, CB_SLOWER);
    assert_int_equal(case_of(&ab, "k/faster")->verdict, CB_FASTER);
    assert_int_equal(case_of(&ab, "k/gone")->verdict, CB_NOT_COMPARED);
    assert_int_equal(case_of(&ab, "k/now and then")->verdict, CB_NOT_COMPARED);
    assert_int_equal(case_of(&ab, "k/now and then")->sample[CB_NEW_BUILD].n, 9);
    const struct cb_ab_case *slower = case_of(&ab, "k/slower");
    assert_near(slower->adjusted_p, 3 * 2. / 184756); /* of the cases compared, not of all */
    assert_true(fabs(slower->ratio.ratio - 1 / 1.1) < 0.002 && slower->ratio.low < slower->ratio.high);
    assert_near(case_of(&ab, "k/same")->ratio.ratio, 1);
    assert_near(ab.geometric_mean, cbrt(slower->ratio.ratio * case_of(&ab, "k/faster")->ratio.ratio));
    cb_ab_free(&ab);
}

static void test_rounds_needed(void **state)
{
    (void)state;
    assert_int_equal(cb_ab_rounds_needed(6), 5); /* 6 * 2 / 252 is below 0.05, 7 * 2 / 252 is not */
    assert_int_equal(cb_ab_rounds_needed(7), 6);
    assert_int_equal(cb_ab_rounds_needed(4618), 10);
    assert_int_equal(cb_ab_rounds_needed(4620), 11);
}

static void test_wrong_results(void **state)
{
    (void)state;
    struct cb_ab ab = {.rounds = 5};
    assert_int_equal(add(&ab, CB_OLD_BUILD, 0, json_array()), CB_FAILED);
    assert_int_equal(add(&ab, CB_OLD_BUILD, 0, json_string("x")), CB_FAILED);
    assert_int_equal(add(&ab, CB_OLD_BUILD, 0, json_pack("[{}]")), CB_FAILED);
    assert_non_null(strstr(err.text, "no name"));
    assert_int_equal(
        add(&ab, CB_OLD_BUILD, 0, json_pack("[{s:s, s:n, s:s}]", "name", "x", "real_time", "time_unit", "ns")),
        CB_FAILED);
    assert_int_equal(add(&ab, CB_OLD_BUILD, 0, json_pack("[o]", row("x", 1, "hours"))), CB_FAILED);
    assert_int_equal(add(&ab, CB_OLD_BUILD, 0, json_pack("[o]", row("x", 0, "ns"))), CB_FAILED);
    assert_non_null(strstr(err.text, "x has no real_time above 0"));
    assert_int_equal(ab.n, 0);
    assert_int_equal(add(&ab, CB_OLD_BUILD, 0, json_pack("[o, o]", row("x", 1, "ns"), row("x", 1, "ns"))), CB_FAILED);
    assert_non_null(strstr(err.text, "x twice"));
    cb_ab_free(&ab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_equal_builds),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_rounds_needed),
        cmocka_unit_test(test_wrong_results),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ab", tests, NULL, NULL);
}
