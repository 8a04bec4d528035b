#ifndef CB_SAFETENSORS_H
#define CB_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* The safetensors format (Hugging Face): u64 little-endian header length, JSON header, tensor bytes. Reader and writer
 * follow the rules of the reference: contiguous offsets from 0, no overlap, no trailing bytes, no duplicate keys,
 * metadata of strings only. */
enum cb_dtype { CB_DTYPE_F32, CB_DTYPE_F64, CB_DTYPE_I64, CB_DTYPE_OTHER };

enum { CB_TENSOR_MAX_RANK = 8 };
struct cb_tensor {
    const char *name;
    enum cb_dtype dtype;
    size_t rank, dims[CB_TENSOR_MAX_RANK];
    size_t len, bytes; /* elements (1 for a scalar), bytes */
    const void *data;  /* not necessarily aligned: copy out with memcpy */
};
struct cb_metadata {
    const char *key, *value;
};
struct cb_safetensors {
    size_t tensors, entries;
    struct cb_tensor *tensor;     /* in file order of their data */
    struct cb_metadata *metadata; /* __metadata__ */
    void *owner;                  /* private */
};

/* Parses a whole file in memory; file keeps pointing into bytes, which must outlive it. name is for messages, which
 * give the byte offset or the tensor. Safe on any input. */
enum cb_status cb_safetensors_parse(struct cb_safetensors *file, const void *bytes, size_t len, const char *name,
                                    struct cb_error *err);
enum cb_status cb_safetensors_read(struct cb_safetensors *file, const char *path, struct cb_error *err);
void cb_safetensors_free(struct cb_safetensors *file);                                            /* accepts zeroed */
const struct cb_tensor *cb_safetensors_find(const struct cb_safetensors *file, const char *name); /* NULL if absent */
const char *cb_safetensors_metadata(const struct cb_safetensors *file, const char *key);          /* NULL if absent */

/* Writes atomically (cb_write_file). Tensors are laid out 8-byte types first, then 4-byte ones, each by name, as the
 * reference writer does; metadata sorted by key: equal content gives equal bytes. */
enum cb_status cb_safetensors_write(const char *path, const struct cb_tensor *tensors, size_t count,
                                    const struct cb_metadata *metadata, size_t entries, struct cb_error *err);

#endif
