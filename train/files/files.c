#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* One read or write call; Linux moves at most about 2 GiB a call. */
static const size_t max_chunk = (size_t)1 << 30;

/* Opens path without waiting for the other end of a pipe; read and write then wait as usual. */
static int open_ready(const char *path, int flags)
{
    const int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) fcntl(fd, F_SETFL, flags);
    return fd;
}

static enum cb_status read_all(int fd, struct cb_bytes *out, const char *path, size_t max_bytes, struct cb_error *err)
{
    struct stat st;
    if (fstat(fd, &st)) return cb_fail(err, CB_IO_ERROR, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) return cb_fail(err, CB_BAD_INPUT, "%s: is a folder, expected a file", path);
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max_bytes)
        return cb_fail(err, CB_BAD_INPUT, "%s: has %lld bytes, more than the %zu that such a file may have", path,
                       (long long)st.st_size, max_bytes);

    /* The size is a hint only: pipes have none, and a file may grow or shrink while it is read. One byte more finds the
     * end. */
    size_t room = st.st_size > 0 && (size_t)st.st_size <= max_bytes ? (size_t)st.st_size + 1 : 4096;
    uint8_t *data = malloc(room);
    size_t len = 0;
    while (data) {
        if (len == room) {
            uint8_t *grown = room <= SIZE_MAX / 2 ? realloc(data, room * 2) : NULL;
            if (!grown) break;
            data = grown;
            room *= 2;
        }
        const size_t want = room - len < max_chunk ? room - len : max_chunk;
        const ssize_t got = read(fd, data + len, want);
        if (got == 0 && len == 0 && S_ISFIFO(st.st_mode)) {
            free(data);
            return cb_fail(err, CB_BAD_INPUT, "%s: is a pipe from which nothing comes", path);
        }
        if (got == 0) {
            *out = (struct cb_bytes){data, len};
            return CB_OK;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int reason = errno;
            free(data);
            return cb_fail(err, CB_IO_ERROR, "%s: read failed at byte %zu: %s", path, len, strerror(reason));
        }
        len += (size_t)got;
        if (len > max_bytes) {
            free(data);
            return cb_fail(err, CB_BAD_INPUT, "%s: longer than the %zu bytes that such a file may have", path,
                           max_bytes);
        }
    }
    free(data);
    return cb_fail(err, CB_NO_MEMORY, "%s: out of memory after %zu bytes", path, len);
}

enum cb_status cb_read_file(struct cb_bytes *out, const char *path, size_t max_bytes, struct cb_error *err)
{
    *out = (struct cb_bytes){NULL, 0};
    const int fd = open_ready(path, O_RDONLY);
    if (fd < 0) {
        const int mendable =
            errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENAMETOOLONG || errno == ELOOP;
        return cb_fail(err, mendable ? CB_BAD_INPUT : CB_IO_ERROR, "%s: cannot open: %s", path, strerror(errno));
    }
    const enum cb_status status = read_all(fd, out, path, max_bytes, err);
    close(fd);
    return status;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        const ssize_t done = write(fd, data, len < max_chunk ? len : max_chunk);
        if (done < 0 && errno != EINTR) return -1;
        if (done <= 0) continue;
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

/* After this the rename itself survives a power cut. */
static int sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    /* EINVAL: a file system that has no fsync for folders (some network ones); nothing more can be done there. */
    const int result = fsync(fd) && errno != EINVAL ? -1 : 0;
    const int reason = errno;
    close(fd);
    errno = reason;
    return result;
}

/* A sibling of path with a random name, so that two processes never share one. */
static int open_temp(const char *path, char temp[PATH_MAX])
{
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t tag;
        if (getrandom(&tag, sizeof tag, 0) != (ssize_t)sizeof tag) return -1;
        const int len = snprintf(temp, PATH_MAX, "%s.%016llx.tmp", path, (unsigned long long)tag);
        if (len < 0 || len >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

static int write_parts(int fd, const struct cb_bytes *parts, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++) failed = write_all(fd, parts[i].data, parts[i].len);
    return failed;
}

static enum cb_status replace_file(const char *path, const struct cb_bytes *parts, size_t count, struct cb_error *err)
{
    char temp[PATH_MAX];
    const int fd = open_temp(path, temp);
    if (fd < 0) return cb_fail(err, CB_IO_ERROR, "%s: cannot create a file beside it: %s", path, strerror(errno));

    const char *step = "write";
    int failed = write_parts(fd, parts, count);
    if (!failed) step = "fsync", failed = fsync(fd);
    int reason = errno;
    if (close(fd) && !failed) step = "close", failed = 1, reason = errno;
    if (!failed) step = "rename", failed = rename(temp, path), reason = errno;
    if (failed) {
        unlink(temp);
        return cb_fail(err, CB_IO_ERROR, "%s: %s failed: %s; the file before it is untouched", path, step,
                       strerror(reason));
    }
    if (sync_folder_of(path))
        return cb_fail(err, CB_IO_ERROR, "%s: written, but fsync of its folder failed: %s", path, strerror(errno));
    return CB_OK;
}

static enum cb_status write_through(const char *path, const struct cb_bytes *parts, size_t count, struct cb_error *err)
{
    const int fd = open_ready(path, O_WRONLY);
    if (fd < 0)
        return cb_fail(err, CB_IO_ERROR, "%s: cannot open: %s", path,
                       errno == ENXIO ? "nobody reads from this pipe" : strerror(errno));
    int failed = write_parts(fd, parts, count), reason = errno;
    if (close(fd) && !failed) failed = 1, reason = errno;
    return failed ? cb_fail(err, CB_IO_ERROR, "%s: write failed: %s", path, strerror(reason)) : CB_OK;
}

enum cb_status cb_write_file(const char *path, const struct cb_bytes *parts, size_t count, struct cb_error *err)
{
    struct stat there;
    char target[PATH_MAX];
    if (!stat(path, &there) && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return write_through(path, parts, count, err);
    if (lstat(path, &there) || !S_ISLNK(there.st_mode)) return replace_file(path, parts, count, err);
    if (!realpath(path, target))
        return cb_fail(err, CB_IO_ERROR, "%s: is a link that leads nowhere: %s", path, strerror(errno));
    return replace_file(target, parts, count, err);
}
