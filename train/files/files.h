#ifndef CB_FILES_H
#define CB_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

struct cb_bytes {
    uint8_t *data;
    size_t len;
};

/* The whole file in fresh memory (free(data)); max_bytes guards against a wrong file. A pipe is read if somebody has it
 * open for writing, and never waited for. */
enum cb_status cb_read_file(struct cb_bytes *out, const char *path, size_t max_bytes, struct cb_error *err);

/* Replaces path by the parts, one after the other: temp file beside it, write, fsync, rename, fsync of the folder. On
 * failure the old file is untouched and the temp file is gone. A link's target is replaced, not the link; a device or
 * pipe is written to. */
enum cb_status cb_write_file(const char *path, const struct cb_bytes *parts, size_t count, struct cb_error *err);

#endif
