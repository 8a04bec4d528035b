#ifndef IM2COL_H
#define IM2COL_H

#include "conv/conv.h"
#include "gemm/gemm.h"

/* The 3x3 stride-1 convolution by im2col and SGEMM, as Caffe and darknet do it: an algorithm to benchmark against.
 * Columns and sums follow the direct convolution's order, so that the bits are the same. */

/* Room for the columns of a chunk of images, the weights as a matrix, the product, and SGEMM's panels. */
size_t im2col_workspace_bytes(const struct cb_conv_shape *s, const struct cb_cache_sizes *caches, size_t threads);

/* args as for cb_conv_forward, fp32, with a plain source (x alone) and without stats; shape.kind is CB_CONV_3X3.
 * workspace: im2col_workspace_bytes of this shape, caches and number of threads, 64-byte aligned. */
enum cb_status im2col_forward(struct cb_team *team, const struct cb_conv_fwd *args, const struct cb_cache_sizes *caches,
                              void *workspace, struct cb_error *err);

#endif
