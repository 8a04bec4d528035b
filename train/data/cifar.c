#include "data/data.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const cb_cifar_train_files[5] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                             "data_batch_4.bin", "data_batch_5.bin"};
const char *const cb_cifar_test_file = "test_batch.bin";

enum { CLASSES = 10 };

void cb_images_free(struct cb_images *images)
{
    if (!images) return;
    free(images->pixels);
    free(images->labels);
    *images = (struct cb_images){0};
}

enum cb_status cb_images_reserve(struct cb_images *images, size_t more, struct cb_error *err)
{
    if (more > SIZE_MAX / CB_IMAGE_PIXELS - images->n)
        return cb_fail(err, CB_NO_MEMORY, "no memory for %zu more images", more);
    size_t n = images->n + more;
    uint8_t *pixels = realloc(images->pixels, n * CB_IMAGE_PIXELS);
    if (pixels) images->pixels = pixels;
    uint8_t *labels = pixels ? realloc(images->labels, n) : NULL;
    if (!labels) return cb_fail(err, CB_NO_MEMORY, "no memory for %zu images", n);
    images->labels = labels;
    return CB_OK;
}

/* The length decides before anything is read or allocated. */
static enum cb_status check_length(size_t len, const char *name, struct cb_error *err)
{
    if (len != 0 && len % CB_CIFAR_RECORD_BYTES == 0 && len / CB_CIFAR_RECORD_BYTES <= CB_CIFAR_MAX_RECORDS)
        return CB_OK;
    return cb_fail(err, CB_BAD_INPUT,
                   "%s: wrong length: got %zu bytes (%zu records of %d and %zu left over), expected 1 to %d whole "
                   "records, as in the official file of 10000 (30730000 bytes); fetch it again: cyclebench data fetch",
                   name, len, len / CB_CIFAR_RECORD_BYTES, CB_CIFAR_RECORD_BYTES, len % CB_CIFAR_RECORD_BYTES,
                   CB_CIFAR_MAX_RECORDS);
}

enum cb_status cb_cifar_parse(struct cb_images *images, const uint8_t *bytes, size_t len, const char *name,
                              struct cb_error *err)
{
    enum cb_status status = check_length(len, name, err);
    if (status != CB_OK) return status;
    size_t records = len / CB_CIFAR_RECORD_BYTES;
    for (size_t i = 0; i < records; i++) {
        unsigned label = bytes[i * CB_CIFAR_RECORD_BYTES];
        if (label >= CLASSES)
            return cb_fail(err, CB_BAD_INPUT,
                           "%s: record %zu at byte %zu has label %u, expected 0 to 9: not the CIFAR-10 binary format "
                           "(CIFAR-100 has two label bytes), or damaged; fetch it again: cyclebench data fetch",
                           name, i, i * CB_CIFAR_RECORD_BYTES, label);
    }
    status = cb_images_reserve(images, records, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < records; i++) {
        const uint8_t *record = bytes + i * CB_CIFAR_RECORD_BYTES;
        images->labels[images->n] = record[0];
        memcpy(images->pixels + images->n * CB_IMAGE_PIXELS, record + 1, CB_IMAGE_PIXELS);
        images->n++;
    }
    return CB_OK;
}

/* Reads exactly the length that fstat gave: a file that changes meanwhile is an error, not a short read. */
static enum cb_status read_stream(struct cb_images *images, FILE *file, const char *path, struct cb_error *err)
{
    struct stat info;
    if (fstat(fileno(file), &info) != 0)
        return cb_fail(err, CB_IO_ERROR, "%s: cannot be examined: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return cb_fail(err, CB_BAD_INPUT, "%s: not a regular file, expected a CIFAR-10 binary file", path);
    size_t len = (size_t)info.st_size;
    enum cb_status status = check_length(len, path, err);
    if (status != CB_OK) return status;
    uint8_t *bytes = malloc(len);
    if (!bytes) return cb_fail(err, CB_NO_MEMORY, "%s: no memory for its %zu bytes", path, len);
    size_t got = fread(bytes, 1, len, file);
    if (got == len)
        status = cb_cifar_parse(images, bytes, len, path, err);
    else
        status = cb_fail(err, CB_IO_ERROR, "%s: reading stopped at byte %zu of %zu: %s", path, got, len,
                         ferror(file) ? strerror(errno) : "the file became shorter");
    free(bytes);
    return status;
}

enum cb_status cb_cifar_read(struct cb_images *images, const char *dir, const char *const *names, size_t count,
                             struct cb_error *err)
{
    size_t before = images->n;
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s", dir, names[i]) >= (int)sizeof path) {
            images->n = before;
            return cb_fail(err, CB_BAD_INPUT, "%.200s...: path too long", dir);
        }
        /* Without O_NONBLOCK a pipe of this name would be waited for before it is refused. */
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        FILE *file = fd >= 0 ? fdopen(fd, "rb") : NULL;
        enum cb_status status;
        if (file) {
            status = read_stream(images, file, path, err);
            fclose(file);
        } else if (errno == ENOENT || errno == ENOTDIR) {
            status = cb_fail(err, CB_BAD_INPUT,
                             "%s: file missing; get CIFAR-10 with `cyclebench data fetch`, check it with "
                             "`cyclebench data verify`",
                             path);
        } else {
            status = cb_fail(err, CB_IO_ERROR, "%s: cannot be opened: %s", path, strerror(errno));
            if (fd >= 0) close(fd);
        }
        if (status != CB_OK) {
            images->n = before;
            return status;
        }
    }
    return CB_OK;
}
