#include "data/data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/sha256.h"
#include "data/archive.h"

/* Bytes of an official file. */
static size_t official_bytes(const struct cb_dataset *set, size_t file)
{
    return set->file[file].records * cb_dataset_record_bytes(set);
}

enum cb_status cb_official_check(struct cb_file_check *check, const struct cb_dataset *set, size_t file,
                                 const uint8_t *bytes, size_t len, struct cb_error *err)
{
    *check = (struct cb_file_check){.state = CB_FILE_WRONG_LENGTH, .bytes = len};
    if (len != official_bytes(set, file)) return CB_OK;
    enum cb_status status = cb_sha256_hex(bytes, len, check->sha256, err);
    check->state = strcmp(check->sha256, set->file[file].sha256) == 0 ? CB_FILE_OK : CB_FILE_WRONG_SHA256;
    return status;
}

static enum cb_status verify_file(struct cb_file_check *check, const struct cb_dataset *set, size_t file,
                                  const char *folder, struct cb_error *err)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, set->file[file].name) >= (int)sizeof path)
        return cb_fail(err, CB_BAD_INPUT, "%.200s...: path too long", folder);
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return cb_fail(err, CB_IO_ERROR, "%s: cannot be examined: %s", path, strerror(errno));
        check->state = CB_FILE_MISSING;
        return CB_OK;
    }
    if ((size_t)info.st_size != official_bytes(set, file)) {
        check->state = CB_FILE_WRONG_LENGTH;
        check->bytes = (size_t)info.st_size;
        return CB_OK;
    }
    struct cb_bytes bytes;
    enum cb_status status = cb_read_file(&bytes, path, official_bytes(set, file), err);
    if (status != CB_OK) return status;
    status = cb_official_check(check, set, file, bytes.data, bytes.len, err);
    free(bytes.data);
    return status;
}

static enum cb_status verify_archive(struct cb_file_check *checks, const struct cb_dataset *set, const char *path,
                                     struct cb_error *err)
{
    struct cb_archive_member members[CB_DATASET_MAX_FILES];
    for (size_t i = 0; i < set->files; i++) members[i].name = set->file[i].name;
    enum cb_status status = cb_archive_read(path, set, members, set->files, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < set->files; i++) {
        checks[i].state = CB_FILE_MISSING;
        if (status == CB_OK && members[i].bytes)
            status = cb_official_check(&checks[i], set, i, members[i].bytes, members[i].len, err);
        free(members[i].bytes);
    }
    return status;
}

enum cb_status cb_data_verify(struct cb_file_check checks[CB_DATASET_MAX_FILES], const struct cb_data_source *source,
                              struct cb_error *err)
{
    const struct cb_dataset *set = source->set;
    memset(checks, 0, set->files * sizeof *checks);
    if (source->is_archive) return verify_archive(checks, set, source->path, err);
    for (size_t i = 0; i < set->files; i++) {
        enum cb_status status = verify_file(&checks[i], set, i, source->path, err);
        if (status != CB_OK) return status;
    }
    return CB_OK;
}
