#include "data/data.h"

#include <stdlib.h>
#include <string.h>

void cb_images_free(struct cb_images *images)
{
    if (!images) return;
    free(images->pixels);
    free(images->labels);
    *images = (struct cb_images){0};
}

enum cb_status cb_images_reserve(struct cb_images *images, size_t more, struct cb_error *err)
{
    if (more > SIZE_MAX / CB_IMAGE_PIXELS - images->n)
        return cb_fail(err, CB_NO_MEMORY, "no memory for %zu more images", more);
    size_t n = images->n + more;
    uint8_t *pixels = realloc(images->pixels, n * CB_IMAGE_PIXELS);
    if (pixels) images->pixels = pixels;
    uint8_t *labels = pixels ? realloc(images->labels, n) : NULL;
    if (!labels) return cb_fail(err, CB_NO_MEMORY, "no memory for %zu images", n);
    images->labels = labels;
    return CB_OK;
}

static enum cb_status check_length(const struct cb_dataset *set, size_t len, const char *name, struct cb_error *err)
{
    const size_t record = cb_dataset_record_bytes(set), official = set->file[0].records;
    if (len != 0 && len % record == 0 && len / record <= CB_CIFAR_MAX_RECORDS) return CB_OK;
    return cb_fail(
        err, CB_BAD_INPUT,
        "%s: wrong length: got %zu bytes (%zu records of %zu and %zu left over), expected 1 to %d whole "
        "records, as in the official file of %zu (%zu bytes); fetch it again: cyclebench data fetch --set %s",
        name, len, len / record, record, len % record, CB_CIFAR_MAX_RECORDS, official, official * record, set->name);
}

enum cb_status cb_cifar_parse(struct cb_images *images, const struct cb_dataset *set, const uint8_t *bytes, size_t len,
                              const char *name, struct cb_error *err)
{
    enum cb_status status = check_length(set, len, name, err);
    if (status != CB_OK) return status;
    const size_t record_bytes = cb_dataset_record_bytes(set), records = len / record_bytes, at = set->label_bytes - 1;
    for (size_t i = 0; i < records; i++) {
        const unsigned label = bytes[i * record_bytes + at];
        if (label >= set->classes)
            return cb_fail(err, CB_BAD_INPUT,
                           "%s: record %zu at byte %zu has label %u, expected 0 to %zu: not the %s binary format "
                           "(CIFAR-100 has two label bytes, CIFAR-10 one), or damaged; fetch it again: cyclebench data "
                           "fetch --set %s",
                           name, i, i * record_bytes, label, set->classes - 1, set->title, set->name);
    }
    status = cb_images_reserve(images, records, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < records; i++) {
        const uint8_t *record = bytes + i * record_bytes;
        images->labels[images->n] = record[at];
        memcpy(images->pixels + images->n * CB_IMAGE_PIXELS, record + set->label_bytes, CB_IMAGE_PIXELS);
        images->n++;
    }
    return CB_OK;
}
