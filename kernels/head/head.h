#ifndef CB_HEAD_H
#define CB_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "conv/conv.h"
#include "core/team.h"

/* The end of the network: last block's sum, ReLU and global average pool; dense layer; softmax cross-entropy. */

/* pooled[n][c] = (sum over H*W of the source's value, raster order, from 0) * (1/(H*W) as float).
 * source.z is written if not NULL. */
struct cb_pool_fwd {
    size_t n, c, h, w;
    enum cb_format storage;
    struct cb_source source;
    float *pooled; /* [N][C] */
};

/* g = z > 0 ? dpooled * (1/(H*W)) : 0, spread over the map.
 * sums [N][C/16][2][16] as in cb_conv_bwd: sum g, sum g*(bn_y - bn_mean), of g as it is stored. */
struct cb_pool_bwd {
    size_t n, c, h, w;
    enum cb_format storage;
    const float *dpooled; /* [N][C] */
    const void *z;        /* [N][C/16][H][W][16]: the value that was pooled */
    const void *bn_y;
    const float *bn_mean;
    void *g; /* [N][C/16][H][W][16] */
    float *sums;
};

typedef void cb_pool_fwd_fn(const struct cb_pool_fwd *args, size_t image);
typedef void cb_pool_bwd_fn(const struct cb_pool_bwd *args, size_t image);
void cb_pool_forward(struct cb_team *team, const struct cb_pool_fwd *args);
void cb_pool_backward(struct cb_team *team, const struct cb_pool_bwd *args);

/* Dense layer and loss for one batch.
 *   logits[n][j] = bias[j] + sum over c in order of fma(weight[j][c], pooled[n][c], .), starting from bias[j]
 *   loss[n] = log(sum exp(l - max)) - (l[label] - max), in double, rounded to float
 *   dlogits = (softmax - onehot) / N in double, rounded to float
 *   dpooled[n][c] = sum over j in order, fma, from 0
 *   dweight, dbias: images in order within a group, fma, from 0; groups by the binary tree
 * dpooled, dweight, dbias and groups may be NULL (evaluation): then only logits, loss and correct are written; labels
 * may be NULL: then only logits are. weight [J][C], bias [J]: PyTorch's linear.weight and linear.bias. J <= CB_MAX_CLASSES. */
enum { CB_MAX_CLASSES = 128 };
struct cb_dense_loss {
    size_t n, c, j;
    const float *pooled; /* [N][C] */
    const float *weight, *bias;
    const uint8_t *labels; /* [N], each < J */
    float *logits;         /* [N][J] */
    float *loss;           /* [N] */
    uint8_t *correct;      /* [N]: 1 if the largest logit (the first of equals) is the label's */
    float *dpooled;        /* [N][C] or NULL */
    float *dweight, *dbias;
    float *groups; /* work space [CB_IMAGE_GROUPS][J*C + J] */
};
void cb_dense_loss(struct cb_team *team, const struct cb_dense_loss *args);

/* Mean over n of values in double, in order. */
double cb_mean(const float *values, size_t n);

#endif
