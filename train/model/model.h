#ifndef CB_MODEL_H
#define CB_MODEL_H

#include "kernels.h"

/* CIFAR ResNets (He et al. 2015, section 4.2): a static plan of fused operations over one arena. */

enum cb_init {
    CB_INIT_HE_FAN_IN,  /* conv: normal, variance 2/(C*R*S); linear as torch03; gamma 1, beta 0 */
    CB_INIT_HE_FAN_OUT, /* conv: normal, variance 2/(K*R*S); otherwise the same */
    CB_INIT_TORCH03,    /* PyTorch 0.3: conv and linear weights, bias uniform +-1/sqrt(fan_in), gamma uniform (0,1),
                           beta 0 */
};

/* Which arithmetic: a version gives the same bits on every machine (train/recipes/README.md compares them). The bf16
 * versions need sides that are multiples of 8 in every stage. */
enum cb_numerics {
    CB_FP32_DIRECT,
    CB_FP32_WINOGRAD, /* 3x3 convolutions of stride 1 by kernels/conv/winograd.h where the side is a multiple of 4;
                         everything else as fp32-direct */
    CB_BF16_BACKWARD, /* fp32-winograd with bf16 products in the backward pass of the Winograd convolutions */
    CB_BF16_STORAGE,  /* bf16-backward with activations and their gradients held as bf16 */
    CB_BF16_ALL,      /* bf16-storage with bf16 products in the forward pass too */
    CB_NUMERICS_COUNT
};
const char *cb_numerics_name(enum cb_numerics numerics); /* "fp32-direct", ...; NULL for CB_NUMERICS_COUNT */
enum cb_numerics cb_numerics_find(const char *name);     /* CB_NUMERICS_COUNT if there is none of this name */

enum { CB_MAX_STAGES = 4, CB_MAX_BLOCKS = 54, CB_MAX_BATCH = 1024, CB_NETWORK_NAME = 32 };

/* A stem convolution of widths[0] channels; stages of basic blocks, of which the first block of every stage but the
 * first halves the side; global average pool; dense layer. */
struct cb_network {
    size_t stages;                /* 1 .. CB_MAX_STAGES */
    size_t blocks[CB_MAX_STAGES]; /* of each stage, 1 or more; CB_MAX_BLOCKS in all */
    size_t widths[CB_MAX_STAGES]; /* channels of each stage, multiples of 16 */
    size_t side;                  /* of the images in pixels; even in every stage but the last */
    size_t classes;               /* 1 .. CB_MAX_CLASSES */
    char shortcut;                /* 'A': subsample and pad with zeros, each stage twice as wide as the one before;
                                     'B': 1x1 convolution and batch norm */
    enum cb_init init;
    enum cb_numerics numerics;
};

/* Depths 6n+2 of the CIFAR ResNets, each handed to the macro DEPTH. */
#define CB_RESNET_DEPTHS(DEPTH) DEPTH(20) DEPTH(32) DEPTH(44) DEPTH(56) DEPTH(110)
/* Three stages of n blocks, 16, 32 and 64 channels, 32x32 pixels, ten classes; shortcut A, and init and numerics 0, for
 * the caller to change. Another depth: no stages, which cb_network_check refuses. */
struct cb_network cb_network_resnet(size_t depth);

size_t cb_network_depth(const struct cb_network *network); /* weighted layers: stem, two a block, dense layer */
void cb_network_name(const struct cb_network *network, char name[CB_NETWORK_NAME]); /* "resnet56" */
/* CB_BAD_INPUT if a member is out of its range; sides and widths are checked against the kernels by cb_model_create. */
enum cb_status cb_network_check(const struct cb_network *network, struct cb_error *err);

struct cb_model;

/* Memory of a model in bytes, planned once at creation; the parts add up to total. */
struct cb_memory_plan {
    size_t parameters;  /* weights, gradients, velocity, transposed weights, batch-norm vectors */
    size_t activations; /* kept from the forward to the backward pass */
    size_t gradients;   /* of activations, reused layer by layer */
    size_t workspace;   /* per-image sums and per-group weight gradients */
    size_t total;
};

/* Scratch that cb_team_create needs per thread for this network; SIZE_MAX, which it refuses, where cb_model_create would
 * refuse the network or memory is short. */
