/* From a path to the bytes of a run.jsonl. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "run.h"
#include "text.h"

enum { WRONG_INPUT = 2, CANNOT_READ = 1, MAX_FILE_BYTES = 1 << 30 };

/* O_NONBLOCK: a FIFO without a writer must be refused, not waited for. */
enum { HOW = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* Opens a run's record, or the one in a run's directory; name becomes what was opened. */
static int open_record(const char *path, char **name)
{
    size_t size = strlen(path) + sizeof "/run.jsonl";
    *name = cb_report_alloc(size);
    snprintf(*name, size, "%s", path);
    int fd = open(path, HOW);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) || !S_ISDIR(info.st_mode)) return fd;
    snprintf(*name, size, "%s%srun.jsonl", path, path[strlen(path) - 1] == '/' ? "" : "/");
    int folder = fd;
    fd = openat(folder, "run.jsonl", HOW);
    int error = errno;
    close(folder);
    errno = error;
    return fd;
}

/* *text is the caller's, also on failure. */
static bool read_all(int fd, const char *name, char **text, size_t *len, struct cb_report_error *err)
{
    struct stat info;
    if (fstat(fd, &info)) return cb_report_fail(err, CANNOT_READ, "%s: %s", name, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return cb_report_fail(err, WRONG_INPUT, "%s: a pipe, device or folder; expected a regular file", name);
    if (info.st_size > MAX_FILE_BYTES)
        return cb_report_fail(err, WRONG_INPUT, "%s: larger than 1 GiB, so not a run record", name);
    size_t size = (size_t)info.st_size;
    *text = cb_report_alloc(size);
    for (*len = 0; *len < size;) {
        ssize_t got = read(fd, *text + *len, size - *len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cb_report_fail(err, CANNOT_READ, "%s: %s", name, strerror(errno));
        if (got == 0) break; /* the file has become shorter */
        *len += (size_t)got;
    }
    return true;
}

/* "." and the like name no run; the folder's own name does. */
static void name_by_folder(struct cb_report_run *run, const char *name)
{
    char folder[PATH_MAX];
    const char *given = run->folder;
    if (*given && strcmp(given, ".") && strcmp(given, "..") && strcmp(given, "run.jsonl")) return;
    const char *slash = strrchr(name, '/');
    const int length = slash ? (int)(slash + 1 - name) : 0;
    char *around = cb_report_alloc((size_t)length + 3);
    sprintf(around, "%.*s.", length, name);
    const char *real = realpath(around, folder);
    free(around);
    if (!real || !real[1]) return;
    const char *last = strrchr(real, '/') + 1;
    free(run->folder);
    run->folder = cb_text_repaired(last, strlen(last));
    run->label = run->folder;
}

bool cb_report_run_read(struct cb_report_run *run, const char *path, unsigned how, struct cb_report_error *err)
{
    memset(run, 0, sizeof *run);
    char *name, *text = NULL;
    size_t len = 0;
    int fd = open_record(path, &name);
    bool good = fd >= 0;
    if (good) {
        good = read_all(fd, name, &text, &len, err) && cb_report_run_parse(run, text, len, name, how, err);
        close(fd);
        if (good) name_by_folder(run, name);
    } else {
        bool absent = errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP || errno == ENXIO;
        cb_report_fail(err, absent ? WRONG_INPUT : CANNOT_READ,
                       "%s: %s; expected the directory of a run (cyclebench train --run) or its run.jsonl", name,
                       strerror(errno));
    }
    free(text);
    free(name);
    return good;
}
