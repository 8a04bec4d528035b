#ifndef CB_TEST_HASH_H
#define CB_TEST_HASH_H

#include <stdint.h>

/* FNV-1a, 64 bits: for golden values, independent of everything that is tested. Include after cmocka.h. */
static const uint64_t fnv1a_start = UINT64_C(0xcbf29ce484222325);

static inline uint64_t fnv1a(uint64_t hash, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash;
}
static inline void assert_hash(uint64_t got, uint64_t expected)
{
    if (got != expected)
        fail_msg("hash 0x%016llx, expected 0x%016llx", (unsigned long long)got, (unsigned long long)expected);
}

#endif
