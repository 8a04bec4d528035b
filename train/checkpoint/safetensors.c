#include "checkpoint/safetensors.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the format is little-endian and tensors are copied as they are");

enum { PREFIX_BYTES = 8 };
/* Far above any network here: a ResNet-110 with its momentum has 900 tensors, 100 kB of header and 14 MB. Parsed JSON
 * takes up to 44 times its text. */
enum { MAX_TENSORS = 2000, MAX_HEADER_BYTES = 4000000, MAX_FILE_BYTES = 1 << 28 };

struct owner {
    json_t *header;
    uint8_t *bytes; /* NULL if the caller owns them */
};

static const struct dtype {
    const char *name;
    size_t bytes;
    enum cb_dtype dtype;
} dtypes[] = {
    {"F32", 4, CB_DTYPE_F32},    {"F64", 8, CB_DTYPE_F64},   {"I64", 8, CB_DTYPE_I64},   {"F16", 2, CB_DTYPE_OTHER},
    {"BF16", 2, CB_DTYPE_OTHER}, {"I32", 4, CB_DTYPE_OTHER}, {"I16", 2, CB_DTYPE_OTHER}, {"I8", 1, CB_DTYPE_OTHER},
    {"U64", 8, CB_DTYPE_OTHER},  {"U32", 4, CB_DTYPE_OTHER}, {"U16", 2, CB_DTYPE_OTHER}, {"U8", 1, CB_DTYPE_OTHER},
    {"BOOL", 1, CB_DTYPE_OTHER},
};

static uint64_t load_u64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* A non-negative JSON integer. */
static int get_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return 0;
    *out = (size_t)json_integer_value(value);
    return 1;
}

static enum cb_status parse_shape(struct cb_tensor *t, const json_t *shape, const char *file, struct cb_error *err)
{
    if (!json_is_array(shape)) return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: no list \"shape\"", file, t->name);
    t->rank = json_array_size(shape);
    if (t->rank > CB_TENSOR_MAX_RANK)
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: %zu dimensions, at most %d", file, t->name, t->rank,
                       CB_TENSOR_MAX_RANK);
    t->len = 1;
    for (size_t i = 0; i < t->rank; i++) {
        if (!get_size(json_array_get(shape, i), &t->dims[i]))
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: dimension %zu is not a non-negative integer", file,
                           t->name, i);
        if (__builtin_mul_overflow(t->len, t->dims[i], &t->len))
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: the number of elements overflows", file, t->name);
    }
    return CB_OK;
}

/* One entry of the header; data points at the first byte after the header, data_bytes of them exist. */
static enum cb_status parse_tensor(struct cb_tensor *t, const json_t *entry, const uint8_t *data, size_t data_bytes,
                                   const char *file, struct cb_error *err)
{
    const char *name = t->name;
    if (!json_is_object(entry) || json_object_size(entry) != 3)
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: expected exactly dtype, shape and data_offsets", file,
                       name);

    const char *word = json_string_value(json_object_get(entry, "dtype"));
    const struct dtype *dtype = NULL;
    for (size_t i = 0; word && i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(word, dtypes[i].name)) dtype = &dtypes[i];
    if (!dtype)
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: unknown dtype %.95s", file, name, word ? word : "(none)");
    t->dtype = dtype->dtype;

    const enum cb_status status = parse_shape(t, json_object_get(entry, "shape"), file, err);
    if (status) return status;
    if (__builtin_mul_overflow(t->len, dtype->bytes, &t->bytes))
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: the number of bytes overflows", file, name);

    const json_t *offsets = json_object_get(entry, "data_offsets");
    size_t begin, end;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &begin) ||
        !get_size(json_array_get(offsets, 1), &end))
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: data_offsets is not a pair of non-negative integers", file,
                       name);
    if (begin > end || end > data_bytes)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: tensor %.95s: data_offsets %zu to %zu do not lie in the %zu data bytes of the file", file,
                       name, begin, end, data_bytes);
    if (end - begin != t->bytes)
        return cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s: data_offsets span %zu bytes, shape and dtype need %zu",
                       file, name, end - begin, t->bytes);
    t->data = data + begin;
    return CB_OK;
}

