#ifndef CB_MODEL_PLAN_H
#define CB_MODEL_PLAN_H

/* Private to train/model: the network as a static plan. Built once by plan.c; forward.c and backward.c walk it. */
#include "model/model.h"

enum { CB_MAX_BLOCKS = 54, CB_MAX_TENSORS = 5 * (2 * CB_MAX_BLOCKS + 3) + 2, CB_PROFILE_ROWS = 32 };

/* A convolution and the batch norm that follows it. */
struct cb_conv_bn {
    struct cb_conv_shape shape; /* n is set every step */
    float *w, *dw, *wt;         /* packed weights, their gradient, transposed weights (not for the stem) */
    float *gamma, *beta;
    struct cb_bn bn;
    void *y;                         /* raw output, kept for the backward pass */
    size_t profile_fwd, profile_bwd; /* rows */
};

/* Basic block: z -> conv1 -> BN -> ReLU -> conv2 -> BN -> + shortcut(z) -> ReLU. z is written by the loader of conv1.
 */
struct cb_block {
    struct cb_conv_bn conv1, conv2;
    enum { CB_IDENTITY, CB_PROJECTION, CB_PADDING } shortcut;
    struct cb_conv_bn projection; /* option B */
    void *padded;                 /* option A: [N][K/16][H/2][W/2][16] */
    void *z;                      /* the block's input [N][C/16][H][W][16] */
};

/* Where a tensor of the interface lives. Convolution weights are packed; everything else is plain. */
struct cb_tensor_place {
    struct cb_model_tensor tensor;
    const struct cb_conv_shape *packed; /* NULL: plain */
    float *value;
};

struct cb_model {
    struct cb_network network;
    size_t batch, blocks;
    struct cb_memory_plan memory;
    unsigned char *arena;
    size_t arena_bytes;

    struct cb_conv_bn stem;
    struct cb_block block[CB_MAX_BLOCKS];
    float *linear_weight, *linear_bias;

    /* All parameters in one array, with a gradient and a velocity at the same offset. */
    float *parameters, *gradients, *velocity;
    size_t parameters_len, parameter_count;

    enum cb_format storage; /* of activations and their gradients: y, z, padded, grad */
    float *input, *pooled, *dpooled, *logits, *losses;
    void *last_z;
    uint8_t *correct;
    float *stats, *dw_groups, *dense_groups, *conv_workspace;
    void *grad[2],
        *grad_compact; /* activation gradients: two that take turns, one for the shortcut of a strided block */

    size_t tensors;
    struct cb_tensor_place tensor[CB_MAX_TENSORS];

    size_t profile_rows;
    struct cb_model_profile_row profile[CB_PROFILE_ROWS];
    char profile_names[CB_PROFILE_ROWS][64];
};

/* Gradient of a parameter: the same offset in another array. */
static inline float *cb_model_part(const struct cb_model *m, const float *parameter, const float *part)
{
    return (float *)part + (parameter - m->parameters);
}

/* Forward pass; training: batch statistics, kept for the backward pass; otherwise the running ones. Fills pooled. */
void cb_model_forward(struct cb_model *m, struct cb_team *team, size_t n, int training);
/* Backward pass from dpooled. */
void cb_model_backward(struct cb_model *m, struct cb_team *team, size_t n);

/* How a block's output (its conv2 and shortcut) is read by the next consumer, which writes it to z. */
struct cb_source cb_block_output(const struct cb_block *block, void *z);

/* Profile: `t = cb_profile_start(); ...; cb_profile_add(m, row, t, flops)`. */
enum { CB_ROW_BATCH_NORM, CB_ROW_SHORTCUT, CB_ROW_HEAD, CB_ROW_TRANSPOSE, CB_ROW_SGD, CB_ROWS_FIXED };
double cb_profile_start(void);
void cb_profile_add(struct cb_model *m, size_t row, double start, double flops);
/* The row with this name, made if it is new. */
size_t cb_profile_row(struct cb_model *m, const char *name);

#endif
