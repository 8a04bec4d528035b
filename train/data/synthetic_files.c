#include "data/data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/files.h"
#include "files/folders.h"

/* Writes path unless it is there with these very bytes; anything else there may be somebody's data. */
static enum cb_status write_new(const char *path, const uint8_t *bytes, size_t len, struct cb_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        if (errno != ENOENT) return cb_fail(err, CB_IO_ERROR, "%s: cannot be examined: %s", path, strerror(errno));
        return cb_write_file(path, &(struct cb_bytes){(uint8_t *)(uintptr_t)bytes, len}, 1, err);
    }
    struct cb_bytes there = {0};
    int same = S_ISREG(info.st_mode) && (size_t)info.st_size == len && cb_read_file(&there, path, len, NULL) == CB_OK &&
               there.len == len && memcmp(there.data, bytes, len) == 0;
    free(there.data);
    if (same) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT,
                   "%s: holds other data and is not overwritten; choose another --data DIR or remove it", path);
}

static enum cb_status write_batch(const char *folder, const char *name, size_t images, struct cb_error *err)
{
    struct cb_images set = {0};
    char path[PATH_MAX + 32];
    enum cb_status status = cb_synthetic_file(&set, name, images, err);
    const size_t record = 1 + CB_IMAGE_PIXELS, len = images * record;
    uint8_t *bytes = status == CB_OK ? malloc(len) : NULL;
    if (bytes) {
        for (size_t i = 0; i < images; i++) {
            bytes[i * record] = set.labels[i];
            memcpy(bytes + i * record + 1, set.pixels + i * CB_IMAGE_PIXELS, CB_IMAGE_PIXELS);
        }
        snprintf(path, sizeof path, "%s/%s", folder, name);
        status = write_new(path, bytes, len, err);
        free(bytes);
    } else if (status == CB_OK) {
        status = cb_fail(err, CB_NO_MEMORY, "no memory for %zu bytes of %s", len, name);
    }
    cb_images_free(&set);
    return status;
}

static enum cb_status write_class_names(const char *folder, struct cb_error *err)
{
    static const char text[] = "synthetic 0\nsynthetic 1\nsynthetic 2\nsynthetic 3\nsynthetic 4\n"
                               "synthetic 5\nsynthetic 6\nsynthetic 7\nsynthetic 8\nsynthetic 9\n";
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/batches.meta.txt", folder);
    return write_new(path, (const uint8_t *)text, strlen(text), err);
}

enum cb_status cb_synthetic_write(const char *dir, size_t images, const volatile sig_atomic_t *stop,
                                  struct cb_error *err)
{
    const struct cb_dataset *set = &cb_datasets[CB_CIFAR10];
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s/%s", dir, set->folder) >= PATH_MAX)
        return cb_fail(err, CB_BAD_INPUT, "%.200s...: path too long", dir);
    enum cb_status status = cb_make_folders(folder, err);
    if (status == CB_OK) status = write_class_names(folder, err);
    for (size_t i = 0; i < set->files && status == CB_OK; i++) {
        if (stop && *stop)
            return cb_fail(err, CB_IO_ERROR,
                           "stopped; the %zu files written so far are whole, the same command writes the rest", i);
        status = write_batch(folder, set->file[i].name, images, err);
    }
    return status;
}
