#ifndef CB_DOUBLE_RESNET_H
#define CB_DOUBLE_RESNET_H

#include "model/model.h"

/* An independent oracle: the CIFAR ResNet in training mode, forward and backward, plain loops in double on NCHW, from
 * the model's tensors by name. No layout, kernel or plan of the product is used. */
struct cb_double_tensors {
    size_t count;
    double *value[512]; /* in the order of cb_model_tensor */
};

/* A copy of the model's weights, or gradients: then the running statistics are zeros. */
void cb_double_read(struct cb_double_tensors *tensors, const struct cb_model *model, enum cb_tensor_part part);
void cb_double_free(struct cb_double_tensors *tensors);

/* Mean loss over n images [n][3][side][side] with batch statistics; logits [n][classes] or NULL. */
double cb_double_loss(const struct cb_model *model, struct cb_double_tensors *weights, const float *images,
                      const uint8_t *labels, size_t n, double *logits);
/* The same, and its gradient into tensors that cb_double_read made. The running statistics in weights are updated. */
double cb_double_step(const struct cb_model *model, struct cb_double_tensors *weights, const float *images,
                      const uint8_t *labels, size_t n, double *logits, struct cb_double_tensors *gradient);

#endif
