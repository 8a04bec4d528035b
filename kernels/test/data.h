#ifndef CB_TEST_DATA_H
#define CB_TEST_DATA_H

/* What the tests of the families share: tensors with numbers in them, the layout of activations, error bounds. */
#include "test/harness.h"

static inline float *filled(size_t n, enum check_fill fill, uint64_t seed)
{
    float *p = check_floats(n);
    check_fill(p, n, fill, seed);
    return p;
}

static inline void *filled_stored(enum cb_format storage, size_t n, enum check_fill fill, uint64_t seed)
{
    void *p = check_stored(storage, n);
    check_fill_stored(p, storage, n, fill, seed);
    return p;
}

/* What is known to be stored as floats. */
static inline const float *floats(const void *p)
{
    return p;
}

/* Index in [N][C/16][map][16]. */
static inline size_t element(size_t channels, size_t map, size_t image, size_t c, size_t pixel)
{
    return ((image * (channels / CB_LANES) + c / CB_LANES) * map + pixel) * CB_LANES + c % CB_LANES;
}

/* gamma_k of k roundings of floats: |error| <= gamma_k * sum of |terms| (Higham 2002, section 3.1). */
static inline double gamma_of(size_t roundings)
{
    double ku = (double)roundings * 0x1p-24;
    return ku / (1 - ku);
}

#endif
