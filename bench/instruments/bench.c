#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum cb_status cb_parse_count(const char *option, const char *text, size_t max, size_t *value, struct cb_error *err)
{
    char *end;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || parsed < 1 || parsed > max)
        return cb_fail(err, CB_BAD_INPUT, "%s: expected 1 to %zu, got '%s'", option, max, text);
    *value = (size_t)parsed;
    return CB_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cb_sort_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void cb_let_threads_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
}

/* 0, or the number of the error. Closes the descriptor; below 0: it could not be opened. */
static int write_text(int fd, const char *text)
{
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) return errno;
    errno = 0;
    int failed = fputs(text, file) == EOF || fflush(file);
    if (!failed && fsync(fileno(file)) && errno != EINVAL && errno != EROFS)
        failed = 1; /* a device cannot be synchronised */
    int number = failed ? (errno ? errno : EIO) : 0;
    if (fclose(file) && !number) number = errno;
    return number;
}

/* The rename is on the disk when its folder is. */
static int sync_folder(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY);
    if (fd < 0) return errno;
    int number = fsync(fd) && errno != EINVAL ? errno : 0;
    close(fd);
    return number;
}

/* A new file beside path, of a name that nobody can have foreseen. */
static int open_temp(const char *path, char temp[PATH_MAX])
{
    uint64_t tag;
    if (getrandom(&tag, sizeof tag, 0) != (ssize_t)sizeof tag) return -1;
    errno = ENAMETOOLONG;
    if ((size_t)snprintf(temp, PATH_MAX, "%s.%016llx.tmp", path, (unsigned long long)tag) >= PATH_MAX) return -1;
    return open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static int replace(const char *path, const char *text)
{
    char temp[PATH_MAX];
    int fd = open_temp(path, temp), number = write_text(fd, text);
    if (!number) number = rename(temp, path) ? errno : sync_folder(path);
    if (number && fd >= 0) unlink(temp);
    return number;
}

enum cb_status cb_save_text(const char *path, const char *text, struct cb_error *err)
{
    char target[PATH_MAX]; /* of a link: the file that it leads to */
    struct stat there;
    bool exists = !stat(path, &there), device = exists && !S_ISREG(there.st_mode); /* or a pipe: nothing to replace */
    int number = device ? write_text(open(path, O_WRONLY | O_CLOEXEC), text)
                        : replace(exists && realpath(path, target) ? target : path, text);
    if (!number) return CB_OK;
    return cb_fail(err, CB_IO_ERROR, "%s: cannot write the results: %s", path, strerror(number));
}

enum cb_status cb_save_json(const char *path, const json_t *json, struct cb_error *err)
{
    char *text = json_dumps(json, JSON_INDENT(2));
    if (!text) return cb_fail(err, CB_NO_MEMORY, "%s: the results cannot be written as JSON", path);
    size_t length = strlen(text);
    char *line = realloc(text, length + 2);
    if (!line) {
        free(text);
        return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    }
    memcpy(line + length, "\n", 2);
    enum cb_status status = cb_save_text(path, line, err);
    free(line);
    return status;
}

/* Of the first failure: a later one may have another reason, or none. */
static int output_error;

void cb_flush_output(void)
{
    errno = 0;
    if (fflush(stdout) && !output_error) output_error = errno;
}

enum cb_status cb_finish_output(struct cb_error *err)
{
    cb_flush_output();
    if (!output_error && !ferror(stdout)) return CB_OK;
    return cb_fail(err, CB_IO_ERROR, "standard output: cannot be written: %s",
                   output_error ? strerror(output_error) : "some of it was lost");
}

int cb_end_after_output(const char *program)
{
    struct cb_error err;
    if (!cb_finish_output(&err)) return EXIT_SUCCESS;
    fprintf(stderr, "%s: %s\n", program, err.text);
    return EXIT_FAILURE;
}
