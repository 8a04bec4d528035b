#include "statistics.h"

#include <float.h>
#include <math.h>

/* The continued fraction of DLMF 8.17.22 by Lentz's method, for x below its mean; there it converges fast. */
static double continued_fraction(double a, double b, double x)
{
    enum { MAX_TERMS = 10000 };
    double numerator = 1, denominator = 1 - (a + b) * x / (a + 1), value;
    denominator = 1 / denominator;
    value = denominator;
    for (int m = 1; m < MAX_TERMS; m++) {
        double before = value;
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double terms[] = {even, odd};
        for (int i = 0; i < 2; i++) {
            denominator = 1 / (1 + terms[i] * denominator);
            numerator = 1 + terms[i] / numerator;
            value *= denominator * numerator;
        }
        if (fabs(value - before) <= DBL_EPSILON * fabs(value)) break;
    }
    return value;
}

double cb_incomplete_beta(double a, double b, double x)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - cb_incomplete_beta(b, a, 1 - x);
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return front * continued_fraction(a, b, x) / a;
}

/* P(T > t), t >= 0. */
static double upper_tail(double t, double degrees)
{
    return cb_incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

double cb_student_quantile(double probability, size_t degrees_of_freedom)
{
    double degrees = (double)degrees_of_freedom, tail = 1 - probability, low = 0, high = 1;
    while (upper_tail(high, degrees) > tail) high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-12 * high; i++) {
        double middle = low + (high - low) / 2;
        if (upper_tail(middle, degrees) > tail)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

struct cb_statistics cb_statistics_of(const double *values, size_t n)
{
    static const double probability = 0.95;
    const double unknown = (double)NAN;
    struct cb_statistics s = {n, unknown, unknown, unknown, unknown, unknown};
    if (!n) return s;
    double sum = 0, squares = 0;
    s.min = s.max = values[0];
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        s.min = fmin(s.min, values[i]);
        s.max = fmax(s.max, values[i]);
    }
    s.mean = sum / (double)n;
    if (n < 2) return s;
    for (size_t i = 0; i < n; i++) squares += (values[i] - s.mean) * (values[i] - s.mean);
    s.sd = sqrt(squares / (double)(n - 1));
    s.lower_bound = s.mean - cb_student_quantile(probability, n - 1) * s.sd / sqrt((double)n);
    return s;
}
