#include "data/data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/archive.h"
#include "files/files.h"

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

/* One of the set's files is enough: what else a caller needs and misses is reported by name when it is read. */
static int holds_files(const struct cb_dataset *set, const char *folder, struct trouble *trouble)
{
    char path[PATH_MAX];
    for (size_t i = set->files; i-- > 0;)
        if (join(path, sizeof path, folder, set->file[i].name) && has_type(path, S_IFREG, trouble)) return 1;
    return 0;
}

/* Whether path leads to the data set; fills source if so. */
static int probe(struct cb_data_source *source, const char *path, struct trouble *trouble)
{
    const struct cb_dataset *set = source->set;
    if (has_type(path, S_IFREG, trouble)) {
        source->is_archive = 1;
        return snprintf(source->path, sizeof source->path, "%s", path) < (int)sizeof source->path;
    }
    if (!has_type(path, S_IFDIR, trouble)) return 0;
    source->is_archive = 0;
    if (join(source->path, sizeof source->path, path, set->folder) && holds_files(set, source->path, trouble)) return 1;
    if (holds_files(set, path, trouble))
        return snprintf(source->path, sizeof source->path, "%s", path) < (int)sizeof source->path;
    source->is_archive = 1;
    return join(source->path, sizeof source->path, path, set->archive) && has_type(source->path, S_IFREG, trouble);
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
                   "%s: no %s in %.800s: expected a folder with %s/, the .bin files or %s, or the archive itself", who,
                   source->set->title, path, source->set->folder, source->set->archive);
}

enum cb_status cb_data_find(struct cb_data_source *source, const struct cb_dataset *set, const char *option,
                            struct cb_error *err)
{
    *source = (struct cb_data_source){.set = set};
    if (option) return probe_given(source, "--data", option, err);
    const char *variable = getenv("CYCLEBENCH_DATA");
    if (variable && variable[0]) return probe_given(source, "$CYCLEBENCH_DATA", variable, err);
    char cache[PATH_MAX];
    struct trouble trouble = {0};
    if (cb_data_cache_folder(cache, sizeof cache, NULL) != CB_OK)
        snprintf(cache, sizeof cache, "the cache folder ($HOME is not set)");
    else if (probe(source, cache, &trouble))
        return CB_OK;
    *source = (struct cb_data_source){.set = set};
    if (trouble.number) return examined(err, "the cache folder", &trouble);
    return cb_fail(err, CB_UNAVAILABLE,
                   "%s not found: looked for --data and $CYCLEBENCH_DATA (not given) and in %.700s; `cyclebench data "
                   "fetch --set %s` downloads it (%zu MB)%s",
                   set->title, cache, set->name, set->megabytes,
                   set == &cb_datasets[CB_CIFAR10] ? ", `cyclebench data synth --data DIR` makes a synthetic set" : "");
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

/* Appends one file's bytes. What was loaded so far is one kind only if all of it is. */
static enum cb_status add_file(struct cb_images *images, const struct cb_dataset *set, const char *file,
                               const char *name, const struct cb_bytes *bytes, struct cb_error *err)
{
    const size_t first = images->n;
    enum cb_data_kind kind;
    enum cb_status status = cb_cifar_parse(images, set, bytes->data, bytes->len, name, err);
    if (status == CB_OK) status = cb_data_recognise(&kind, set, file, bytes->data, bytes->len, err);
    if (status == CB_OK) images->kind = first ? cb_data_kind_of_both(images->kind, kind) : kind;
    return status;
}

static enum cb_status load_folder(struct cb_images *images, const struct cb_data_source *source,
                                  const char *const *names, size_t count, struct cb_error *err)
{
    const struct cb_dataset *set = source->set;
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX + 512];
        struct cb_bytes bytes;
        snprintf(path, sizeof path, "%s/%s", source->path, names[i]);
        if (access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
            return cb_fail(err, CB_BAD_INPUT,
                           "%s: file missing; get %s with `cyclebench data fetch --set %s`, check it with `cyclebench "
                           "data verify --set %s`",
                           path, set->title, set->name, set->name);
        enum cb_status status = cb_read_file(&bytes, path, CB_CIFAR_MAX_RECORDS * cb_dataset_record_bytes(set), err);
        if (status == CB_OK) status = add_file(images, set, names[i], path, &bytes, err);
        free(bytes.data);
        if (status != CB_OK) return status;
    }
    return CB_OK;
}

/* The whole archive goes through once, whatever the order of its members; the images follow the order of names. */
static enum cb_status load_archive(struct cb_images *images, const struct cb_data_source *source,
                                   const char *const *names, size_t count, struct cb_error *err)
{
    const char *path = source->path;
    struct cb_archive_member *members = calloc(count, sizeof *members);
    if (!members) return cb_fail(err, CB_NO_MEMORY, "%s: no memory to read it", path);
    for (size_t i = 0; i < count; i++) members[i].name = names[i];
    enum cb_status status = cb_archive_read(path, source->set, members, count, err);
    for (size_t i = 0; i < count && status == CB_OK; i++) {
        char name[PATH_MAX + 512];
        snprintf(name, sizeof name, "%s: %s", path, names[i]);
        if (members[i].bytes)
            status = add_file(images, source->set, names[i], name, &(struct cb_bytes){members[i].bytes, members[i].len},
                              err);
        else
            status = cb_fail(err, CB_BAD_INPUT,
                             "%s: file missing in the archive; fetch %s again: cyclebench data fetch --set %s", name,
                             source->set->title, source->set->name);
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
    enum cb_status status = source->is_archive ? load_archive(images, source, names, count, err)
                                               : load_folder(images, source, names, count, err);
    if (status != CB_OK) images->n = before, images->kind = kind;
    return status;
}
