#ifndef CB_CONV_CASE_H
#define CB_CONV_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels.h"
#include "peer.h"

/* One convolution of ours with its buffers, ready to be timed: alone, as a library computes it, or as a pass of the
 * network, whose arguments train/model/block.c fills in. */
enum case_pass {
    FORWARD,
    BACKWARD,
    BLOCK1_FORWARD, /* the first convolution of a block */
    BLOCK1_BACKWARD,
    BLOCK2_FORWARD, /* the second one, of stride 1 */
    BLOCK2_BACKWARD,
    FUSED_FORWARD, /* the stem, or the 1x1 convolution of a shortcut */
    FUSED_BACKWARD,
    CASE_PASSES
};

static inline bool case_is_backward(enum case_pass pass)
{
    return pass % 2 == BACKWARD;
}

enum { CASE_BUFFERS = 24 };

struct conv_case {
    struct cb_team *team;
    struct cb_conv_shape shape;
    enum case_pass pass;
    struct cb_conv_fwd fwd;
    struct cb_conv_bwd bwd;
    float *w; /* packed */
    void *buffers[CASE_BUFFERS];
    size_t buffer_bytes[CASE_BUFFERS];
    size_t n_buffers, bytes;
    size_t in_place; /* the buffer that dX overwrites while it is an operand, counted from 1; 0: none */
};

/* CB_BAD_INPUT: the kernels do not take the shape. */
enum cb_status conv_case_plan(struct conv_case *c, struct cb_team *team, const struct cb_conv_shape *shape,
                              enum case_pass pass, struct cb_error *err);
void conv_case_release(struct conv_case *c);
/* Puts back the operand that a run has overwritten: the next run has the first one's result again. */
void conv_case_restore(const struct conv_case *c);
enum cb_status conv_case_run(void *conv_case, struct cb_error *err);

/* The operands in the layouts of cb_conv_tensors (peer.h), as far as the pass of a peer reads them. CB_NO_MEMORY. */
struct conv_plain {
    float *x, *w, *y;
};
enum cb_status conv_case_plain(const struct conv_case *c, enum cb_conv_pass pass, struct conv_plain *plain,
                               struct cb_error *err);
void conv_plain_free(struct conv_plain *plain);

/* Elements of what the pass of a peer computes, and our numbers for it in the layout of cb_conv_tensors. */
size_t conv_case_result_size(const struct conv_case *c, enum cb_conv_pass pass);
enum cb_status conv_case_result(const struct conv_case *c, enum cb_conv_pass pass, float *out, struct cb_error *err);

/* Root mean square of the difference of two such results in the channel that differs most, as a share of the expected
 * values' in this channel; NaN if there is a NaN. Channels of dW are output channels. */
double conv_case_worst_channel(const struct conv_case *c, enum cb_conv_pass pass, const float *expected,
                               const float *got);

#endif
