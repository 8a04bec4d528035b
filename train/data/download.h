#ifndef CB_DOWNLOAD_H
#define CB_DOWNLOAD_H

#include <signal.h>
#include <stdio.h>

#include "core/status.h"

/* One download that survives breaks. path grows while bytes arrive; path + ".source" remembers its URL and the server's
 * validator (ETag or Last-Modified). A later call for the same URL goes on where the file ends, if the server still has
 * the same file; else it starts anew. */
struct cb_download {
    const char *url;
    const char *path;
    size_t max_bytes;
    FILE *log;                         /* progress and retries, NULL for none */
    const volatile sig_atomic_t *stop; /* becomes non-zero to stop soon; may be NULL */
};

/* CB_OK: path is complete. CB_IO_ERROR: broken off, refused or stopped; path keeps what came. CB_BAD_INPUT: the address
 * itself is wrong. */
enum cb_status cb_download(const struct cb_download *download, struct cb_error *err);

/* The URL that the unfinished file at path came from, "" if unknown. */
void cb_download_origin(const char *path, char *url, size_t bytes);
/* Removes path and what is remembered of it. */
void cb_download_discard(const char *path);

#endif
