#ifndef CB_WINOGRAD_SCRATCH_H
#define CB_WINOGRAD_SCRATCH_H

#include "kernels.h"

/* A thread's scratch during CB_CONV_WINOGRAD: one padded image of the larger side, then a block of tiles in the
 * transform domain. */

enum { CB_WINOGRAD_TILES = 32 }; /* the most that a block holds */

struct cb_winograd_scratch {
    float *padded;   /* [max(C, K)/16][H+2][W+2][16] */
    size_t position; /* floats from one position of v, m and x to the next; not a power of two, to spread over the cache
                        sets */
    float *v;        /* [36][tiles][C or K]: B^T d B */
    float *m; /* [36][tiles][K or C]: position t lies where v's position t-1 was, which is done with and in the cache */
    float *x; /* [36][tiles][C]: A value A^T */
    float *du;     /* [36][K/16][C][16] */
    size_t floats; /* of all */
};

static inline struct cb_winograd_scratch cb_winograd_scratch(const struct cb_conv_shape *s, float *scratch)
{
    size_t channels = s->c > s->k ? s->c : s->k;
    size_t padded = channels * (s->h + 2) * (s->w + 2);
    size_t position = CB_WINOGRAD_TILES * channels + CB_LANES;
    size_t du = CB_WINOGRAD_POSITIONS * s->c * s->k;
    struct cb_winograd_scratch to = {.position = position,
                                     .floats = padded + (2 * CB_WINOGRAD_POSITIONS + 1) * position + du};
    if (!scratch) return to;
    to.padded = scratch;
    to.m = scratch + padded;
    to.v = to.m + position;
    to.x = to.v + CB_WINOGRAD_POSITIONS * position;
    to.du = to.x + CB_WINOGRAD_POSITIONS * position;
    return to;
}

#endif
