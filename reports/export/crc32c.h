#ifndef CB_REPORT_CRC32C_H
#define CB_REPORT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720): polynomial 0x1edc6f41, reflected, all ones before and inverted after. */
uint32_t cb_crc32c(const void *bytes, size_t count);

#endif
