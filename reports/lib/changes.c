#include "changes.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PERMUTATIONS = 199, LEAST = 2 /* values on a side */ };
static const double level = 0.05;

struct split {
    size_t at;
    double statistic;
};

/* Sums of |x - y| over pairs: within the left side, within the right one, and between. */
struct sums {
    double left, right, between;
};

static double statistic(const struct sums *sums, double m, double n)
{
    const double energy =
        2 / (m * n) * sums->between - 2 / (m * (m - 1)) * sums->left - 2 / (n * (n - 1)) * sums->right;
    return m * n / (m + n) * energy;
}

/* Of all splits with LEAST values on each side the one with the largest statistic. A value that changes sides moves its
 * distances from one sum to another. */
static struct split best_split(const double *values, size_t n)
{
    struct sums sums = {0};
    struct split best = {0, -1};
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) sums.right += fabs(values[i] - values[k]);
    for (size_t moved = 0; moved + LEAST < n; moved++) {
        double to_left = 0, to_right = 0;
        for (size_t k = 0; k < moved; k++) to_left += fabs(values[moved] - values[k]);
        for (size_t k = moved + 1; k < n; k++) to_right += fabs(values[moved] - values[k]);
        sums.left += to_left;
        sums.right -= to_right;
        sums.between += to_right - to_left;
        if (moved + 1 < LEAST) continue;
        const double own = statistic(&sums, (double)(moved + 1), (double)(n - moved - 1));
        if (own > best.statistic) best = (struct split){moved + 1, own};
    }
    return best;
}

/* Vigna's splitmix64. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static bool is_change(const double *values, size_t n, double statistic_of_split)
{
    double shuffled[CB_CHANGES_LONGEST];
    uint64_t state = n;
    size_t as_large = 1;
    memcpy(shuffled, values, n * sizeof *values);
    for (int p = 0; p < PERMUTATIONS; p++) {
        for (size_t i = n - 1; i; i--) {
            const size_t k = next(&state) % (i + 1);
            const double kept = shuffled[i];
            shuffled[i] = shuffled[k];
            shuffled[k] = kept;
        }
        if (best_split(shuffled, n).statistic >= statistic_of_split * (1 - 1e-12)) as_large++;
    }
    return (double)as_large / (PERMUTATIONS + 1) <= level;
}

static size_t divide(const double *values, size_t from, size_t to, size_t *at)
{
    const size_t n = to - from;
    if (n < 2 * LEAST) return 0;
    const struct split split = best_split(values + from, n);
    if (!(split.statistic > 0) || !is_change(values + from, n, split.statistic)) return 0;
    const size_t before = divide(values, from, from + split.at, at);
    at[before] = from + split.at;
    return before + 1 + divide(values, from + split.at, to, at + before + 1);
}

size_t cb_changes_of(const double *values, size_t n, size_t *at)
{
    return n <= CB_CHANGES_LONGEST ? divide(values, 0, n, at) : 0;
}
