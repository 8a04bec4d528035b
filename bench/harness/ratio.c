#include "ratio.h"

#include <stdint.h>
#include <string.h>

#include "bench.h"
#include "core/random.h"

enum { DRAWS = 2000, LOW = DRAWS * 25 / 1000, HIGH = DRAWS - 1 - LOW };

double cb_sample_median(const struct cb_sample *sample)
{
    double copy[CB_MAX_REPETITIONS];
    memcpy(copy, sample->seconds, sample->n * sizeof *copy);
    return cb_sort_median(copy, sample->n);
}

static double drawn_median(const struct cb_sample *sample, uint32_t draw, uint64_t series)
{
    double drawn[CB_MAX_REPETITIONS];
    for (size_t i = 0; i < sample->n; i++) {
        uint32_t bits[4];
        cb_random_bits(series, CB_RANDOM_SYNTHETIC, draw, i, bits);
        drawn[i] = sample->seconds[bits[0] % sample->n];
    }
    return cb_sort_median(drawn, sample->n);
}

struct cb_ratio cb_ratio_of(const struct cb_sample *ours, const struct cb_sample *const *parts, size_t n_parts)
{
    double total = 0, ratios[DRAWS];
    struct cb_ratio r = {.interval = ours->n >= CB_INTERVAL_REPETITIONS};
    for (size_t p = 0; p < n_parts; p++) {
        total += cb_sample_median(parts[p]);
        if (parts[p]->n < CB_INTERVAL_REPETITIONS) r.interval = false;
    }
    r.ratio = total / cb_sample_median(ours);
    if (!r.interval) return r;
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        double sum = 0;
        for (size_t p = 0; p < n_parts; p++) sum += drawn_median(parts[p], draw, 1 + p);
        ratios[draw] = sum / drawn_median(ours, draw, 0);
    }
    cb_sort_median(ratios, DRAWS);
    r.low = ratios[LOW];
    r.high = ratios[HIGH];
    return r;
}
