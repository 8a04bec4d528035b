#ifndef CB_EVALUATE_H
#define CB_EVALUATE_H

#include <signal.h>

#include "loop/feed.h"

struct cb_evaluation {
    int stopped; /* before the end: the rest says nothing */
    size_t images, correct;
    double loss; /* mean cross-entropy; images are added in order, so it does not depend on the batch */
};

static inline double cb_accuracy_percent(size_t correct, size_t images)
{
    return images ? 100.0 * (double)correct / (double)images : 0.0;
}

/* Inference over all images of the feed, in order, without augmentation, batch images at a time. logits:
 * [images][classes] or NULL. stop: ends it before the next batch once it is not 0; or NULL. */
struct cb_evaluation cb_evaluate(const struct cb_feed *feed, struct cb_team *team, struct cb_model *model, size_t batch,
                                 float *logits, const volatile sig_atomic_t *stop);

#endif