size_t cb_model_scratch_bytes(const struct cb_network *network);

/* batch: the largest number of images of a step, 1 .. CB_MAX_BATCH. Weights are zero until cb_model_init or an import.
 * CB_BAD_INPUT: a network that cb_network_check or a convolution's cb_conv_check refuses. */
enum cb_status cb_model_create(struct cb_model **model, const struct cb_network *network, size_t batch,
                               struct cb_error *err);
void cb_model_destroy(struct cb_model *model); /* accepts NULL */
void cb_model_init(struct cb_model *model, uint64_t seed);

const struct cb_network *cb_model_network(const struct cb_model *model);
void cb_model_memory(const struct cb_model *model, struct cb_memory_plan *plan);
size_t cb_model_parameter_count(const struct cb_model *model);

/* The input of the next step: [batch][3][side][side], normalised; the caller fills the first n images. */
float *cb_model_input(struct cb_model *model);

/* A training step: the images that were put into the input, and how SGD moves the weights. */
struct cb_step_options {
    size_t n;              /* images, 1 .. batch */
    const uint8_t *labels; /* [n], each below classes */
    float lr, momentum, weight_decay;
    int nesterov;
};
struct cb_step_result {
    double loss;    /* mean over the n images */
    size_t correct; /* images whose largest logit is the label's */
};

/* Forward and backward over the first n images in training mode; leaves gradients of the mean loss, updates the running
 * statistics. Of the options: n and labels. */
struct cb_step_result cb_model_train_step(struct cb_model *model, struct cb_team *team,
                                          const struct cb_step_options *options);
/* SGD on all parameters with the gradients of the last step. Of the options: all but n and labels. */
void cb_model_update(struct cb_model *model, struct cb_team *team, const struct cb_step_options *options);

/* Forward in inference mode (running statistics). per-image results of the last call: cb_model_losses,
 * cb_model_correct, cb_model_logits. */
void cb_model_infer(struct cb_model *model, struct cb_team *team, size_t n, const uint8_t *labels);
const float *cb_model_losses(const struct cb_model *model);    /* [n] */
const uint8_t *cb_model_correct(const struct cb_model *model); /* [n] */
const float *cb_model_logits(const struct cb_model *model);    /* [n][classes], of either mode */

/* The model's tensors under the names of akamaster/pytorch_resnet_cifar10 (option B: layer2.0.downsample.0.weight,
 * .1.*), in network order: conv1.weight, bn1.weight, bn1.bias, bn1.running_mean, bn1.running_var,
 * layer1.0.conv1.weight, ... linear.weight, linear.bias. */
struct cb_model_tensor {
    char name[64];
    size_t rank, dims[4]; /* PyTorch's shape: convolutions [K][C][R][S] */
    size_t len;
    int trained; /* a parameter with gradient and velocity; 0: a running statistic */
};
enum cb_tensor_part { CB_VALUE, CB_GRADIENT, CB_VELOCITY }; /* the latter two only for trained tensors */

size_t cb_model_tensor_count(const struct cb_model *model);
const struct cb_model_tensor *cb_model_tensor(const struct cb_model *model, size_t index);
/* Copy out of or into the model in PyTorch's element order; data has len floats. */
void cb_model_export(const struct cb_model *model, size_t index, enum cb_tensor_part part, float *data);
void cb_model_import(struct cb_model *model, size_t index, enum cb_tensor_part part, const float *data);

/* Whether every weight, velocity and running statistic is finite. */
int cb_model_finite(const struct cb_model *model);

/* Where a step's time goes, in seconds accumulated since the last reset, by kind of operation. */
struct cb_model_profile_row {
    const char *name;
    double seconds;
    double flops; /* direct-equivalent, 0 for elementwise operations */
    size_t calls;
};
const struct cb_model_profile_row *cb_model_profile(const struct cb_model *model, size_t *rows);
void cb_model_profile_reset(struct cb_model *model);
/* done(context, row) is called after each operation that the profile has counted in its row, by the caller's thread
 * and outside of parallel regions. NULL: nothing is called. */
void cb_model_after_operations(struct cb_model *model, void (*done)(void *context, size_t row), void *context);

#endif
