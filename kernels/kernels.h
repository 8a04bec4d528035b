#ifndef CB_KERNELS_H
#define CB_KERNELS_H

/* libkernels: the one header that other rooms include.
 *
 * Names. N images, C input channels, H x W input map, K output channels, P x Q output map, R x S filter.
 * Layouts. Activations are NCHW16c: [N][C/16][H][W][16], channels in blocks of CB_LANES. C and K are multiples
 *   of 16, except the image input, which is planar [N][3][H][W]. Pointers to activations and packed weights are 64-byte
 *   aligned.
 * Sizes and strides are elements; a name that ends in _bytes is bytes.
 * Bits. Every result is the same on every ISA and for every number of threads: the scalar functions in ref/ define it.
 * Aliasing. Buffers must not overlap unless a comment says so.
 */

#include <stddef.h>
#include <stdint.h>

enum {
    CB_LANES = 16,        /* channels of a block: one vector on every ISA */
    CB_IMAGE_GROUPS = 32, /* sums over images: fixed groups, each in order, then a binary tree over the groups */
};

#include "core/status.h"
#include "core/isa.h"
#include "core/team.h"
#include "core/random.h"
#include "core/math.h"
#include "conv/conv.h"
#include "conv/winograd.h"
#include "norm/norm.h"
#include "head/head.h"
#include "update/update.h"
#include "image/image.h"
#include "gemm/gemm.h"

#endif
