#include "data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/data.h"

/* The official archive has 9 entries and 185 MB when it is unpacked. */
enum { MAX_ENTRIES = 20, BLOCK_BYTES = 1 << 16, MAX_BYTES = 400000000 };

/* The file without its compression, as libarchive's "raw" format gives it, with what libarchive does not do: gzip's own
 * sum is checked. The tar reader draws from it. */
struct stream {
    const struct cb_dataset *set; /* whose archive it is to be */
    struct archive *raw;
    uint64_t bytes;
    uint32_t crc;
    uint8_t block[BLOCK_BYTES];
};

static uint32_t add_crc(uint32_t crc, const uint8_t *bytes, size_t len)
{
    static uint32_t table[256];
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t sum = i;
            for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? UINT32_C(0xedb88320) : 0);
            table[i] = sum;
        }
    crc = ~crc;
    for (size_t i = 0; i < len; i++) crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 255];
    return ~crc;
}

/* libarchive's read callback: the number of bytes, 0 at the end, -1 after an error, which damaged() explains. */
static la_ssize_t next_block(struct archive *tar, void *data, const void **block)
{
    (void)tar;
    struct stream *stream = data;
    la_ssize_t got = archive_read_data(stream->raw, stream->block, sizeof stream->block);
    if (got < 0) return -1;
    stream->bytes += (uint64_t)got;
    if (stream->bytes > MAX_BYTES) return -1;
    stream->crc = add_crc(stream->crc, stream->block, (size_t)got);
    *block = stream->block;
    return got;
}

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

static struct cb_archive_member *find_member(const struct cb_dataset *set, struct cb_archive_member *members,
                                             size_t count, const char *name)
{
    if (strncmp(name, "./", 2) == 0) name += 2;
    size_t folder = strlen(set->folder);
    if (strncmp(name, set->folder, folder) == 0 && name[folder] == '/') name += folder + 1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0) return &members[i];
    return NULL;
}

static enum cb_status damaged(struct cb_error *err, const char *path, struct archive *archive,
                              const struct stream *stream)
{
    if (stream->bytes > MAX_BYTES)
        return cb_fail(err, CB_BAD_INPUT, "%s: refused: it unpacks to more than %d bytes", path, MAX_BYTES);
    /* The tar reader calls any trouble of its source a truncation. */
    const char *reason = archive_error_string(stream->raw);
    if (!reason) reason = archive_error_string(archive);
    return cb_fail(
        err, CB_BAD_INPUT,
        "%s: cannot be read as .tar or .tar.gz, after byte %lld of the file: %s; it is truncated, damaged or "
        "something else, expected the whole %s",
        path, (long long)archive_filter_bytes(stream->raw, -1), reason ? reason : "unknown format",
        stream->set->archive);
}