static enum cb_status parse_metadata(struct cb_safetensors *out, json_t *object, const char *file, struct cb_error *err)
{
    if (!json_is_object(object)) return cb_fail(err, CB_BAD_INPUT, "%s: __metadata__ is not an object", file);
    out->metadata = calloc(json_object_size(object) + 1, sizeof *out->metadata);
    if (!out->metadata) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", file);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return cb_fail(err, CB_BAD_INPUT, "%s: __metadata__ entry %.95s is not a string", file, key);
        out->metadata[out->entries++] = (struct cb_metadata){key, json_string_value(value)};
    }
    return CB_OK;
}

static int by_position(const void *a, const void *b)
{
    const struct cb_tensor *x = a, *y = b;
    const uint8_t *p = x->data, *q = y->data;
    if (p != q) return p < q ? -1 : 1;
    /* An empty tensor shares its place with the one that follows it. */
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The tensors, in order, must cover the data section exactly. */
static enum cb_status check_cover(const struct cb_safetensors *out, const uint8_t *data, size_t data_bytes,
                                  size_t data_at, const char *file, struct cb_error *err)
{
    size_t end = 0;
    for (size_t i = 0; i < out->tensors; i++) {
        const size_t begin = (size_t)((const uint8_t *)out->tensor[i].data - data);
        const char *name = out->tensor[i].name;
        if (begin < end)
            return cb_fail(err, CB_BAD_INPUT, "%s: byte %zu: tensor %.95s overlaps tensor %.95s", file, data_at + begin,
                           name, out->tensor[i - 1].name);
        if (begin > end)
            return cb_fail(err, CB_BAD_INPUT, "%s: byte %zu: hole of %zu bytes before tensor %.95s", file,
                           data_at + end, begin - end, name);
        end = begin + out->tensor[i].bytes;
    }
    if (end != data_bytes)
        return cb_fail(err, CB_BAD_INPUT, "%s: byte %zu: %zu bytes after the last tensor", file, data_at + end,
                       data_bytes - end);
    return CB_OK;
}

static enum cb_status parse_header(struct cb_safetensors *out, json_t *header, const uint8_t *data, size_t data_bytes,
                                   size_t data_at, const char *file, struct cb_error *err)
{
    if (json_object_size(header) > MAX_TENSORS)
        return cb_fail(err, CB_BAD_INPUT, "%s: %zu tensors, at most %d", file, json_object_size(header), MAX_TENSORS);
    out->tensor = calloc(json_object_size(header) + 1, sizeof *out->tensor);
    if (!out->tensor) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", file);
    const char *key;
    json_t *value;
    json_object_foreach(header, key, value)
    {
        enum cb_status status;
        if (!strcmp(key, "__metadata__")) {
            status = parse_metadata(out, value, file, err);
        } else {
            struct cb_tensor *t = &out->tensor[out->tensors++];
            t->name = key;
            status = parse_tensor(t, value, data, data_bytes, file, err);
        }
        if (status) return status;
    }
    qsort(out->tensor, out->tensors, sizeof *out->tensor, by_position);
    return check_cover(out, data, data_bytes, data_at, file, err);
}

static enum cb_status check_start(const uint8_t prefix[PREFIX_BYTES], uint64_t len, const char *file,
                                  struct cb_error *err)
{
    const uint64_t header_bytes = load_u64(prefix);
    if (header_bytes > MAX_HEADER_BYTES)
        return cb_fail(err, CB_BAD_INPUT, "%s: byte 0: header of %llu bytes, at most %d: not a safetensors file?", file,
                       (unsigned long long)header_bytes, MAX_HEADER_BYTES);
    if (header_bytes > len - PREFIX_BYTES)
        return cb_fail(err, CB_BAD_INPUT, "%s: byte %llu: the file ends inside its header of %llu bytes (truncated?)",
                       file, (unsigned long long)len, (unsigned long long)header_bytes);
    return CB_OK;
}

static enum cb_status too_short(size_t len, const char *file, struct cb_error *err)
{
    return cb_fail(err, CB_BAD_INPUT, "%s: %zu bytes, too short for a safetensors file (truncated?)", file, len);
}

static enum cb_status parse(struct cb_safetensors *out, struct owner *owner, const uint8_t *bytes, size_t len,
                            const char *file, struct cb_error *err)
{
    if (len < PREFIX_BYTES) return too_short(len, file, err);
    const enum cb_status status = check_start(bytes, len, file, err);
    if (status) return status;
    const uint64_t header_bytes = load_u64(bytes);
    const size_t data_at = PREFIX_BYTES + (size_t)header_bytes;
    if (header_bytes == 0 || bytes[PREFIX_BYTES] != '{')
        return cb_fail(err, CB_BAD_INPUT, "%s: byte %d: expected '{': not a safetensors file", file, PREFIX_BYTES);

    json_error_t reason;
    owner->header =
        json_loadb((const char *)bytes + PREFIX_BYTES, (size_t)header_bytes, JSON_REJECT_DUPLICATES, &reason);
    if (!owner->header) {
        if (json_error_code(&reason) == json_error_out_of_memory)
            return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", file);
        return cb_fail(err, CB_BAD_INPUT, "%s: byte %d: header is not valid JSON: %.95s", file,
                       PREFIX_BYTES + reason.position, reason.text);
    }
    return parse_header(out, owner->header, bytes + data_at, len - data_at, data_at, file, err);
}

enum cb_status cb_safetensors_parse(struct cb_safetensors *file, const void *bytes, size_t len, const char *name,
                                    struct cb_error *err)
{
    memset(file, 0, sizeof *file);
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", name);
    file->owner = owner;
    const enum cb_status status = parse(file, owner, bytes, len, name, err);
    if (status) cb_safetensors_free(file);
    return status;
}

/* Most wrong files are refused by their size and first bytes, before anything large is read. */
static enum cb_status look_at(const char *path, struct cb_error *err)
{
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        if (fd >= 0) close(fd);
        return CB_OK; /* cb_read_file says why */
    }
    uint8_t prefix[PREFIX_BYTES];
    enum cb_status status = CB_OK;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        status = cb_fail(err, CB_BAD_INPUT, "%s: is a pipe or device, expected a regular file", path);
    } else if (S_ISREG(st.st_mode)) {
        const ssize_t got = pread(fd, prefix, sizeof prefix, 0);
        if (got == PREFIX_BYTES)
            status = check_start(prefix, (uint64_t)st.st_size, path, err);
        else if (got >= 0)
            status = too_short((size_t)got, path, err);
    }
    close(fd);
    return status;
}

enum cb_status cb_safetensors_read(struct cb_safetensors *file, const char *path, struct cb_error *err)
{
    memset(file, 0, sizeof *file);
    struct cb_bytes bytes;
    enum cb_status status = look_at(path, err);
    if (!status) status = cb_read_file(&bytes, path, MAX_FILE_BYTES, err);
    if (status) return status;
    status = cb_safetensors_parse(file, bytes.data, bytes.len, path, err);
    if (status)
        free(bytes.data);
    else
        ((struct owner *)file->owner)->bytes = bytes.data;
    return status;
}

void cb_safetensors_free(struct cb_safetensors *file)
{
    struct owner *owner = file->owner;
    if (owner) {
        json_decref(owner->header);
        free(owner->bytes);
        free(owner);
    }
    free(file->tensor);
    free(file->metadata);
    memset(file, 0, sizeof *file);
}

const struct cb_tensor *cb_safetensors_find(const struct cb_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->tensors; i++)
        if (!strcmp(file->tensor[i].name, name)) return &file->tensor[i];
    return NULL;
}

const char *cb_safetensors_metadata(const struct cb_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->entries; i++)
        if (!strcmp(file->metadata[i].key, key)) return file->metadata[i].value;
    return NULL;
}
