#ifndef CB_MODEL_FILE_H
#define CB_MODEL_FILE_H

/* Private to train/checkpoint: a model's tensors to and from a safetensors file. */

#include "checkpoint/checkpoint.h"

/* Writes values and statistics, with_momentum also "momentum.<name>"; to the metadata come network, shortcut, format,
 * numerics, data_sha256 and over all of them metadata_sha256. */
enum cb_status cb_tensors_write(const struct cb_model *model, int with_momentum, const struct cb_metadata *metadata,
                                size_t entries, const char *path, struct cb_error *err);

/* cb_safetensors_read; metadata with a metadata_sha256 must match it. */
enum cb_status cb_tensors_read(struct cb_safetensors *file, const char *path, struct cb_error *err);

enum cb_tensors_mode {
    CB_TENSORS_WEIGHTS, /* values and statistics; momentum in the file is passed over */
    CB_TENSORS_INIT,    /* statistics may be missing: the model keeps its own */
    CB_TENSORS_RESUME,  /* values, statistics and momentum */
};
/* Imports into the model, or refuses by tensor name and leaves the model as it is. */
enum cb_status cb_tensors_load(struct cb_model *model, const struct cb_safetensors *file, enum cb_tensors_mode mode,
                               const char *path, struct cb_error *err);

/* SHA-256 of the data section. */
enum cb_status cb_tensors_sha256(const struct cb_safetensors *file, char hex[CB_SHA256_HEX], struct cb_error *err);

#endif
