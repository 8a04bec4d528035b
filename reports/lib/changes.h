#ifndef CB_REPORT_CHANGES_H
#define CB_REPORT_CHANGES_H

#include <stddef.h>

enum { CB_CHANGES_LONGEST = 400 };

/* Where a series changes its distribution: the indices of the first values after each change, ascending, into `at`,
 * which has room for n; returns how many. E-divisive with exponent 1 and a permutation test of 199 orders at 5 %
 * (Matteson and James, JASA 109, 2014); at least two values stand on each side of a change. The same values give the same
 * answer. n is at most CB_CHANGES_LONGEST. */
size_t cb_changes_of(const double *values, size_t n, size_t *at);

#endif
