#ifndef CB_RANK_TEST_H
#define CB_RANK_TEST_H

#include <stddef.h>

#include "ratio.h"

/* Do two samples come from the same distribution? Nothing is assumed about its form. */

enum { CB_RANK_MAX = 40 }; /* numbers on a side */

struct cb_rank_test {
    double p;       /* two-sided: the chance of ranks as far apart as these if both are from one distribution */
    double share_b; /* of the pairs (a, b), those in which b is the smaller; ties count half */
};

/* Mann and Whitney's test, exact: all ways of dealing the ranks to the two sides are counted, equal numbers with their
 * mean rank. 1 to CB_RANK_MAX numbers on each side. */
struct cb_rank_test cb_rank_test_of(const struct cb_sample *a, const struct cb_sample *b);

/* The least p that n numbers on each side can have. */
double cb_rank_least_p(size_t n);

/* Holm's correction for n tests: what is adjusted to at most 0.05 is a difference, and the chance of calling any
 * equal pair different is at most 5 %. adjusted: another array than p. */
void cb_holm(const double *p, double *adjusted, size_t n);

#endif
