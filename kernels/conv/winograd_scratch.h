#ifndef CB_WINOGRAD_SCRATCH_H
#define CB_WINOGRAD_SCRATCH_H

#include "kernels.h"

/* A thread's scratch during CB_CONV_WINOGRAD: one padded image of the larger side, then a block of tiles in the
 * transform domain. */

enum { CB_WINOGRAD_TILES = 32 }; /* the most that a block holds */

struct cb_winograd_scratch {
    float *padded; /* [max(C, K)/16][H+2][W+2][16] */
    float *v, *x;  /* [36][tiles][C or K]: B^T d B, A value A^T; a gap of 16 floats between positions keeps them out of
                      one cache set */
    float *m;      /* [36][K/16 or C/16][tiles][16] */
    float *du;     /* [36][K/16][C][16] */
    size_t floats; /* of all */
};

static inline struct cb_winograd_scratch cb_winograd_scratch(const struct cb_conv_shape *s, float *scratch)
{
    size_t channels = s->c > s->k ? s->c : s->k;
    size_t padded = channels * (s->h + 2) * (s->w + 2);
    size_t domain = CB_WINOGRAD_POSITIONS * (CB_WINOGRAD_TILES * channels + CB_LANES);
    size_t du = CB_WINOGRAD_POSITIONS * s->c * s->k;
    if (!scratch) return (struct cb_winograd_scratch){.floats = padded + 3 * domain + du};
    float *v = scratch + padded;
    return (struct cb_winograd_scratch){
        scratch, v, v + domain, v + 2 * domain, v + 3 * domain, padded + 3 * domain + du};
}

#endif
