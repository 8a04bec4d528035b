#include "data/data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint/files.h"
#include "data/archive.h"

const struct cb_official_file cb_official_files[CB_OFFICIAL_FILES] = {
    {"data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
    {"data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
    {"data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
    {"data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
    {"data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
    {"test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"},
};

enum cb_status cb_official_check(struct cb_file_check *check, size_t file, const uint8_t *bytes, size_t len,
                                 struct cb_error *err)
{
    *check = (struct cb_file_check){.state = CB_FILE_WRONG_LENGTH, .bytes = len};
    if (len != CB_OFFICIAL_FILE_BYTES) return CB_OK;
    enum cb_status status = cb_sha256_hex(bytes, len, check->sha256, err);
    check->state = strcmp(check->sha256, cb_official_files[file].sha256) == 0 ? CB_FILE_OK : CB_FILE_WRONG_SHA256;
    return status;
}

static enum cb_status verify_file(struct cb_file_check *check, size_t file, const char *folder, struct cb_error *err)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, cb_official_files[file].name) >= (int)sizeof path)
        return cb_fail(err, CB_BAD_INPUT, "%.200s...: path too long", folder);
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return cb_fail(err, CB_IO_ERROR, "%s: cannot be examined: %s", path, strerror(errno));
        check->state = CB_FILE_MISSING;
        return CB_OK;
    }
    if (info.st_size != CB_OFFICIAL_FILE_BYTES) {
        check->state = CB_FILE_WRONG_LENGTH;
        check->bytes = (size_t)info.st_size;
        return CB_OK;
    }
    struct cb_bytes bytes;
    enum cb_status status = cb_read_file(&bytes, path, CB_OFFICIAL_FILE_BYTES, err);
    if (status != CB_OK) return status;
    status = cb_official_check(check, file, bytes.data, bytes.len, err);
    free(bytes.data);
    return status;
}

static enum cb_status verify_archive(struct cb_file_check checks[CB_OFFICIAL_FILES], const char *path,
                                     struct cb_error *err)
{
    struct cb_archive_member members[CB_OFFICIAL_FILES];
    for (size_t i = 0; i < CB_OFFICIAL_FILES; i++) members[i].name = cb_official_files[i].name;
    enum cb_status status = cb_archive_read(path, members, CB_OFFICIAL_FILES, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < CB_OFFICIAL_FILES; i++) {
        checks[i].state = CB_FILE_MISSING;
        if (status == CB_OK && members[i].bytes)
            status = cb_official_check(&checks[i], i, members[i].bytes, members[i].len, err);
        free(members[i].bytes);
    }
    return status;
}

enum cb_status cb_data_verify(struct cb_file_check checks[CB_OFFICIAL_FILES], const struct cb_data_source *source,
                              struct cb_error *err)
{
    memset(checks, 0, CB_OFFICIAL_FILES * sizeof *checks);
    if (source->is_archive) return verify_archive(checks, source->path, err);
    for (size_t i = 0; i < CB_OFFICIAL_FILES; i++) {
        enum cb_status status = verify_file(&checks[i], i, source->path, err);
        if (status != CB_OK) return status;
    }
    return CB_OK;
}
