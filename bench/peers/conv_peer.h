#ifndef CB_CONV_PEER_H
#define CB_CONV_PEER_H

#include <stddef.h>

#include "conv/conv.h"
#include "core/status.h"

/* A library's convolution, in the library's own layouts; its SGEMM starts it (gemm_peer.h). With storage of bf16 all its operands are of bf16, but dW. */

enum cb_conv_pass { CB_CONV_FORWARD, CB_CONV_BACKWARD_DATA, CB_CONV_BACKWARD_WEIGHTS, CB_CONV_PASSES };

/* x, y: [N][C/16][H][W][16] ([N][3][H][W] for the stem's x); w: [K][C][R][S]. In a backward pass y is its gradient; the
 * one that a pass computes (y, x or w) is not read. */
struct cb_conv_tensors {
    const void *x; /* x and y in the format of the shape's storage, */
    const float *w;
    const void *y;
};

struct cb_conv_plan; /* one pass with one algorithm, and its tensors */

struct cb_conv_peer {
    const char *name;
    size_t algorithms;
    const char *const *algorithm_names;
    /* CB_UNAVAILABLE: the library does not offer the algorithm for this. *plan is NULL after a failure. */
    enum cb_status (*create)(struct cb_conv_plan **plan, const struct cb_conv_shape *shape, enum cb_conv_pass pass,
                             size_t algorithm, const struct cb_conv_tensors *tensors, struct cb_error *err);
    const char *(*implementation)(const struct cb_conv_plan *plan); /* in the library's words */
    enum cb_status (*run)(struct cb_conv_plan *plan, struct cb_error *err);
    /* What run computed: y, x or w in the layout above, as floats. */
    enum cb_status (*result)(struct cb_conv_plan *plan, float *out, struct cb_error *err);
    /* Shows the memory of the plan's tensors. */
    void (*buffers)(const struct cb_conv_plan *plan, void (*visit)(void *context, const void *buffer, size_t bytes),
                    void *context);
    void (*destroy)(struct cb_conv_plan *plan); /* accepts NULL */
};

extern const struct cb_conv_peer cb_conv_onednn;

#endif
