#include "files/folders.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum cb_status cb_make_folders(const char *path, struct cb_error *err)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof partial) return cb_fail(err, CB_BAD_INPUT, "%.200s: not a path of a folder", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            return cb_fail(err, CB_IO_ERROR, "%.600s: folder cannot be made: %s", partial, strerror(errno));
    }
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return cb_fail(err, CB_BAD_INPUT, "%.600s: is there and not a folder", path);
    return CB_OK;
}
