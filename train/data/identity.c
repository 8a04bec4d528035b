#include "data/data.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoint/files.h"

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

/* Of the images as a file has them: record by record, the label before the pixels. */
static enum cb_status records_sha256(const struct cb_images *images, size_t first, char hex[CB_SHA256_HEX],
                                     struct cb_error *err)
{
    size_t n = images->n - first;
    struct cb_bytes *parts = malloc(2 * n * sizeof *parts);
    if (!parts) return cb_fail(err, CB_NO_MEMORY, "no memory for the SHA-256 of %zu images", n);
    for (size_t i = 0; i < n; i++) {
        parts[2 * i] = (struct cb_bytes){images->labels + first + i, 1};
        parts[2 * i + 1] = (struct cb_bytes){images->pixels + (first + i) * CB_IMAGE_PIXELS, CB_IMAGE_PIXELS};
    }
    enum cb_status status = cb_sha256_parts(parts, 2 * n, hex, err);
    free(parts);
    return status;
}

enum cb_status cb_data_recognise(enum cb_data_kind *kind, const struct cb_images *images, size_t first,
                                 const char *name, struct cb_error *err)
{
    *kind = CB_DATA_OTHER;
    if (images->n == first) return CB_OK;
    if (cb_synthetic_recognise(images->labels[first], images->pixels + first * CB_IMAGE_PIXELS))
        *kind = CB_DATA_SYNTHETIC;
    if (images->n - first != CB_OFFICIAL_RECORDS) return CB_OK;
    for (size_t i = 0; i < CB_OFFICIAL_FILES; i++) {
        if (strcmp(cb_official_files[i].name, name)) continue;
        char got[CB_SHA256_HEX];
        enum cb_status status = records_sha256(images, first, got, err);
        if (status != CB_OK) return status;
        if (strcmp(got, cb_official_files[i].sha256) == 0) *kind = CB_DATA_OFFICIAL;
    }
    return CB_OK;
}

enum cb_status cb_images_sha256(const struct cb_images *images, char hex[CB_SHA256_HEX], struct cb_error *err)
{
    const struct cb_bytes parts[] = {{images->labels, images->n}, {images->pixels, images->n * CB_IMAGE_PIXELS}};
    return cb_sha256_parts(parts, 2, hex, err);
}
