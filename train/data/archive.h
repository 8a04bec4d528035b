#ifndef CB_ARCHIVE_H
#define CB_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "data/dataset.h"

/* A file wanted from an archive; bytes is filled by cb_archive_read, free(bytes) is the caller's. NULL: not in the
 * archive. */
struct cb_archive_member {
    const char *name; /* without folder */
    uint8_t *bytes;
    size_t len;
};

/* Reads the wanted members of a .tar or .tar.gz into memory; nothing is written to disk. A member is found as NAME,
 * ./NAME or FOLDER/NAME with the set's folder, other files are skipped. The archive is read to its end. It is refused
 * as a whole if an entry has an absolute path or a "..", is a link or device, or is larger than any CIFAR file may be,
 * if a wanted name comes twice, if there are too many entries or bytes, or if gzip's own checksum does not match. On an
 * error no bytes are kept. */
enum cb_status cb_archive_read(const char *path, const struct cb_dataset *set, struct cb_archive_member *members,
                               size_t count, struct cb_error *err);

#endif
