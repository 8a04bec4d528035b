#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CANNOT_WRITE = 1 };

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        const ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

/* A file beside path with a random name of its own, so that two processes never share one and no name is too long. */
static int open_temp(const char *path, mode_t mode, char temp[PATH_MAX])
{
    unsigned long long tag;
    if (getrandom(&tag, sizeof tag, 0) != (ssize_t)sizeof tag) return -1;
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash + 1 - path) : 0;
    const int length = snprintf(temp, PATH_MAX, "%.*sexport.%016llx.tmp", folder, path, tag);
    errno = ENAMETOOLONG;
    return length < PATH_MAX ? open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) : -1;
}

/* What is replaced was perhaps not for everybody: the new file has its mode from the start on. */
static bool replace(const char *path, const char *bytes, size_t size)
{
    char temp[PATH_MAX];
    struct stat old;
    const bool there = !stat(path, &old);
    const mode_t mode = there ? old.st_mode & 0777 : 0666;
    const int fd = open_temp(path, mode, temp);
    if (fd < 0) return false;
    bool good = (!there || !fchmod(fd, mode)) && write_all(fd, bytes, size) && !fsync(fd);
    int reason = errno;
    if (close(fd) && good) good = false, reason = errno;
    if (good && rename(temp, path)) good = false, reason = errno;
    if (!good) unlink(temp);
    errno = reason;
    return good;
}

/* O_NONBLOCK: a FIFO without a reader must be refused, not waited for. */
static bool write_through(const char *path, const char *bytes, size_t size)
{
    const int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return false;
    fcntl(fd, F_SETFL, O_WRONLY);
    const bool good = write_all(fd, bytes, size);
    const int reason = errno;
    const bool closed = !close(fd);
    if (!good) errno = reason;
    return good && closed;
}

bool cb_output_write(const char *path, const char *bytes, size_t size, struct cb_report_error *err)
{
    struct stat there;
    char target[PATH_MAX];
    bool good;
    if (!stat(path, &there) && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        good = write_through(path, bytes, size);
    else if (!lstat(path, &there) && S_ISLNK(there.st_mode))
        good = realpath(path, target) && replace(target, bytes, size);
    else
        good = replace(path, bytes, size);
    return good || cb_report_fail(err, CANNOT_WRITE, "%s: cannot be written: %s", path, strerror(errno));
}
