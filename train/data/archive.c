#include "data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "data/data.h"

enum { MAX_ENTRIES = 1000, BLOCK_BYTES = 1 << 16 };
static const size_t max_member_bytes = (size_t)CB_CIFAR_MAX_RECORDS * CB_CIFAR_RECORD_BYTES;

static int is_unsafe_name(const char *name)
{
    if (name[0] == '\0' || name[0] == '/') return 1;
    for (const char *part = name; part;) {
        size_t len = strcspn(part, "/");
        if (len == 2 && memcmp(part, "..", 2) == 0) return 1;
        part = part[len] == '/' ? part + len + 1 : NULL;
    }
    return 0;
}

static struct cb_archive_member *find_member(struct cb_archive_member *members, size_t count, const char *name)
{
    if (strncmp(name, "./", 2) == 0) name += 2;
    size_t folder = strlen(CB_CIFAR_FOLDER "/");
    if (strncmp(name, CB_CIFAR_FOLDER "/", folder) == 0) name += folder;
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0) return &members[i];
    return NULL;
}

static enum cb_status damaged(struct cb_error *err, const char *path, struct archive *archive)
{
    const char *reason = archive_error_string(archive);
    return cb_fail(
        err, CB_BAD_INPUT,
        "%s: cannot be read as .tar or .tar.gz, after byte %lld of the file: %s; it is truncated, damaged or "
        "something else, expected the whole " CB_CIFAR_ARCHIVE,
        path, (long long)archive_filter_bytes(archive, -1), reason ? reason : "unknown format");
}

/* Refuses what no CIFAR-10 archive holds, whether it is a wanted member or not. */
static enum cb_status check_entry(const char *path, struct archive_entry *entry, struct cb_error *err)
{
    const char *name = archive_entry_pathname(entry);
    if (!name || is_unsafe_name(name))
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: refused: member \"%.200s\" has an absolute path, \"..\" or no readable name", path,
                       name ? name : "");
    if (archive_entry_hardlink(entry) ||
        (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR))
        return cb_fail(err, CB_BAD_INPUT, "%s: refused: member \"%.200s\" is a link or device, expected plain files",
                       path, name);
    if (archive_entry_size(entry) < 0 || (uint64_t)archive_entry_size(entry) > max_member_bytes)
        return cb_fail(err, CB_BAD_INPUT, "%s: refused: member \"%.200s\" says it has %lld bytes, expected at most %zu",
                       path, name, (long long)archive_entry_size(entry), max_member_bytes);
    return CB_OK;
}

static enum cb_status read_member(const char *path, struct archive *archive, struct archive_entry *entry,
                                  struct cb_archive_member *member, struct cb_error *err)
{
    if (member->bytes) return cb_fail(err, CB_BAD_INPUT, "%s: refused: member %s comes twice", path, member->name);
    size_t len = (size_t)archive_entry_size(entry);
    member->bytes = malloc(len ? len : 1);
    if (!member->bytes)
        return cb_fail(err, CB_NO_MEMORY, "%s: no memory for the %zu bytes of %s", path, len, member->name);
    while (member->len < len) {
        la_ssize_t got = archive_read_data(archive, member->bytes + member->len, len - member->len);
        if (got <= 0) return damaged(err, path, archive);
        member->len += (size_t)got;
    }
    return CB_OK;
}

static enum cb_status read_entries(const char *path, struct archive *archive, struct cb_archive_member *members,
                                   size_t count, struct cb_error *err)
{
    size_t found = 0;
    for (int entries = 0; found < count; entries++) {
        struct archive_entry *entry;
        int result = archive_read_next_header(archive, &entry);
        if (result == ARCHIVE_EOF) return CB_OK;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return damaged(err, path, archive);
        if (entries == MAX_ENTRIES)
            return cb_fail(err, CB_BAD_INPUT, "%s: refused: more than %d members, expected 8", path, MAX_ENTRIES);
        enum cb_status status = check_entry(path, entry, err);
        if (status != CB_OK) return status;
        struct cb_archive_member *member = find_member(members, count, archive_entry_pathname(entry));
        if (!member || archive_entry_filetype(entry) != AE_IFREG) continue;
        status = read_member(path, archive, entry, member, err);
        if (status != CB_OK) return status;
        found++;
    }
    return CB_OK;
}

enum cb_status cb_archive_read(const char *path, struct cb_archive_member *members, size_t count, struct cb_error *err)
{
    for (size_t i = 0; i < count; i++) members[i].bytes = NULL, members[i].len = 0;
    struct archive *archive = archive_read_new();
    if (!archive) return cb_fail(err, CB_NO_MEMORY, "%s: no memory to read it", path);
    enum cb_status status;
    if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
        archive_read_support_filter_gzip(archive) != ARCHIVE_OK)
        status = cb_fail(err, CB_UNAVAILABLE, "libarchive lacks tar or gzip: %s", archive_error_string(archive));
    else if (archive_read_open_filename(archive, path, BLOCK_BYTES) == ARCHIVE_OK)
        status = read_entries(path, archive, members, count, err);
    else if (archive_errno(archive) == ENOENT || archive_errno(archive) == EACCES)
        status = cb_fail(err, CB_BAD_INPUT, "%s: cannot be opened: %s", path, strerror(archive_errno(archive)));
    else
        status = damaged(err, path, archive);
    archive_read_free(archive);
    if (status != CB_OK) {
        for (size_t i = 0; i < count; i++) {
            free(members[i].bytes);
            members[i].bytes = NULL;
            members[i].len = 0;
        }
    }
    return status;
}
