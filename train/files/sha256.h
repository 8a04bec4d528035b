#ifndef CB_SHA256_H
#define CB_SHA256_H

#include "files/files.h"

/* SHA-256 (libcrypto) in lower-case hex, of the parts one after the other. hex is "" after a failure: libcrypto lacks
 * memory, or its configuration lacks SHA-256. */
enum { CB_SHA256_HEX = 65 };
enum cb_status cb_sha256_parts(const struct cb_bytes *parts, size_t count, char hex[CB_SHA256_HEX],
                               struct cb_error *err);
enum cb_status cb_sha256_hex(const void *bytes, size_t len, char hex[CB_SHA256_HEX], struct cb_error *err);

#endif
