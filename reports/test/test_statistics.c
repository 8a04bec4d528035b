/* Student's distribution against its closed forms and published tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../lib/statistics.h"

static void assert_near(double got, double expected, double tolerance)
{
    if (fabs(got - expected) <= tolerance) return;
    fail_msg("got %.15g, expected %.15g within %g", got, expected, tolerance);
}

/* With b = 1 it is x^a, with a = 1 it is 1 - (1 - x)^b; for whole a and b it is a binomial tail. */
static void test_incomplete_beta(void **state)
{
    (void)state;
    for (double x = 0.05; x < 1; x += 0.05) {
        for (double a = 0.5; a < 200; a *= 2) {
            assert_near(cb_incomplete_beta(a, 1, x), pow(x, a), 1e-13);
            assert_near(cb_incomplete_beta(1, a, x), 1 - pow(1 - x, a), 1e-13);
            assert_near(cb_incomplete_beta(a, 3, x), 1 - cb_incomplete_beta(3, a, 1 - x), 1e-13);
        }
        assert_near(cb_incomplete_beta(2, 3, x), 6 * x * x - 8 * pow(x, 3) + 3 * pow(x, 4), 1e-13);
        assert_near(cb_incomplete_beta(0.5, 0.5, x), 2 / acos(-1.0) * asin(sqrt(x)), 1e-13);
    }
    assert_near(cb_incomplete_beta(2, 3, 0), 0, 0);
    assert_near(cb_incomplete_beta(2, 3, 1), 1, 0);
}

/* With one degree of freedom T is a tangent, with two and four its distribution function can be inverted. */
static void test_closed_forms(void **state)
{
    (void)state;
    const double probabilities[] = {0.5001, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999, 0.99995};
    for (size_t i = 0; i < sizeof probabilities / sizeof *probabilities; i++) {
        double p = probabilities[i], c = 4 * p * (1 - p);
        double one = tan(acos(-1.0) * (p - 0.5)), two = 2 * (p - 0.5) * sqrt(2 / c);
        double four = 2 * sqrt(cos(acos(sqrt(c)) / 3) / sqrt(c) - 1);
        assert_near(cb_student_quantile(p, 1), one, 1e-9 * one);
        assert_near(cb_student_quantile(p, 2), two, 1e-9 * two);
        assert_near(cb_student_quantile(p, 4), four, 1e-8 * four);
    }
}

/* NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2: upper critical values, three decimals. */
static void test_published_table(void **state)
{
    (void)state;
    static const struct {
        size_t degrees;
        double t90, t95, t975, t99;
    } rows[] = {
        {1, 3.078, 6.314, 12.706, 31.821}, {2, 1.886, 2.920, 4.303, 6.965},   {3, 1.638, 2.353, 3.182, 4.541},
        {4, 1.533, 2.132, 2.776, 3.747},   {5, 1.476, 2.015, 2.571, 3.365},   {6, 1.440, 1.943, 2.447, 3.143},
        {7, 1.415, 1.895, 2.365, 2.998},   {8, 1.397, 1.860, 2.306, 2.896},   {9, 1.383, 1.833, 2.262, 2.821},
        {10, 1.372, 1.812, 2.228, 2.764},  {20, 1.325, 1.725, 2.086, 2.528},  {30, 1.310, 1.697, 2.042, 2.457},
        {60, 1.296, 1.671, 2.000, 2.390},  {100, 1.290, 1.660, 1.984, 2.364},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_near(cb_student_quantile(0.90, rows[i].degrees), rows[i].t90, 0.0005001);
        assert_near(cb_student_quantile(0.95, rows[i].degrees), rows[i].t95, 0.0005001);
        assert_near(cb_student_quantile(0.975, rows[i].degrees), rows[i].t975, 0.0005001);
        assert_near(cb_student_quantile(0.99, rows[i].degrees), rows[i].t99, 0.0005001);
    }
    /* The normal distribution's 1.6448536269514722, from which t differs by about z (z^2 + 1) / (4 n). */
    const double z = 1.6448536269514722, n = 1e6;
    assert_near(cb_student_quantile(0.95, (size_t)n), z + z * (z * z + 1) / (4 * n), 1e-8);
}

static void test_values(void **state)
{
    (void)state;
    /* Whole numbers, so that mean and sd are exact: deviations -3, -1, 4 have squares 26. */
    const double values[] = {90, 92, 97};
    struct cb_statistics s = cb_statistics_of(values, 3);
    assert_int_equal(s.n, 3);
    assert_near(s.mean, 93, 0);
    assert_near(s.min, 90, 0);
    assert_near(s.max, 97, 0);
    assert_near(s.sd, sqrt(13), 1e-15);
    assert_near(s.lower_bound, 93 - 2.919985580 * sqrt(13.0 / 3), 1e-8);

    s = cb_statistics_of(values, 1);
    assert_near(s.mean, 90, 0);
    assert_true(isnan(s.sd) && isnan(s.lower_bound));
    s = cb_statistics_of(values, 0);
    assert_int_equal(s.n, 0);
    assert_true(isnan(s.mean) && isnan(s.min) && isnan(s.max) && isnan(s.sd) && isnan(s.lower_bound));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_incomplete_beta), cmocka_unit_test(test_closed_forms),
                                       cmocka_unit_test(test_published_table), cmocka_unit_test(test_values)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