/* Refuses what no CIFAR archive holds, whether it is a wanted member or not. */
static enum cb_status check_entry(const char *path, const struct cb_dataset *set, struct archive_entry *entry,
                                  struct cb_error *err)
{
    const size_t max_member_bytes = CB_CIFAR_MAX_RECORDS * cb_dataset_record_bytes(set);
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

static enum cb_status read_member(const char *path, struct archive *archive, const struct stream *stream,
                                  struct archive_entry *entry, struct cb_archive_member *member, struct cb_error *err)
{
    if (member->bytes) return cb_fail(err, CB_BAD_INPUT, "%s: refused: member %s comes twice", path, member->name);
    size_t len = (size_t)archive_entry_size(entry);
    member->bytes = malloc(len ? len : 1);
    if (!member->bytes)
        return cb_fail(err, CB_NO_MEMORY, "%s: no memory for the %zu bytes of %s", path, len, member->name);
    while (member->len < len) {
        la_ssize_t got = archive_read_data(archive, member->bytes + member->len, len - member->len);
        if (got <= 0) return damaged(err, path, archive, stream);
        member->len += (size_t)got;
    }
    return CB_OK;
}

static enum cb_status read_entries(const char *path, struct archive *archive, const struct stream *stream,
                                   struct cb_archive_member *members, size_t count, struct cb_error *err)
{
    uint64_t announced = 0;
    for (int entries = 0;; entries++) {
        struct archive_entry *entry;
        int result = archive_read_next_header(archive, &entry);
        if (result == ARCHIVE_EOF) return CB_OK;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return damaged(err, path, archive, stream);
        if (entries == MAX_ENTRIES)
            return cb_fail(err, CB_BAD_INPUT, "%s: refused: more than %d members, expected 9", path, MAX_ENTRIES);
        enum cb_status status = check_entry(path, stream->set, entry, err);
        if (status != CB_OK) return status;
        announced += (uint64_t)archive_entry_size(entry);
        if (announced > MAX_BYTES)
            return cb_fail(err, CB_BAD_INPUT, "%s: refused: its members have more than %d bytes", path, MAX_BYTES);
        struct cb_archive_member *member = find_member(stream->set, members, count, archive_entry_pathname(entry));
        if (!member || archive_entry_filetype(entry) != AE_IFREG) continue;
        status = read_member(path, archive, stream, entry, member, err);
        if (status != CB_OK) return status;
    }
}

static uint32_t load_u32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Reads what follows the last entry and compares with the sum and length at the end of a gzip file (RFC 1952). */
static enum cb_status check_sum(const char *path, struct archive *archive, struct stream *stream, struct cb_error *err)
{
    const void *block;
    la_ssize_t got;
    while ((got = next_block(archive, stream, &block)) > 0) continue;
    if (got < 0) return damaged(err, path, archive, stream);
    if (archive_filter_code(stream->raw, 0) == ARCHIVE_FILTER_NONE) return CB_OK;
    uint8_t trailer[8];
    FILE *file = fopen(path, "rb");
    size_t read = file && !fseek(file, -8, SEEK_END) ? fread(trailer, 1, sizeof trailer, file) : 0;
    if (file) fclose(file);
    if (read != sizeof trailer) return cb_fail(err, CB_IO_ERROR, "%s: its last 8 bytes cannot be read", path);
    if (load_u32(trailer) == stream->crc && load_u32(trailer + 4) == (uint32_t)stream->bytes) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT,
                   "%s: damaged: its gzip checksum is %08x, its content has %08x (or something follows the gzip data); "
                   "fetch it again: cyclebench data fetch",
                   path, load_u32(trailer), stream->crc);
}

static enum cb_status read_tar(const char *path, struct stream *stream, struct cb_archive_member *members, size_t count,
                               struct cb_error *err)
{
    struct archive *tar = archive_read_new();
    if (!tar) return cb_fail(err, CB_NO_MEMORY, "%s: no memory to read it", path);
    enum cb_status status;
    if (archive_read_support_format_tar(tar) != ARCHIVE_OK)
        status = cb_fail(err, CB_UNAVAILABLE, "libarchive lacks tar: %s", archive_error_string(tar));
    else if (archive_read_open(tar, stream, NULL, next_block, NULL) != ARCHIVE_OK)
        status = damaged(err, path, tar, stream);
    else
        status = read_entries(path, tar, stream, members, count, err);
    if (status == CB_OK) status = check_sum(path, tar, stream, err);
    archive_read_free(tar);
    return status;
}

static enum cb_status open_raw(const char *path, const struct stream *stream, struct cb_error *err)
{
    struct archive *raw = stream->raw;
    struct archive_entry *entry;
    if (archive_read_support_format_raw(raw) != ARCHIVE_OK || archive_read_support_filter_gzip(raw) != ARCHIVE_OK)
        return cb_fail(err, CB_UNAVAILABLE, "libarchive lacks gzip: %s", archive_error_string(raw));
    if (archive_read_open_filename(raw, path, BLOCK_BYTES) == ARCHIVE_OK &&
        archive_read_next_header(raw, &entry) == ARCHIVE_OK)
        return CB_OK;
    if (archive_errno(raw) == ENOENT || archive_errno(raw) == EACCES)
        return cb_fail(err, CB_BAD_INPUT, "%s: cannot be opened: %s", path, strerror(archive_errno(raw)));
    return damaged(err, path, raw, stream);
}

enum cb_status cb_archive_read(const char *path, const struct cb_dataset *set, struct cb_archive_member *members,
                               size_t count, struct cb_error *err)
{
    for (size_t i = 0; i < count; i++) members[i].bytes = NULL, members[i].len = 0;
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream) *stream = (struct stream){.set = set, .raw = archive_read_new()};
    enum cb_status status = stream && stream->raw ? open_raw(path, stream, err)
                                                  : cb_fail(err, CB_NO_MEMORY, "%s: no memory to read it", path);
    if (status == CB_OK) status = read_tar(path, stream, members, count, err);
    if (stream) archive_read_free(stream->raw);
    free(stream);
    if (status != CB_OK) {
        for (size_t i = 0; i < count; i++) {
            free(members[i].bytes);
            members[i].bytes = NULL;
            members[i].len = 0;
        }
    }
    return status;
}
