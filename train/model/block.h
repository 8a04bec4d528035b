#ifndef CB_BLOCK_H
#define CB_BLOCK_H

/* The layers of the network, and the arguments with which their convolutions run, for training and for the benchmarks
 * of one pass. A step's number of images is in the layer's shape. */
#include "kernels.h"

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

/* Memory that the layers share. */
struct cb_conv_memory {
    float *stats, *dw_groups, *workspace;
};

/* How a block's output (its conv2 and shortcut) is read by the next consumer, which writes it to z. */
struct cb_source cb_block_output(const struct cb_block *block, void *z);

/* Forward, in training. before: the block before, NULL for the first one, which follows the stem. */
struct cb_conv_fwd cb_stem_forward(const struct cb_conv_bn *stem, const float *images, struct cb_conv_memory to);
struct cb_conv_fwd cb_conv1_forward(const struct cb_block *b, const struct cb_block *before,
                                    const struct cb_conv_bn *stem, struct cb_conv_memory to);
struct cb_conv_fwd cb_conv2_forward(const struct cb_block *b, struct cb_conv_memory to);
struct cb_conv_fwd cb_projection_forward(const struct cb_block *b, struct cb_conv_memory to);

/* Backward. g: the gradient of the block's output after its ReLU's mask, which conv1 replaces by that of its input.
 * inner: of the output of the first batch norm. compact: the shortcut's part of a strided block.
 * before: the convolution whose batch norm comes before the block. */
struct cb_conv_bwd cb_stem_backward(const struct cb_conv_bn *stem, const float *images, const void *g,
                                    struct cb_conv_memory to);
struct cb_conv_bwd cb_conv1_backward(const struct cb_block *b, const struct cb_conv_bn *before, const void *inner,
                                     void *g, const void *compact, struct cb_conv_memory to);
struct cb_conv_bwd cb_conv2_backward(const struct cb_block *b, const void *g, void *inner, struct cb_conv_memory to);
struct cb_conv_bwd cb_projection_backward(const struct cb_block *b, const void *g, void *compact,
                                          struct cb_conv_memory to);

#endif
