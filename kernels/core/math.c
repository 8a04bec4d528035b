#include "core/math.h"

#include <math.h> /* NAN, INFINITY only */
#include <stdint.h>
#include <string.h>

/* ln 2 in two parts: n * LN2_HI is exact for |n| < 2^20. */
static const double LN2_HI = 0x1.62e42feep-1, LN2_LO = 0x1.a39ef35793c76p-33;

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* 2^n for a normal result. */
static double power_of_two(int n)
{
    return from_bits((uint64_t)(n + 1023) << 52);
}

/* Coefficients in Horner's order: the highest power first. */
static double polynomial(const double *coefficients, int count, double x)
{
    double sum = coefficients[0];
    for (int i = 1; i < count; i++) sum = __builtin_fma(sum, x, coefficients[i]);
    return sum;
}

/* x = n ln 2 + r with |r| <= ln 2 / 2, then the Taylor series: its first term left out is below 2^-57. */
double cb_exp(double x)
{
    static const double taylor[] = {1.0 / 6227020800.0,
                                    1.0 / 479001600.0,
                                    1.0 / 39916800.0,
                                    1.0 / 3628800.0,
                                    1.0 / 362880.0,
                                    1.0 / 40320.0,
                                    1.0 / 5040.0,
                                    1.0 / 720.0,
                                    1.0 / 120.0,
                                    1.0 / 24.0,
                                    1.0 / 6.0,
                                    0.5,
                                    1.0,
                                    1.0};
    static const double LOG2_E = 0x1.71547652b82fep+0, OVERFLOW_AT = 709.79, UNDERFLOW_AT = -745.2;
    static const double ROUNDER = 0x1.8p52; /* adding and subtracting it rounds to an integer */
    if (x != x) return x;
    if (x > OVERFLOW_AT) return INFINITY;
    if (x < UNDERFLOW_AT) return 0.0;
    double n = __builtin_fma(x, LOG2_E, ROUNDER) - ROUNDER;
    double r = __builtin_fma(-n, LN2_LO, __builtin_fma(-n, LN2_HI, x));
    double e = polynomial(taylor, sizeof taylor / sizeof *taylor, r);
    /* In two steps, because 2^n itself may be out of range where the result is not; the second one rounds a denormal
     * result. */
    int half = (int)n / 2;
    return e * power_of_two(half) * power_of_two((int)n - half);
}

/* x = 2^e m with m in [sqrt(1/2), sqrt 2), then log m as in FreeBSD's e_log.c: with f = m - 1 and s = f / (2 + f),
 * log m = f - (f^2/2 - s (f^2/2 + R(s^2))). */
double cb_log(double x)
{
    static const double remez[] = {1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                                   2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                                   6.666666666666735130e-01};
    static const uint64_t MANTISSA = 0x000fffffffffffff, ONE = 0x3ff0000000000000, SQRT2_MANTISSA = 0x6a09e667f3bcd;
    if (x != x || x == INFINITY) return x;
    if (x == 0) return -INFINITY;
    if (x < 0) return NAN;
    int e = -1023;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        e -= 54;
    }
    uint64_t bits = to_bits(x);
    e += (int)(bits >> 52);
    double m = from_bits((bits & MANTISSA) | ONE);
    if ((bits & MANTISSA) >= SQRT2_MANTISSA) {
        m *= 0.5;
        e++;
    }
    double f = m - 1.0, s = f / (2.0 + f), z = s * s, half_square = 0.5 * f * f, k = e;
    double R = z * polynomial(remez, sizeof remez / sizeof *remez, z);
    return k * LN2_HI - ((half_square - (s * (half_square + R) + k * LN2_LO)) - f);
}

double cb_normal_quantile(double p)
{
    static const double center_num[] = {2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
                                        4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
                                        1.3314166789178437745e+2, 3.3871328727963666080e+0};
    static const double center_den[] = {
        5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
        5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0};
    static const double near_num[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                                      1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
                                      4.63033784615654529590e+0, 1.42343711074968357734e+0};
    static const double near_den[] = {
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0};
    static const double far_num[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                                     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
                                     5.46378491116411436990e+0, 6.65790464350110377720e+0};
    static const double far_den[] = {
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2,  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};
    if (!(p > 0 && p < 1)) return NAN;
    double q = p - 0.5;
    if (__builtin_fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(center_num, 8, r) / polynomial(center_den, 8, r);
    }
    double r = __builtin_sqrt(-cb_log(q < 0 ? p : 1.0 - p));
    double tail = r <= 5.0 ? polynomial(near_num, 8, r - 1.6) / polynomial(near_den, 8, r - 1.6)
                           : polynomial(far_num, 8, r - 5.0) / polynomial(far_den, 8, r - 5.0);
    return q < 0 ? -tail : tail;
}
