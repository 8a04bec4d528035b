#include "data/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "data/archive.h"
#include "data/data.h"
#include "data/download.h"
#include "files/folders.h"

enum { MAX_ARCHIVE_BYTES = 400000000 /* the official ones: 170 MB */ };

struct paths {
    char batches[PATH_MAX], part[PATH_MAX];
};

static int is_complete(const struct cb_dataset *set, const char *batches)
{
    struct cb_data_source source = {.set = set};
    struct cb_file_check checks[CB_DATASET_MAX_FILES];
    snprintf(source.path, sizeof source.path, "%s", batches);
    if (cb_data_verify(checks, &source, NULL) != CB_OK) return 0;
    for (size_t i = 0; i < set->files; i++)
        if (checks[i].state != CB_FILE_OK) return 0;
    return 1;
}

static enum cb_status check_members(const struct cb_dataset *set, const struct cb_archive_member *members,
                                    const char *url, struct cb_error *err)
{
    for (size_t i = 0; i < set->files; i++) {
        const struct cb_dataset_file *file = &set->file[i];
        if (!members[i].bytes)
            return cb_fail(err, CB_IO_ERROR, "%.300s: %s is missing in the archive", url, file->name);
        struct cb_file_check check;
        enum cb_status status = cb_official_check(&check, set, i, members[i].bytes, members[i].len, err);
        if (status != CB_OK) return status;
        if (check.state == CB_FILE_WRONG_LENGTH)
            return cb_fail(err, CB_IO_ERROR, "%.300s: %s has %zu bytes, expected %zu", url, file->name, check.bytes,
                           file->records * cb_dataset_record_bytes(set));
        if (check.state != CB_FILE_OK)
            return cb_fail(err, CB_IO_ERROR, "%.300s: %s has the wrong SHA-256: expected %s, got %s", url, file->name,
                           file->sha256, check.sha256);
    }
    return CB_OK;
}

/* All files are checked in memory before the first is written; each is written whole or not at all. */
static enum cb_status unpack(const struct cb_dataset *set, const struct paths *paths, const char *url,
                             struct cb_error *err)
{
    struct cb_archive_member members[CB_DATASET_MAX_FILES];
    for (size_t i = 0; i < set->files; i++) members[i].name = set->file[i].name;
    enum cb_status status = cb_archive_read(paths->part, set, members, set->files, err);
    if (status != CB_OK) return status;
    status = check_members(set, members, url, err);
    if (status == CB_OK) status = cb_make_folders(paths->batches, err);
    for (size_t i = 0; i < set->files; i++) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof path, "%s/%s", paths->batches, members[i].name);
        if (status == CB_OK) status = cb_write_file(path, &(struct cb_bytes){members[i].bytes, members[i].len}, 1, err);
        free(members[i].bytes);
    }
    return status;
}

static int stopped(const struct cb_fetch *fetch)
{
    return fetch->stop && *fetch->stop;
}

static enum cb_status try_address(const struct cb_fetch *fetch, const struct paths *paths, const char *url,
                                  struct cb_error *err)
{
    if (fetch->log) fprintf(fetch->log, "fetching %s\n", url);
    struct cb_download download = {
        .url = url, .path = paths->part, .max_bytes = MAX_ARCHIVE_BYTES, .log = fetch->log, .stop = fetch->stop};
    enum cb_status status = cb_download(&download, err);
    if (status != CB_OK) return status;
    if (fetch->log) fprintf(fetch->log, "checking and unpacking\n");
    struct cb_error why;
    status = unpack(fetch->set, paths, url, &why);
    if (status == CB_BAD_INPUT) /* the server's fault, not the user's */
        status = cb_fail(err, CB_IO_ERROR, "%.300s: %.600s", url, why.text);
    else if (status != CB_OK)
        *err = why;
    /* Right or wrong, the archive is of no more use: going on from a wrong one would only repeat the error. */
    cb_download_discard(paths->part);
    return status;
}

/* The address that an unfinished download came from goes first. */
static enum cb_status try_addresses(const struct cb_fetch *fetch, const struct paths *paths, struct cb_error *err)
{
    const char *const *addresses = fetch->set->addresses;
    char origin[4096];
    cb_download_origin(paths->part, origin, sizeof origin);
    size_t first = 0, count = 0;
    while (addresses[count]) count++;
    if (fetch->mirror) count = 1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(origin, addresses[i]) == 0) first = i;
    enum cb_status status = CB_OK;
    struct cb_error last = {""};
    for (size_t i = 0; i < count && !stopped(fetch); i++) {
        const char *url = fetch->mirror ? fetch->mirror : addresses[(first + i) % count];
        status = try_address(fetch, paths, url, &last);
        if (status == CB_OK) return CB_OK;
        if (fetch->log && i + 1 < count) fprintf(fetch->log, "%s\n", last.text);
    }
    struct stat info;
    long long kept = stat(paths->part, &info) == 0 ? (long long)info.st_size : 0;
    if (kept == 0) cb_download_discard(paths->part);
    if (stopped(fetch))
        return cb_fail(err, CB_IO_ERROR, "stopped; %lld bytes are kept, the same command goes on from there", kept);
    if (kept > 0)
        return cb_fail(err, status, "%.700s; %lld bytes are kept, the same command goes on from there", last.text,
                       kept);
    return cb_fail(err, status, "%.700s; nothing was kept; another address: --mirror URL", last.text);
}

enum cb_status cb_fetch(const struct cb_fetch *fetch, struct cb_error *err)
{
    const struct cb_dataset *set = fetch->set;
    struct paths paths;
    if (snprintf(paths.batches, sizeof paths.batches, "%s/%s", fetch->folder, set->folder) >= PATH_MAX ||
        snprintf(paths.part, sizeof paths.part, "%s/%s.part", fetch->folder, set->archive) >= PATH_MAX)
        return cb_fail(err, CB_BAD_INPUT, "%.200s...: path too long", fetch->folder);
    if (is_complete(set, paths.batches)) {
        if (fetch->log) fprintf(fetch->log, "%s is complete in %s\n", set->title, paths.batches);
        return CB_OK;
    }
    enum cb_status status = cb_make_folders(fetch->folder, err);
    if (status != CB_OK) return status;
    int lock = open(fetch->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) return cb_fail(err, CB_IO_ERROR, "%.700s: cannot be opened: %s", fetch->folder, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        status = cb_fail(err, CB_IO_ERROR, "%.700s: another fetch is at work there", fetch->folder);
    else if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        status = cb_fail(err, CB_UNAVAILABLE, "libcurl could not be started");
    else {
        status = try_addresses(fetch, &paths, err);
        curl_global_cleanup();
    }
    close(lock);
    return status;
}
