#ifndef CB_CONV_H
#define CB_CONV_H

#include <stddef.h>

#include "core/format.h"
#include "core/team.h"

/* The convolutions of the CIFAR ResNets, fused with the operations around them. No biases; zero padding R/2 per side.
 *
 *   forward   reads its source through batch norm, ReLU and residual addition ("normalise on load"), writes the raw
 *             output y and the sums from which the following batch norm takes its statistics
 *   backward  reads dY through the backward pass of the batch norm that follows the convolution, computes dX and dW
 *             together; the epilogue of dX adds the skip gradient, applies the ReLU mask, and sums for the batch norm
 *             before the convolution
 */
enum cb_conv_kind {
    CB_CONV_3X3,      /* 3x3, stride 1: P = H, Q = W */
    CB_CONV_3X3_S2,   /* 3x3, stride 2: P = H/2, Q = W/2 (H and W even) */
    CB_CONV_1X1_S2,   /* 1x1, stride 2, the projection shortcut: P = H/2, Q = W/2 (H and W even); reads even rows and
                         columns alone, so no z */
    CB_CONV_STEM,     /* 3x3, stride 1, C = 3 on planar images [N][3][H][W]; the backward pass has dW only */
    CB_CONV_WINOGRAD, /* CB_CONV_3X3 by Winograd's F(4x4, 3x3): winograd.h says what differs. H and W multiples of 4
                         (W of 8 with bwd_products CB_BF16), W <= 128 */
};

struct cb_conv_shape {
    enum cb_conv_kind kind;
    size_t n, c, h, w, k; /* c and k multiples of 16, except c = 3 for CB_CONV_STEM; c, h, w, k >= 1 */
    /* Of activations and their gradients, except the stem's x; CB_BF16 not with CB_CONV_3X3. */
    enum cb_format storage;
    /* Of the operands of CB_CONV_WINOGRAD's products; the others take CB_F32. CB_BF16 forward needs storage CB_BF16,
     * and storage CB_BF16 needs CB_BF16 backward. */
    enum cb_format fwd_products, bwd_products;
};

/* CB_OK if the kernels take the shape in both passes, as the comments above say, and its tensors fit the address space;
 * else CB_BAD_INPUT with what was expected and got. Whoever plans a convolution asks first; the kernels do not. */
enum cb_status cb_conv_check(const struct cb_conv_shape *s, struct cb_error *err);

size_t cb_conv_out_h(const struct cb_conv_shape *s);         /* P */
size_t cb_conv_out_w(const struct cb_conv_shape *s);         /* Q */
size_t cb_conv_filter(const struct cb_conv_shape *s);        /* R = S: 3 or 1 */
size_t cb_conv_weights(const struct cb_conv_shape *s);       /* elements of the packed weights: K*C*R*S */
size_t cb_conv_scratch_bytes(const struct cb_conv_shape *s); /* a thread's need, the larger of the two passes */
size_t cb_conv_workspace(
    const struct cb_conv_shape *s); /* floats shared by all threads, the larger of the two passes; 0: none */
size_t cb_conv_fwd_tasks(const struct cb_conv_shape *s); /* into which the forward pass of a batch is cut */
double cb_conv_flops(const struct cb_conv_shape *s);     /* of one pass (forward, dX or dW): 2*N*K*C*R*S*P*Q */

/* Packed weights, the layout in which parameters and their gradients live ("lane = output channel"):
 *   w[K/16][C/Cb][R][Cb][S][16],  Cb = 16, or 3 for the stem.
 * For the backward pass dX reads the transposed form ("lane = input channel"):
 *   wt[C/16][K/16][R][16 of K][S][16 of C]; with stride 1 R and S are reversed, so that dX is a forward convolution of
 * dY. */
void cb_conv_pack_oihw(const struct cb_conv_shape *s, const float *oihw, float *w); /* from PyTorch's [K][C][R][S] */
void cb_conv_unpack_oihw(const struct cb_conv_shape *s, const float *w, float *oihw);
void cb_conv_transpose(const struct cb_conv_shape *s, const float *w, float *wt); /* not for the stem */

/* How a consumer reads an activation, element by element, with per-channel vectors of C floats:
 *   value = x                                                  if scale is NULL (then residual must be NULL too)
 *   value = relu(fma(x, scale, shift))                         if residual is NULL
 *   value = relu(fma(x, scale, shift) + r)                     r = residual, or
 *                                                              fma(residual, residual_scale, residual_shift)
 * relu(v) = 0 > v ? 0 : v, so NaN passes through. If z is not NULL, value is also written there; z may alias x or
 * residual. x, residual, z: [N][C/16][H][W][16]; for the stem x: [N][3][H][W], floats, and all other members NULL.
 * Everything that is a void pointer, here and below, is in the shape's storage format: read exactly, rounded when
 * written. value itself is not rounded, only z is. */
