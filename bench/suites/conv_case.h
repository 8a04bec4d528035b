#ifndef CB_CONV_CASE_H
#define CB_CONV_CASE_H

#include <stddef.h>

#include "conv_peer.h"
#include "kernels.h"

/* One convolution of ours with its buffers, ready to be timed. Plain passes compute the convolution alone, as a library
 * does; fused ones also what surrounds it in the network. */
enum case_pass { FORWARD, FUSED_FORWARD, BACKWARD, FUSED_BACKWARD, CASE_PASSES };

enum { CASE_BUFFERS = 24 };

struct conv_case {
    struct cb_team *team;
    struct cb_conv_shape shape;
    enum case_pass pass;
    struct cb_conv_fwd fwd;
    struct cb_conv_bwd bwd;
    const float *w; /* packed */
    double flops;
    void *buffers[CASE_BUFFERS];
    size_t buffer_bytes[CASE_BUFFERS];
    size_t n_buffers, bytes;
};

enum cb_status conv_case_plan(struct conv_case *c, struct cb_team *team, const struct cb_conv_shape *shape,
                              enum case_pass pass, struct cb_error *err);
void conv_case_release(struct conv_case *c);
enum cb_status conv_case_run(void *conv_case, struct cb_error *err); /* a cb_side_fn */

/* The weights as [K][C][R][S]. */
void conv_case_oihw(const struct conv_case *c, float *w);

/* Elements of what the pass of a peer computes, and our numbers for it as floats in the layout of conv_peer.h. */
size_t conv_case_result_size(const struct conv_case *c, enum cb_conv_pass pass);
enum cb_status conv_case_result(const struct conv_case *c, enum cb_conv_pass pass, float *out, struct cb_error *err);

#endif
