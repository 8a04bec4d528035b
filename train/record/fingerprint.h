#ifndef CB_FINGERPRINT_H
#define CB_FINGERPRINT_H

#include <stdint.h>

#include "files/sha256.h"

/* Before the first iteration: 64 zeros. */
#define CB_FINGERPRINT_START "0000000000000000000000000000000000000000000000000000000000000000"

/* The loss fingerprint: a hash chain over the losses of all iterations, so that a run can go on from the value in its
 * resume file. chain becomes SHA-256 of (32 bytes of chain, iteration as u64, loss as double, both little-endian), in
 * hex. On an error, libcrypto's, chain stays as it is. */
enum cb_status cb_fingerprint_add(char chain[CB_SHA256_HEX], uint64_t iteration, double loss, struct cb_error *err);

#endif
