#ifndef CB_REPORT_STATISTICS_H
#define CB_REPORT_STATISTICS_H

#include <stddef.h>

/* I_x(a, b), the regularised incomplete beta function, for a, b > 0 and 0 <= x <= 1; relative error below 1e-12 for the
 * a and b of fewer than a thousand degrees of freedom. Continued fraction 8.17.22 of the NIST Digital Library of
 * Mathematical Functions. */
double cb_incomplete_beta(double a, double b, double x);

/* The t with P(T <= t) = probability, 0.5 <= probability < 1, for Student's distribution with that many degrees of
 * freedom (at least 1). Relative error below 1e-9. */
double cb_student_quantile(double probability, size_t degrees_of_freedom);

/* What n values say about where they come from. NaN: not known, for want of values. */
struct cb_statistics {
    size_t n;
    double mean, min, max; /* n >= 1 */
    double sd;             /* of a sample, with n - 1; n >= 2 */
    double lower_bound;    /* one-sided 95 % bound of the mean, by Student's t, if the values are normal; n >= 2 */
};

struct cb_statistics cb_statistics_of(const double *values, size_t n);

#endif
