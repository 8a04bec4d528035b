#ifndef CB_MODEL_PLAN_H
#define CB_MODEL_PLAN_H

/* Private to train/model: the network as a static plan. layers.c sets the shapes, plan.c hands out the
 * memory; forward.c and backward.c walk it. */
#include "model/block.h"
#include "model/model.h"

enum {
    CB_MAX_LAYERS = 1 + 2 * CB_MAX_BLOCKS + CB_MAX_STAGES - 1, /* stem, two a block, a projection each later stage */
    CB_MAX_TENSORS = 5 * CB_MAX_LAYERS + 2,
    CB_PROFILE_ROWS = 32
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
    struct cb_conv_bn *layer[CB_MAX_LAYERS]; /* all convolutions, in network order */
    size_t layers;
    float *linear_weight, *linear_bias;
    size_t features, last_side; /* channels and side of the map that is pooled */

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
    void (*after_operation)(void *context, size_t row); /* or NULL */
    void *after_operation_context;
};

/* Gradient of a parameter: the same offset in another array. */
static inline float *cb_model_part(const struct cb_model *m, const float *parameter, const float *part)
{
    return (float *)part + (parameter - m->parameters);
}

/* Sets all layers' shapes and what follows from them, from m->network and m->batch. CB_BAD_INPUT: a convolution that
 * the kernels do not take. */
enum cb_status cb_model_describe(struct cb_model *m, struct cb_error *err);
/* Forward pass; training: batch statistics, kept for the backward pass; otherwise the running ones. Fills pooled. */
void cb_model_forward(struct cb_model *m, struct cb_team *team, size_t n, int training);
/* Backward pass from dpooled. */
void cb_model_backward(struct cb_model *m, struct cb_team *team, size_t n);

/* The memory that convolutions share. */
static inline struct cb_conv_memory cb_model_conv_memory(const struct cb_model *m)
{
    return (struct cb_conv_memory){m->stats, m->dw_groups, m->conv_workspace};
}

/* Profile: `t = cb_profile_start(); ...; cb_profile_add(m, row, t, flops)`. */
enum { CB_ROW_BATCH_NORM, CB_ROW_SHORTCUT, CB_ROW_HEAD, CB_ROW_TRANSPOSE, CB_ROW_SGD, CB_ROWS_FIXED };
double cb_profile_start(void);
void cb_profile_add(struct cb_model *m, size_t row, double start, double flops);
/* The row with this name, made if it is new. */
size_t cb_profile_row(struct cb_model *m, const char *name);

#endif
