#ifndef CB_WINOGRAD_SCRATCH_H
#define CB_WINOGRAD_SCRATCH_H

#include "kernels.h"

/* A thread's scratch during CB_CONV_WINOGRAD: one padded image of the larger side, then a block of tiles in the
 * transform domain. pack: operands in an element of V and X: 1, or 2 for pairs of bf16, which are two channels of V or
 * two tiles of X. */

/* The most tiles of a block: more read and write dU less often, fewer keep the block in L2. */
static inline size_t cb_winograd_tiles(size_t pack, size_t channels)
{
    return pack == 2 && channels == CB_LANES ? 64 : 32;
}

/* Elements from one position of the transform domain to the next; no power of two, to spread over the cache sets. */
static inline size_t cb_winograd_position(size_t pack, size_t channels)
{
    return cb_winograd_tiles(pack, channels) * channels + CB_LANES;
}

struct cb_winograd_scratch {
    float *padded;   /* [max(C, K)/16][H+2][W+2][16] */
    size_t position; /* cb_winograd_position(), of m, v and x */
    float *m;        /* [36][tiles][K or C]: position t overwrites the operands of position t - 1 */
    float *v;        /* [36][tiles][C or K]: B^T d B */
    float *x;        /* [36][tiles][C]: A x A^T. Pairs: position t lies behind v's, as both together fit m's */
    float *du;       /* [36][K/16][C][16] */
    size_t floats;   /* of all */
};

static inline struct cb_winograd_scratch cb_winograd_scratch(const struct cb_conv_shape *s, size_t pack, float *scratch)
{
    size_t channels = s->c > s->k ? s->c : s->k;
    size_t padded = channels * (s->h + 2) * (s->w + 2);
    size_t position = cb_winograd_position(pack, channels), positions = CB_WINOGRAD_POSITIONS * position;
    size_t x = pack == 2 ? cb_winograd_tiles(pack, channels) * channels / 2 : positions; /* from v */
    size_t operands = pack == 2 ? positions : 2 * positions;
    struct cb_winograd_scratch to = {
        .position = position,
        .floats = padded + position + operands + CB_WINOGRAD_POSITIONS * s->c * s->k,
    };
    if (!scratch) return to;
    to.padded = scratch;
    to.m = scratch + padded;
    to.v = to.m + position;
    to.x = to.v + x;
    to.du = to.v + operands;
    return to;
}

#endif
