#ifndef CB_WINOGRAD_POINTS_H
#define CB_WINOGRAD_POINTS_H

/* The interpolation points 0, +-a, +-b and infinity, and the numbers that the transforms make of them (winograd.h). */
struct cb_winograd_points {
    float a, b, a2, b2, a3, b3; /* powers */
    float sum, product;         /* a^2 + b^2, a^2 b^2 */
    float n0, na, nb;           /* 1/N of the points 0, +-a, +-b: N is the product of the distances to the others */
    float a_na, b_nb, b2_nb;    /* a na, b nb; b^2 nb = -a^2 na */
};

/* 1 and 2: no multiplications by a, and powers of two for b. */
static const struct cb_winograd_points cb_winograd_points_f32 = {.a = 1,
                                                                 .b = 2,
                                                                 .a2 = 1,
                                                                 .b2 = 4,
                                                                 .a3 = 1,
                                                                 .b3 = 8,
                                                                 .sum = 5,
                                                                 .product = 4,
                                                                 .n0 = 1.0f / 4,
                                                                 .na = -1.0f / 6,
                                                                 .nb = 1.0f / 24,
                                                                 .a_na = -1.0f / 6,
                                                                 .b_nb = 1.0f / 12,
                                                                 .b2_nb = 1.0f / 6};

/* 3/4 and 3/2: half the error of 1 and 2 where the operands are rounded to bf16. */
static const struct cb_winograd_points cb_winograd_points_bf16 = {.a = 3.0f / 4,
                                                                  .b = 3.0f / 2,
                                                                  .a2 = 9.0f / 16,
                                                                  .b2 = 9.0f / 4,
                                                                  .a3 = 27.0f / 64,
                                                                  .b3 = 27.0f / 8,
                                                                  .sum = 45.0f / 16,
                                                                  .product = 81.0f / 64,
                                                                  .n0 = 64.0f / 81,
                                                                  .na = -128.0f / 243,
                                                                  .nb = 32.0f / 243,
                                                                  .a_na = -32.0f / 81,
                                                                  .b_nb = 16.0f / 81,
                                                                  .b2_nb = 8.0f / 27};

#endif
