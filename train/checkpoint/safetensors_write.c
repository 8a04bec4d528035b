#include "checkpoint/safetensors.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "files/files.h"

enum { PREFIX_BYTES = 8 };

static size_t element_bytes(enum cb_dtype dtype)
{
    return dtype == CB_DTYPE_F32 ? 4 : 8;
}

static int by_layout(const void *a, const void *b)
{
    const struct cb_tensor *x = a, *y = b;
    const size_t p = element_bytes(x->dtype), q = element_bytes(y->dtype);
    if (p != q) return p > q ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_key(const void *a, const void *b)
{
    const struct cb_metadata *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* A caller's slip here would be a file that nobody can read. */
static enum cb_status check_tensors(const char *path, const struct cb_tensor *sorted, size_t count,
                                    struct cb_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct cb_tensor *t = &sorted[i];
        if (t->dtype == CB_DTYPE_OTHER || t->rank > CB_TENSOR_MAX_RANK)
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s: dtype or rank cannot be written", path, t->name);
        size_t bytes = element_bytes(t->dtype);
        for (size_t d = 0; d < t->rank; d++)
            if (__builtin_mul_overflow(bytes, t->dims[d], &bytes))
                return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s: the number of bytes overflows", path, t->name);
        if (bytes != t->bytes)
            return cb_fail(err, CB_BAD_INPUT, "%s: tensor %s: %zu bytes given, shape and dtype need %zu", path, t->name,
                           t->bytes, bytes);
        if (!strcmp(t->name, "__metadata__"))
            return cb_fail(err, CB_BAD_INPUT, "%s: a tensor cannot be called __metadata__", path);
    }
    return CB_OK;
}

/* So that what fails later fails for lack of memory. */
static enum cb_status check_text(const char *path, const char *text, struct cb_error *err)
{
    errno = 0;
    json_t *json = json_string(text);
    if (json) {
        json_decref(json);
        return CB_OK;
    }
    if (errno == ENOMEM) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    return cb_fail(err, CB_BAD_INPUT, "%s: \"%.95s\" is not UTF-8", path, text);
}

static enum cb_status check_texts(const char *path, const struct cb_tensor *sorted, size_t count,
                                  const struct cb_metadata *metadata, size_t entries, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t i = 0; i < count && !status; i++) {
        status = check_text(path, sorted[i].name, err);
        for (size_t j = 0; j < i && !status; j++)
            if (!strcmp(sorted[i].name, sorted[j].name))
                status = cb_fail(err, CB_BAD_INPUT, "%s: tensor %.95s is given twice", path, sorted[i].name);
    }
    for (size_t i = 0; i < entries && !status; i++) {
        status = check_text(path, metadata[i].key, err);
        if (!status) status = check_text(path, metadata[i].value, err);
        if (!status && i && !strcmp(metadata[i].key, metadata[i - 1].key))
            status = cb_fail(err, CB_BAD_INPUT, "%s: metadata %.95s is given twice", path, metadata[i].key);
    }
    return status;
}

static json_t *header_json(const struct cb_tensor *sorted, size_t count, const struct cb_metadata *metadata,
                           size_t entries)
{
    json_t *header = json_object();
    int failed = 0;
    if (entries) {
        json_t *object = json_object();
        for (size_t i = 0; i < entries; i++)
            failed |= json_object_set_new(object, metadata[i].key, json_string(metadata[i].value));
        failed |= json_object_set_new(header, "__metadata__", object);
    }
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        const struct cb_tensor *t = &sorted[i];
        json_t *shape = json_array();
        for (size_t d = 0; d < t->rank; d++)
            failed |= json_array_append_new(shape, json_integer((json_int_t)t->dims[d]));
        const char *dtype = t->dtype == CB_DTYPE_F32 ? "F32" : t->dtype == CB_DTYPE_F64 ? "F64" : "I64";
        failed |= json_object_set_new(header, t->name,
                                      json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape, "data_offsets",
                                                (json_int_t)offset, (json_int_t)(offset + t->bytes)));
        offset += t->bytes;
    }
    if (!failed) return header;
    json_decref(header);
    return NULL;
}

/* json_dumps drops text without a word when its buffer cannot grow: only what reads back the same may be written. */
static char *dump(const json_t *header)
{
    char *text = json_dumps(header, JSON_COMPACT);
    json_t *again = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_equal(header, again)) {
        free(text);
        text = NULL;
    }
    json_decref(again);
    return text;
}

/* Prefix and header, padded with spaces to a multiple of 8 as the reference does. out->data is to be freed. */
static int header_bytes(struct cb_bytes *out, const json_t *header)
{
    char *text = dump(header);
    if (!text) return -1;
    const size_t len = strlen(text), padded = (len + 7) / 8 * 8;
    out->len = PREFIX_BYTES + padded;
    out->data = malloc(out->len);
    if (out->data) {
        const uint64_t prefix = padded;
        memcpy(out->data, &prefix, sizeof prefix);
        memset(out->data + PREFIX_BYTES, ' ', padded);
        memcpy(out->data + PREFIX_BYTES, text, len);
    }
    free(text);
    return out->data ? 0 : -1;
}

enum cb_status cb_safetensors_write(const char *path, const struct cb_tensor *tensors, size_t count,
                                    const struct cb_metadata *metadata, size_t entries, struct cb_error *err)
{
    enum cb_status status;
    json_t *header = NULL;
    struct cb_tensor *sorted = calloc(count + 1, sizeof *sorted);
    struct cb_metadata *keys = calloc(entries + 1, sizeof *keys);
    struct cb_bytes *parts = calloc(count + 1, sizeof *parts);
    if (!sorted || !keys || !parts) {
        status = cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
        goto done;
    }
    if (count) memcpy(sorted, tensors, count * sizeof *sorted);
    if (entries) memcpy(keys, metadata, entries * sizeof *keys);
    qsort(sorted, count, sizeof *sorted, by_layout);
    qsort(keys, entries, sizeof *keys, by_key);
    status = check_tensors(path, sorted, count, err);
    if (!status) status = check_texts(path, sorted, count, keys, entries, err);
    if (status) goto done;

    header = header_json(sorted, count, keys, entries);
    if (!header || header_bytes(&parts[0], header)) {
        status = cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
        goto done;
    }
    /* cb_write_file only reads, but its parts are not const. */
    for (size_t i = 0; i < count; i++)
        parts[i + 1] = (struct cb_bytes){(uint8_t *)(uintptr_t)sorted[i].data, sorted[i].bytes};
    status = cb_write_file(path, parts, count + 1, err);
done:
    if (parts) free(parts[0].data);
    free(parts);
    free(keys);
    free(sorted);
    json_decref(header);
    return status;
}
