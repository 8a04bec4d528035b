#ifndef CB_WINOGRAD_H
#define CB_WINOGRAD_H

#include "conv/conv.h"

/* The 3x3 convolutions by Winograd's F(4x4, 3x3) (Lavin and Gray 2015, arXiv:1509.09308; points 0, +-a, +-b, infinity):
 * a quarter of the multiplications. Contract, layouts and fusions are CB_CONV_3X3's; the bits are these. Products of
 * floats take a = 1, b = 2, products of bf16 a = 3/4, b = 3/2 (winograd_points.h: the constants, rounded once).
 *
 * One-dimensional transforms; fma(a, b, c) = a*b + c rounded once, everything else as written. a2, b2, a3, b3: powers;
 * the other constants: winograd_points.h.
 *   B^T (6 to 6)  o0 = fma(-(a2+b2), d2, fma(a2*b2, d0, d4))
 *                 e = fma(-b2, d2, d4), f = fma(-b2, d1, d3):  o1 = fma(a, f, e), o2 = fma(-a, f, e)
 *                 e = fma(-a2, d2, d4), f = fma(-a2, d1, d3):  o3 = fma(b, f, e), o4 = fma(-b, f, e)
 *                 o5 = fma(-(a2+b2), d3, fma(a2*b2, d1, d5))
 *   A^T (6 to 4)  s = m1 + m2, t = m1 - m2, u = m3 + m4, v = m3 - m4:
 *                 o0 = (m0 + s) + u,  o1 = fma(b, v, a*t),  o2 = fma(b2, u, a2*s),  o3 = fma(b3, v, a3*t) + m5
 *   A (4 to 6)    o0 = x0,  o5 = x3
 *                 e = fma(a2, x2, x0), f = fma(a2, x3, x1):  o1 = fma(a, f, e), o2 = fma(-a, f, e)
 *                 e = fma(b2, x2, x0), f = fma(b2, x3, x1):  o3 = fma(b, f, e), o4 = fma(-b, f, e)
 *   G (3 to 6)    o0 = n0*g0,  o5 = g2
 *                 e = na * fma(a2, g2, g0), f = a_na*g1:      o1 = e + f, o2 = e - f
 *                 e = fma(nb, g0, b2_nb*g2), f = b_nb*g1:     o3 = e + f, o4 = e - f
 *   G^T (6 to 3)  s = u1 + u2, t = u2 - u1, v = u3 + u4, w = u3 - u4:
 *                 o0 = fma(nb, v, fma(na, s, n0*u0)),  o1 = fma(b_nb, w, -a_na*t),  o2 = fma(b2_nb, v - s, u5)
 * A tile's transform applies them to every column, then to every row of the result; position t = 6*row + column.
 *
 * Tiles: 4x4 pixels of the output; the input tile is 6x6 pixels from one up and left of them, zero outside the image.
 *   forward: M[t] = sum over c of V[t][c] * U[t][c][k], one chain of fma in order of c from 0; x: value of the source;
 *            V = B^T x B, U = G w G^T; y = A^T M A
 *   dX:      the same with dY for x and wt for w
 *   dW:      dU[t][c][k] = sum over the tiles of a group of images, in raster order, image after image, one chain of
 *            fma from 0, of (A x A^T)[t][c] * (B^T dY B)[t][k]; then G^T dU G is dW with r and s reversed
 *   bf16:    V, U, A x A^T and B^T dY B are rounded to bf16; the chains are of cb_bf16_dot2 over pairs of channels
 *            (2i, 2i+1), for dU over pairs of tiles (2i, 2i+1) of a row of tiles; W a multiple of 8
 *   sums:    (stats and sums) tiles of an image and rows of a tile in order, from 0: first += (d0 + d1) + (d2 + d3);
 *            second += fma(d3, e3, fma(d2, e2, fma(d1, e1, d0 * e0))), e = d, or bn_y - bn_mean; d as it is stored */

enum {
    CB_WINOGRAD_POSITIONS = 36,
    CB_WINOGRAD_TASK_IMAGES = 8, /* of a forward task */
};

/* Weights to the transform domain: u[36][K/16][C][16] from w[K/16][C/16][3][16][3][16], for input block cb of output
 * block kb. Of the backward pass: the same with wt, C and K exchanged. bf16: u[36][K/16][C/2][16] pairs of channels,
 * the lower channel in the lower half. */
struct cb_winograd_weights {
    size_t c, k;
    const float *w;
    float *u;
};
typedef void cb_winograd_weights_fn(const struct cb_winograd_weights *args, size_t kb, size_t cb);

#endif
