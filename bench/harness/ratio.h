#ifndef CB_RATIO_H
#define CB_RATIO_H

#include <stdbool.h>
#include <stddef.h>

/* How two sides compare that were interleaved. */

enum { CB_MAX_PARTS = 4, CB_INTERVAL_REPETITIONS = 5 };

/* Seconds of the repetitions. */
struct cb_sample {
    double *seconds;
    size_t n;
};

double cb_sample_median(const struct cb_sample *sample);

struct cb_ratio {
    double ratio;     /* the sum of the parts' medians over the median of ours: above 1, ours is faster */
    double low, high; /* of the ratio, with 95 % confidence, if interval */
    bool interval;    /* there are CB_INTERVAL_REPETITIONS of everything at least */
};

/* The interval is the percentile bootstrap: all samples drawn again, with replacement, 2000 times; the same numbers
 * give the same interval. */
struct cb_ratio cb_ratio_of(const struct cb_sample *ours, const struct cb_sample *const *parts, size_t n_parts);

#endif
