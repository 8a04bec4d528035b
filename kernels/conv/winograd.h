#ifndef CB_WINOGRAD_H
#define CB_WINOGRAD_H

#include "conv/conv.h"

/* The 3x3 convolutions by Winograd's F(4x4, 3x3) (Lavin and Gray 2015, arXiv:1509.09308; points 0, +-1, +-2, infinity):
 * a quarter of the multiplications. Contract, layouts and fusions are CB_CONV_3X3's; the bits are these.
 *
 * One-dimensional transforms; fma(a, b, c) = a*b + c rounded once, everything else as written:
 *   B^T (6 to 6)  o0 = fma(-5, d2, fma(4, d0, d4));  e = fma(-4, d2, d4), f = fma(-4, d1, d3): o1 = e + f, o2 = e - f;
 *                 e = d4 - d2, f = d3 - d1: o3 = fma(2, f, e), o4 = fma(-2, f, e);  o5 = fma(-5, d3, fma(4, d1, d5))
 *   A^T (6 to 4)  s = m1 + m2, t = m1 - m2, u = m3 + m4, v = m3 - m4: o0 = (m0 + s) + u; o1 = fma(2, v, t); o2 = fma(4,
 * u, s); o3 = fma(8, v, t) + m5 A (4 to 6)    o0 = x0;  e = x0 + x2, f = x1 + x3: o1 = e + f, o2 = e - f;  e = fma(4,
 * x2, x0), f = fma(4, x3, x1): o3 = fma(2, f, e), o4 = fma(-2, f, e);  o5 = x3 G (3 to 6)    o0 = g0/4;  e = (g0 + g2)
 * * -1/6, f = g1 * -1/6: o1 = e + f, o2 = e - f; e = fma(g0, 1/24, g2 * 1/6), f = g1 * 1/12: o3 = e + f, o4 = e - f; o5
 * = g2 G^T (6 to 3)  s = u1 + u2, t = u2 - u1, v = u3 + u4, w = u3 - u4: o0 = fma(v, 1/24, fma(s, -1/6, u0 * 1/4)); o1
 * = fma(w, 1/12, t * 1/6); o2 = fma(v - s, 1/6, u5)          (1/24, 1/12, 1/6: the nearest floats) A tile's transform
 * applies them to every column, then to every row of the result; position t = 6*row + column.
 *
 * Tiles: 4x4 pixels of the output; the input tile is 6x6 pixels from one up and left of them, zero outside the image.
 *   forward: M[t] = sum over c of V[t][c] * U[t][c][k], one chain of fma in order of c from 0; V = B^T value B, U = G w
 * G^T; y = A^T M A. dX: the same with dY for value and wt for w. dW: dU[t][c][k] = sum over the tiles of a group of
 * images, in raster order, image after image, one chain of fma from 0, of (A value A^T)[t][c] * (B^T dY B)[t][k]; then
 * G^T dU G is dW with r and s reversed. Sums (stats, sums): tile after tile of an image, row after row of a tile, from
 * 0: first += (d0 + d1) + (d2 + d3);  second += fma(d3, e3, fma(d2, e2, fma(d1, e1, d0 * e0))),  e = d, or bn_y -
 * bn_mean. */

enum {
    CB_WINOGRAD_POSITIONS = 36,
    CB_WINOGRAD_TASK_IMAGES = 8, /* of a forward task */
};

/* Weights to the transform domain: u[36][K/16][C][16] from w[K/16][C/16][3][16][3][16], for input block cb of output
 * block kb. Of the backward pass: the same with wt, C and K exchanged. */
struct cb_winograd_weights {
    size_t c, k;
    const float *w;
    float *u;
};
typedef void cb_winograd_weights_fn(const struct cb_winograd_weights *args, size_t kb, size_t cb);

#endif
