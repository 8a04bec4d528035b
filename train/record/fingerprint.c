#include "record/fingerprint.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the chain hashes little-endian numbers as they lie in memory");

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

enum cb_status cb_fingerprint_add(char chain[CB_SHA256_HEX], uint64_t iteration, double loss, struct cb_error *err)
{
    unsigned char link[32 + sizeof iteration + sizeof loss];
    for (int i = 0; i < 32; i++) link[i] = (unsigned char)(nibble(chain[2 * i]) << 4 | nibble(chain[2 * i + 1]));
    memcpy(link + 32, &iteration, sizeof iteration);
    memcpy(link + 32 + sizeof iteration, &loss, sizeof loss);
    char next[CB_SHA256_HEX];
    const enum cb_status status = cb_sha256_hex(link, sizeof link, next, err);
    if (!status) memcpy(chain, next, sizeof next);
    return status;
}