struct cb_source {
    const void *x;
    const float *scale, *shift;
    const void *residual;
    const float *residual_scale, *residual_shift;
    void *z;
};

/* Forward: y[n,k,p,q] = sum over c, r, s of value[n, c, p*stride + r - R/2, q*stride + s - S/2] * w[k,c,r,s].
 * Order of the sum: for each channel block r, channel in the block, s, one fma each, starting from 0; then the blocks
 * in order, one addition each. Padding counts as zeros with stride 1; with stride 2 its terms are left out.
 * stats (or NULL): per image, [N][K/16][2][16] = sum of y and sum of y*y (fma) over P*Q in raster order, starting from
 * 0; of y as it is stored. */
struct cb_conv_fwd {
    struct cb_conv_shape shape;
    struct cb_source source;
    const float *w; /* packed */
    void *y;        /* [N][K/16][P][Q][16] */
    float *stats;
    float *workspace; /* cb_conv_workspace floats, overwritten */
};

/* dY as the backward pass reads it: g through batch norm, dY = fma(a, g, fma(b, y, c)) with per-channel a, b, c of K
 * floats; or g itself if a is NULL. g, y: [N][K/16][P][Q][16]; y is this convolution's raw forward output. */
struct cb_grad_source {
    const void *g, *y;
    const float *a, *b, *c;
};

/* Backward. source: as in the forward pass but x alone or x with scale and shift (no residual, no z).
 * dX: d = sum over k, r, s of dY * w; order of the sum: for each block of K r, k in the block, s (in wt's order of r
 *     and s; taps that fall outside dY count as zeros, for stride 2 they are left out), one fma each, from 0; then the
 *     blocks in order. Then, each step present or not:
 *       d = d + skip;  d = d + skip_even at even rows and columns;  d = value > 0 ? d : 0 (masked; of the source);
 *       dx = d;  sums [N][C/16][2][16]: sum of d, as it is stored, and sum of d * (bn_y - bn_mean) (fma) over H*W in
 *       raster order, from 0 (NULL: not wanted).
 * dW: group g of the images (cb_group_range) gives dw_groups[g][packed layout]: per image the sum over p, q in raster
 *     order of fma(value, dY, .) from 0 (padding as in the forward pass), images added in order to 0. cb_conv_backward
 *     then adds the groups by a binary tree into dw.
 * CB_CONV_WINOGRAD: no skip_even. CB_CONV_1X1_S2: only even rows and columns of the source have a gradient, so dx is
 * compact: [N][C/16][H/2][W/2][16], to be handed to another convolution as skip_even; skip, skip_even, masked and sums
 * must be NULL or 0. dx may alias skip; NULL only for the stem (then wt, skip, skip_even and sums are unused). */
struct cb_conv_bwd {
    struct cb_conv_shape shape;
    struct cb_grad_source dy;
    struct cb_source source;
    const float *wt;       /* transposed weights */
    const void *skip;      /* [N][C/16][H][W][16] or NULL */
    const void *skip_even; /* [N][C/16][H/2][W/2][16] or NULL */
    int masked;
    const void *bn_y;     /* [N][C/16][H][W][16]: what the preceding batch norm read; needed with sums */
    const float *bn_mean; /* C floats */
    void *dx;             /* [N][C/16][H][W][16]; compact for CB_CONV_1X1_S2 */
    float *sums;
    float *dw_groups; /* [CB_IMAGE_GROUPS][cb_conv_weights]: work space, overwritten */
    float *dw;        /* packed layout, overwritten */
    float *workspace; /* cb_conv_workspace floats, overwritten */
};

/* One task of cb_conv_fwd_tasks (an image; CB_CONV_WINOGRAD several) or one group of images: the functions that exist
 * once per ISA. */
typedef void cb_conv_fwd_fn(const struct cb_conv_fwd *args, size_t task, void *scratch);
typedef void cb_conv_bwd_fn(const struct cb_conv_bwd *args, size_t group, void *scratch);

/* The operation of a pass, or NULL if there is none for these formats. */
struct cb_ops;
cb_conv_fwd_fn *cb_conv_fwd_op(const struct cb_ops *ops, const struct cb_conv_shape *s);
cb_conv_bwd_fn *cb_conv_bwd_op(const struct cb_ops *ops, const struct cb_conv_shape *s);

/* Whole batch on a team, with the selected ISA. Asserted: cb_conv_check, which pointers go together, and that those to
 * activations, weights and work space are 64-byte aligned. Not checked: their lengths and overlap. */
void cb_conv_forward(struct cb_team *team, const struct cb_conv_fwd *args);
void cb_conv_backward(struct cb_team *team, const struct cb_conv_bwd *args);

/* sum over groups of parts[g][len] into out: for d = 1, 2, 4, ... part i += part i+d for i a multiple of 2d. Used for
 * dW. */
void cb_group_reduce(struct cb_team *team, float *parts, size_t len, float *out);

#endif
