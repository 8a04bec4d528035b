#include "document.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum cb_status cb_document_check(const char *option, const char *path, struct cb_error *err)
{
    struct stat there;
    char folder[PATH_MAX];
    if (!path) return CB_OK;
    if ((size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder)
        return cb_fail(err, CB_BAD_INPUT, "%s: %.64s...: this name is too long", option, path);
    bool exists = !stat(path, &there);
    if (exists && S_ISDIR(there.st_mode)) return cb_fail(err, CB_BAD_INPUT, "%s: %s: is a folder", option, path);
    /* A file is replaced as a whole, which takes place in its folder; a device is written to. */
    const char *needed = exists && !S_ISREG(there.st_mode) ? path : dirname(folder);
    if (!access(needed, W_OK)) return CB_OK;
    return cb_fail(err, CB_IO_ERROR, "%s: %s: cannot be written: %s", option, path, strerror(errno));
}
