#ifndef CB_DOUBLE_RESNET_H
#define CB_DOUBLE_RESNET_H

#include "model/model.h"

/* An independent oracle: the CIFAR ResNet's forward pass in training mode, plain loops in double on NCHW, from the model's tensors by name.
 * No layout, kernel or plan of the product is used. */
struct cb_double_weights {
    size_t count;
    double *value[512]; /* in the order of cb_model_tensor */
};

void cb_double_weights_read(struct cb_double_weights *weights, const struct cb_model *model);
void cb_double_weights_free(struct cb_double_weights *weights);

/* Mean loss over n images [n][3][32][32]; logits [n][10] or NULL. Batch statistics normalise; running ones are updated in weights if update. */
double cb_double_forward(const struct cb_model *model, struct cb_double_weights *weights, const float *images,
                         const uint8_t *labels, size_t n, double *logits, int update);

#endif
