#include "loop/evaluate.h"

#include <string.h>

struct cb_evaluation cb_evaluate(const struct cb_feed *feed, struct cb_team *team, struct cb_model *model, size_t batch,
                                 float *logits, const volatile sig_atomic_t *stop)
{
    struct cb_evaluation e = {.images = feed->images->n};
    const size_t classes = cb_model_network(model)->classes;
    double sum = 0;
    for (size_t first = 0; first < e.images; first += batch) {
        if (stop && *stop) return (struct cb_evaluation){.stopped = 1};
        size_t n = e.images - first < batch ? e.images - first : batch;
        uint32_t order[CB_MAX_BATCH];
        uint8_t labels[CB_MAX_BATCH];
        for (size_t i = 0; i < n; i++) order[i] = (uint32_t)(first + i);
        cb_feed_batch(feed, team, model, order, n, 0, 0, labels);
        cb_model_infer(model, team, n, labels);
        for (size_t i = 0; i < n; i++) {
            sum += (double)cb_model_losses(model)[i];
            e.correct += cb_model_correct(model)[i];
        }
        if (logits) memcpy(logits + first * classes, cb_model_logits(model), n * classes * sizeof *logits);
    }
    e.loss = e.images ? sum / (double)e.images : 0;
    return e;
}
