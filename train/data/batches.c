#include "data/data.h"

/* floor(U * range) for U = 64 random bits / 2^64: exact in integers, bias below range / 2^64. */
static uint32_t below(uint32_t range, uint32_t high, uint32_t low)
{
    return (uint32_t)(((uint64_t)high * range + ((uint64_t)low * range >> 32)) >> 32);
}

void cb_epoch_order(uint64_t seed, uint32_t epoch, int shuffle, size_t n, uint32_t *order)
{
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    if (!shuffle) return;
    /* Fisher-Yates from the end (Durstenfeld, CACM 7, 1964); step i draws with counter i. */
    for (size_t i = n; i-- > 1;) {
        uint32_t bits[4];
        cb_random_bits(seed, CB_RANDOM_SHUFFLE, epoch, i, bits);
        uint32_t j = below((uint32_t)i + 1, bits[1], bits[0]);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

struct cb_view cb_epoch_view(uint64_t seed, uint32_t epoch, uint32_t image, const struct cb_augmentation *augmentation)
{
    /* Each word has one meaning, so that switching one augmentation off leaves the others as they were. */
    uint32_t bits[4];
    cb_random_bits(seed, CB_RANDOM_AUGMENT, epoch, image, bits);
    struct cb_view view = {.flip = 0, .row = CB_IMAGE_PAD, .column = CB_IMAGE_PAD};
    if (augmentation->flip) view.flip = (uint8_t)(bits[0] >> 31);
    if (augmentation->crop) {
        /* The notebook never draws the last offset: floor(U * 8); He et al. and torchvision draw all nine. */
        uint32_t offsets = augmentation->pad == CB_PAD_REFLECT ? 2 * CB_IMAGE_PAD : 2 * CB_IMAGE_PAD + 1;
        view.row = (uint8_t)below(offsets, bits[1], 0);
        view.column = (uint8_t)below(offsets, bits[2], 0);
    }
    return view;
}
