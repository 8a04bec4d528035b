#ifndef CB_WINOGRAD_SCRATCH_H
#define CB_WINOGRAD_SCRATCH_H

#include "kernels.h"

/* A thread's scratch during CB_CONV_WINOGRAD: one padded image of the larger side, then a block of tiles in the
 * transform domain. A word of the operands is a float, or where dot products of bf16 are in hardware a
 * pair of them: two channels of v, two tiles of x. */

/* The most tiles that a block holds. More read and write dU less often: 64 instead of 32, in pairs of 16 channels, made the
 * backward passes of a block's two convolutions 4 and 0.4 % faster (Zen 4). */
static inline size_t cb_winograd_tiles(size_t word, size_t channels)
{
    return word == 2 && channels == CB_LANES ? 64 : 32;
}

/* Words from one position of the transform domain to the next; no power of two, to spread over the cache sets. */
static inline size_t cb_winograd_position(size_t word, size_t channels)
{
    return cb_winograd_tiles(word, channels) * channels + CB_LANES;
}

struct cb_winograd_scratch {
    float *padded;   /* [max(C, K)/16][H+2][W+2][16] */
    size_t position; /* cb_winograd_position(), of m, v and x */
    float *m;        /* [36][tiles][K or C]: position t lies on the operands of position t - 1, which are done with */
    float *v;        /* [36][tiles][C or K]: B^T d B */
    float *x;        /* [36][tiles][C]: A value A^T. In pairs, position t follows v's, as both are no more than m's */
    float *du;       /* [36][K/16][C][16] */
    size_t floats;   /* of all */
};

/* word: operands of a word. */
static inline struct cb_winograd_scratch cb_winograd_scratch(const struct cb_conv_shape *s, size_t word, float *scratch)
{
    size_t channels = s->c > s->k ? s->c : s->k;
    size_t padded = channels * (s->h + 2) * (s->w + 2);
    size_t position = cb_winograd_position(word, channels), positions = CB_WINOGRAD_POSITIONS * position;
    size_t x = word == 2 ? cb_winograd_tiles(word, channels) * channels / 2 : positions; /* from v */
    size_t operands = word == 2 ? positions : 2 * positions;
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
