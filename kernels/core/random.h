#ifndef CB_RANDOM_H
#define CB_RANDOM_H

#include <stdint.h>

/* What a random draw is for; part of the counter, so that streams never meet. Values are part of the numerics
 * contract. */
enum cb_random_purpose { CB_RANDOM_INIT = 1, CB_RANDOM_SHUFFLE = 2, CB_RANDOM_AUGMENT = 3, CB_RANDOM_SYNTHETIC = 4 };

/* cb_random_bits - 128 random bits for (seed, purpose, major, minor): Philox4x32-10 with key = seed, counter = {minor
 * low, minor high, major, purpose}. Depends on nothing else: no state, no order, no thread. Source: Salmon et al., SC
 * 2011. */
void cb_random_bits(uint64_t seed, enum cb_random_purpose purpose, uint32_t major, uint64_t minor, uint32_t bits[4]);

/* A uniform float in [0, 1): the 24 upper bits. */
static inline float cb_random_unit(uint32_t bits)
{
    return (float)(bits >> 8) * 0x1p-24f;
}

#endif
