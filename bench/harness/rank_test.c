#include "rank_test.h"

#include <math.h>
#include <stdlib.h>

/* Twice the ranks are whole numbers, with ties as well: their sum over all of N numbers is N (N + 1). */
enum { MOST_NUMBERS = 2 * CB_RANK_MAX, MOST_SUM = MOST_NUMBERS * (MOST_NUMBERS + 1) };

static size_t twice_rank(double x, const double *numbers, size_t n)
{
    size_t twice = 1;
    for (size_t i = 0; i < n; i++) twice += numbers[i] < x ? 2 : numbers[i] == x;
    return twice;
}

/* The share of all ways to choose `chosen` of the n ranks whose sum is as far from the mean as `sum`, or farther. */
static double share_as_far(const size_t *twice_ranks, size_t n, size_t chosen, size_t sum)
{
    static double ways[CB_RANK_MAX + 1][MOST_SUM + 1]; /* to choose so many with this sum */
    size_t all = n * (n + 1);
    for (size_t k = 0; k <= chosen; k++)
        for (size_t s = 0; s <= all; s++) ways[k][s] = 0;
    ways[0][0] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = chosen < i + 1 ? chosen : i + 1; k > 0; k--)
            for (size_t s = all; s >= twice_ranks[i]; s--) ways[k][s] += ways[k - 1][s - twice_ranks[i]];
    long mean = (long)(chosen * (n + 1)), distance = labs((long)sum - mean);
    double total = 0, far = 0;
    for (size_t s = 0; s <= all; s++) {
        total += ways[chosen][s];
        if (labs((long)s - mean) >= distance) far += ways[chosen][s];
    }
    return far / total;
}

struct cb_rank_test cb_rank_test_of(const struct cb_sample *a, const struct cb_sample *b)
{
    double numbers[MOST_NUMBERS];
    size_t twice_ranks[MOST_NUMBERS], n = a->n + b->n, sum = 0;
    for (size_t i = 0; i < n; i++) numbers[i] = i < a->n ? a->seconds[i] : b->seconds[i - a->n];
    for (size_t i = 0; i < n; i++) twice_ranks[i] = twice_rank(numbers[i], numbers, n);
    for (size_t i = 0; i < a->n; i++) sum += twice_ranks[i];
    /* A rank of a within a alone says nothing: the rest of its rank sum counts the pairs in which b is smaller. */
    double pairs = (double)sum / 2 - (double)(a->n * (a->n + 1)) / 2;
    return (struct cb_rank_test){.p = share_as_far(twice_ranks, n, a->n, sum),
                                 .share_b = pairs / (double)(a->n * b->n)};
}

double cb_rank_least_p(size_t n)
{
    double p = 2;
    for (size_t i = 1; i <= n; i++) p *= (double)i / (double)(n + i); /* 2 of all (2n over n) ways */
    return p;
}

void cb_holm(const double *p, double *adjusted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t not_below = 0;
        for (size_t j = 0; j < n; j++) not_below += p[j] >= p[i];
        adjusted[i] = fmin(1, p[i] * (double)not_below);
    }
    /* None is adjusted below one that was smaller before. */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (p[j] <= p[i]) adjusted[i] = fmax(adjusted[i], adjusted[j]);
}
