#ifndef CB_FEED_H
#define CB_FEED_H

#include "data/data.h"
#include "model/model.h"

/* Fills the model's input with images: which ones, seen how. */
struct cb_feed {
    const struct cb_images *images;
    uint64_t seed;
    struct cb_augmentation augmentation;
    float table[3 * 256]; /* cb_image_table */
};

/* The model's side must be that of the images, CB_IMAGE_SIDE. Images order[0 .. n-1] of the feed into the model's
 * input, augmented for this epoch (or plain if !augmented); labels[i] is set. */
void cb_feed_batch(const struct cb_feed *feed, struct cb_team *team, struct cb_model *model, const uint32_t *order,
                   size_t n, uint32_t epoch, int augmented, uint8_t *labels);

#endif
