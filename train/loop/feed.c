#include "loop/feed.h"

#include <assert.h>

void cb_feed_batch(const struct cb_feed *feed, struct cb_team *team, struct cb_model *model, const uint32_t *order,
                   size_t n, uint32_t epoch, int augmented, uint8_t *labels)
{
    assert(cb_model_network(model)->side == CB_IMAGE_SIDE);
    const uint8_t *pixels[CB_MAX_BATCH];
    struct cb_view views[CB_MAX_BATCH];
    for (size_t i = 0; i < n; i++) {
        pixels[i] = feed->images->pixels + (size_t)order[i] * CB_IMAGE_PIXELS;
        labels[i] = feed->images->labels[order[i]];
        if (augmented) views[i] = cb_epoch_view(feed->seed, epoch, order[i], &feed->augmentation);
    }
    cb_augment(team, &(struct cb_augment){.n = n,
                                          .pixels = pixels,
                                          .views = augmented ? views : NULL,
                                          .pad = feed->augmentation.pad,
                                          .table = feed->table,
                                          .out = cb_model_input(model)});
}
