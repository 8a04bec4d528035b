#include "data/data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/archive.h"

/* What a search has met: an error other than "not there" must not pass for missing data. */
struct trouble {
    int number;
    char path[PATH_MAX];
};

static int has_type(const char *path, mode_t type, struct trouble *trouble)
{
    struct stat info;
    if (stat(path, &info) == 0) return (info.st_mode & S_IFMT) == type;
    if (errno != ENOENT && errno != ENOTDIR && !trouble->number) {
        trouble->number = errno;
        snprintf(trouble->path, sizeof trouble->path, "%s", path);
    }
    return 0;
}

static int join(char *out, size_t bytes, const char *folder, const char *name)
{
    return snprintf(out, bytes, "%s/%s", folder, name) < (int)bytes;
}

/* One of the six files is enough: what else a caller needs and misses is reported by name when it is read. */
static int holds_batches(const char *folder, struct trouble *trouble)
{
    char path[PATH_MAX];
    if (join(path, sizeof path, folder, cb_cifar_test_file) && has_type(path, S_IFREG, trouble)) return 1;
    for (size_t i = 0; i < 5; i++)
        if (join(path, sizeof path, folder, cb_cifar_train_files[i]) && has_type(path, S_IFREG, trouble)) return 1;
    return 0;
}

/* Whether path leads to a data set; fills source if so. */
static int probe(struct cb_data_source *source, const char *path, struct trouble *trouble)
{
    if (has_type(path, S_IFREG, trouble)) {
        source->is_archive = 1;
        return snprintf(source->path, sizeof source->path, "%s", path) < (int)sizeof source->path;
    }
    if (!has_type(path, S_IFDIR, trouble)) return 0;
    source->is_archive = 0;
    if (join(source->path, sizeof source->path, path, CB_CIFAR_FOLDER) && holds_batches(source->path, trouble))
        return 1;
    if (holds_batches(path, trouble))
        return snprintf(source->path, sizeof source->path, "%s", path) < (int)sizeof source->path;
    source->is_archive = 1;
    return join(source->path, sizeof source->path, path, CB_CIFAR_ARCHIVE) && has_type(source->path, S_IFREG, trouble);
}

static enum cb_status examined(struct cb_error *err, const char *who, const struct trouble *trouble)
{
    return cb_fail(err, CB_IO_ERROR, "%s: %.800s cannot be examined: %s", who, trouble->path,
                   strerror(trouble->number));
}

/* Looks where the user said: no data there is an error. */
static enum cb_status probe_given(struct cb_data_source *source, const char *who, const char *path,
                                  struct cb_error *err)
{
    struct trouble trouble = {0};
    if (probe(source, path, &trouble)) return CB_OK;
    if (trouble.number) return examined(err, who, &trouble);
    struct stat info;
    if (stat(path, &info) != 0) return cb_fail(err, CB_BAD_INPUT, "%s: %.800s: %s", who, path, strerror(errno));
    return cb_fail(err, CB_BAD_INPUT,
                   "%s: no CIFAR-10 in %.800s: expected a folder with " CB_CIFAR_FOLDER
                   "/, the .bin files or " CB_CIFAR_ARCHIVE ", or the archive itself",
                   who, path);
}

enum cb_status cb_data_find(struct cb_data_source *source, const char *option, struct cb_error *err)
{
    *source = (struct cb_data_source){0};
    if (option) return probe_given(source, "--data", option, err);
    const char *variable = getenv("CYCLEBENCH_DATA");
    if (variable && variable[0]) return probe_given(source, "$CYCLEBENCH_DATA", variable, err);
    char cache[PATH_MAX];
    struct trouble trouble = {0};
    if (cb_data_cache_folder(cache, sizeof cache, NULL) != CB_OK)
        snprintf(cache, sizeof cache, "the cache folder ($HOME is not set)");
    else if (probe(source, cache, &trouble))
        return CB_OK;
    *source = (struct cb_data_source){0};
    if (trouble.number) return examined(err, "the cache folder", &trouble);
    return cb_fail(
        err, CB_UNAVAILABLE,
        "CIFAR-10 not found: looked for --data and $CYCLEBENCH_DATA (not given) and in %.700s; "
        "`cyclebench data fetch` downloads it (170 MB), `cyclebench data synth --data DIR` makes a synthetic set",
        cache);
}

enum cb_status cb_data_cache_folder(char *path, size_t bytes, struct cb_error *err)
{
    /* The XDG base directory specification: a relative path in the variable is invalid and ignored. */
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int len;
    if (xdg && xdg[0] == '/')
        len = snprintf(path, bytes, "%s/cyclebench", xdg);
    else if (home && home[0])
        len = snprintf(path, bytes, "%s/.cache/cyclebench", home);
    else
        return cb_fail(err, CB_UNAVAILABLE,
                       "no cache folder: neither $XDG_CACHE_HOME nor $HOME is set; say where with --data DIR");
    if (len < 0 || (size_t)len >= bytes)
        return cb_fail(err, CB_BAD_INPUT, "path of the cache folder is longer than %zu bytes; use --data DIR",
                       bytes - 1);
    return CB_OK;
}

/* What was loaded so far is one kind only if all of it is. */
static enum cb_status set_kind(struct cb_images *images, size_t first, const char *name, struct cb_error *err)
{
    enum cb_data_kind kind;
    enum cb_status status = cb_data_recognise(&kind, images, first, name, err);
    if (status == CB_OK) images->kind = first ? cb_data_kind_of_both(images->kind, kind) : kind;
    return status;
}

static enum cb_status load_folder(struct cb_images *images, const char *path, const char *const *names, size_t count,
                                  struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < count && status == CB_OK; i++) {
        size_t first = images->n;
        status = cb_cifar_read(images, path, &names[i], 1, err);
        if (status == CB_OK) status = set_kind(images, first, names[i], err);
    }
    return status;
}

/* The whole archive goes through once, whatever the order of its members; the images follow the order of names. */
static enum cb_status load_archive(struct cb_images *images, const char *path, const char *const *names, size_t count,
                                   struct cb_error *err)
{
    struct cb_archive_member *members = calloc(count, sizeof *members);
    if (!members) return cb_fail(err, CB_NO_MEMORY, "%s: no memory to read it", path);
    for (size_t i = 0; i < count; i++) members[i].name = names[i];
    enum cb_status status = cb_archive_read(path, members, count, err);
    for (size_t i = 0; i < count && status == CB_OK; i++) {
        size_t first = images->n;
        char name[PATH_MAX + 64];
        snprintf(name, sizeof name, "%s: %s", path, names[i]);
        if (members[i].bytes)
            status = cb_cifar_parse(images, members[i].bytes, members[i].len, name, err);
        else
            status = cb_fail(err, CB_BAD_INPUT,
                             "%s: file missing in the archive; fetch CIFAR-10 again: cyclebench data fetch", name);
        if (status == CB_OK) status = set_kind(images, first, names[i], err);
        free(members[i].bytes);
        members[i].bytes = NULL;
    }
    for (size_t i = 0; i < count; i++) free(members[i].bytes);
    free(members);
    return status;
}

enum cb_status cb_data_load(struct cb_images *images, const struct cb_data_source *source, const char *const *names,
                            size_t count, struct cb_error *err)
{
    size_t before = images->n;
    enum cb_data_kind kind = images->kind;
    enum cb_status status = source->is_archive ? load_archive(images, source->path, names, count, err)
                                               : load_folder(images, source->path, names, count, err);
    if (status != CB_OK) images->n = before, images->kind = kind;
    return status;
}
