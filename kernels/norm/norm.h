#ifndef CB_NORM_H
#define CB_NORM_H

#include <stddef.h>

#include "conv/conv.h"
#include "core/team.h"

/* Batch norm over [N][C/16][H][W][16], per channel, M = N*H*W values. Source: Ioffe & Szegedy 2015.
 * PyTorch's conventions: the biased variance normalises, the unbiased one enters the running value, eps is added to the
 * variance. */

/* One layer's parameters, running values and the step's coefficients: arrays of C floats. */
struct cb_bn {
    size_t c;
    const float *gamma, *beta;
    float *running_mean, *running_var;
    float *mean, *invstd; /* of the batch */
    float *scale, *shift; /* normalise: n = fma(y, scale, shift) */
    float *a, *b, *coef;  /* backward: dY = fma(a, g, fma(b, y, coef)) */
    float *dgamma, *dbeta;
};

/* Coefficients from the per-image sums stats[n][C/16][2][16] (sum y, sum y*y), added over images in double: each image
 * group in order, then the binary tree over the groups (cb_group_range):
 *   mean = sum/M,  var = sumsq/M - mean*mean (0 if negative; NaN stays),  invstd = 1/sqrt(var + eps),
 *   scale = gamma*invstd,  shift = beta - mean*scale
 * in double, each rounded once to float. Running values: (1-momentum)*old + momentum*new in double. M = n*map > 1. */
void cb_bn_finish_forward(const struct cb_bn *bn, const float *stats, size_t n, size_t map, float momentum, float eps);

/* scale and shift from the running values, for inference. */
void cb_bn_inference(const struct cb_bn *bn, float eps);

/* Coefficients of the backward pass, likewise, from sums[n][C/16][2][16] (S1 = sum g, S2 = sum g*(y - mean)):
 *   dbeta = S1,  dgamma = S2*invstd,  a = gamma*invstd,  b = -a*invstd*invstd*S2/M,  coef = -a*S1/M - b*mean */
void cb_bn_finish_backward(const struct cb_bn *bn, const float *sums, size_t n, size_t map);

/* Unfused passes, one image a call. shape: C, H, W of the tensors. */
struct cb_bn_pass {
    size_t n, c, h, w;
    enum cb_format storage;   /* of activations and gradients */
    struct cb_source source;  /* stats: x. apply: all */
    struct cb_grad_source dy; /* backward_sums: g, y. backward_apply: all */
    const float *bn_mean;     /* backward_sums */
    float *stats;             /* [N][C/16][2][16], of stats and backward_sums */
    void *out;                /* of backward_apply */
};
typedef void cb_bn_pass_fn(const struct cb_bn_pass *args, size_t image);

/* stats = sum x, sum x*x (fma) over H*W, raster order, from 0 */
void cb_bn_stats(struct cb_team *team, const struct cb_bn_pass *args);
/* source.z = value of the source; may be x or residual */
void cb_bn_apply(struct cb_team *team, const struct cb_bn_pass *args);
/* stats = sum g, sum g*(y - bn_mean) (fma) over H*W, raster order, from 0 */
void cb_bn_backward_sums(struct cb_team *team, const struct cb_bn_pass *args);
/* out = dY; may be dy.g */
void cb_bn_backward_apply(struct cb_team *team, const struct cb_bn_pass *args);

/* Option-A shortcut (He et al. 2015): every second row and column; C channels become K = 2C, C/2 zeros on each side.
 *   forward:  z [N][C/16][H][W][16] -> r [N][K/16][H/2][W/2][16]; H and W even
 *   backward: g like r -> d [N][C/16][H/2][W/2][16], to be handed to a convolution as skip_even
 * n, c, h, w are z's. */
struct cb_shortcut_a {
    size_t n, c, h, w;
    enum cb_format storage;
    const void *from; /* z or g */
    void *to;         /* r or d */
};
void cb_shortcut_a_forward(struct cb_team *team, const struct cb_shortcut_a *args);
void cb_shortcut_a_backward(struct cb_team *team, const struct cb_shortcut_a *args);

#endif
