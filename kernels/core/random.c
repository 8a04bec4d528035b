#include "core/random.h"

#include <Random123/philox.h>

void cb_random_bits(uint64_t seed, enum cb_random_purpose purpose, uint32_t major, uint64_t minor, uint32_t bits[4])
{
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t counter = {{(uint32_t)minor, (uint32_t)(minor >> 32), major, (uint32_t)purpose}};
    philox4x32_ctr_t out = philox4x32(counter, key);
    for (int i = 0; i < 4; i++) bits[i] = out.v[i];
}
