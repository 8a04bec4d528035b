#include "data/data.h"

#include <string.h>

#include "files/sha256.h"

const char *cb_data_kind_name(enum cb_data_kind kind)
{
    switch (kind) {
    case CB_DATA_OFFICIAL:
        return "official";
    case CB_DATA_SYNTHETIC:
        return "synthetic";
    case CB_DATA_OTHER:
        break;
    }
    return "other";
}

enum cb_data_kind cb_data_kind_of_both(enum cb_data_kind a, enum cb_data_kind b)
{
    return a == b ? a : CB_DATA_OTHER;
}

enum cb_status cb_data_recognise(enum cb_data_kind *kind, const struct cb_dataset *set, const char *name,
                                 const uint8_t *bytes, size_t len, struct cb_error *err)
{
    *kind = CB_DATA_OTHER;
    if (len < cb_dataset_record_bytes(set)) return CB_OK;
    if (set == &cb_datasets[CB_CIFAR10] && cb_synthetic_recognise(bytes[0], bytes + 1)) *kind = CB_DATA_SYNTHETIC;
    for (size_t i = 0; i < set->files; i++) {
        if (strcmp(set->file[i].name, name)) continue;
        struct cb_file_check check;
        enum cb_status status = cb_official_check(&check, set, i, bytes, len, err);
        if (status != CB_OK) return status;
        if (check.state == CB_FILE_OK) *kind = CB_DATA_OFFICIAL;
    }
    return CB_OK;
}

enum cb_status cb_images_sha256(const struct cb_images *images, char hex[CB_SHA256_HEX], struct cb_error *err)
{
    const struct cb_bytes parts[] = {{images->labels, images->n}, {images->pixels, images->n * CB_IMAGE_PIXELS}};
    return cb_sha256_parts(parts, 2, hex, err);
}
