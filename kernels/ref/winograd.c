/* The scalar reference of the Winograd convolutions: it defines their bits. Transforms and orders are stated in
 * conv/winograd.h. */
#include "ref/source.h"

#include <string.h>

#include "conv/winograd_scratch.h"
#include "core/ops.h"

CB_REF_INLINE void input_1d(const float d[6], float o[6])
{
    o[0] = __builtin_fmaf(-5, d[2], __builtin_fmaf(4, d[0], d[4]));
    float e = __builtin_fmaf(-4, d[2], d[4]), f = __builtin_fmaf(-4, d[1], d[3]);
    o[1] = e + f;
    o[2] = e - f;
    e = d[4] - d[2];
    f = d[3] - d[1];
    o[3] = __builtin_fmaf(2, f, e);
    o[4] = __builtin_fmaf(-2, f, e);
    o[5] = __builtin_fmaf(-5, d[3], __builtin_fmaf(4, d[1], d[5]));
}

CB_REF_INLINE void output_1d(const float m[6], float o[4])
{
    float s = m[1] + m[2], t = m[1] - m[2], u = m[3] + m[4], v = m[3] - m[4];
    o[0] = (m[0] + s) + u;
    o[1] = __builtin_fmaf(2, v, t);
    o[2] = __builtin_fmaf(4, u, s);
    o[3] = __builtin_fmaf(8, v, t) + m[5];
}

CB_REF_INLINE void value_1d(const float x[4], float o[6])
{
    o[0] = x[0];
    float e = x[0] + x[2], f = x[1] + x[3];
    o[1] = e + f;
    o[2] = e - f;
    e = __builtin_fmaf(4, x[2], x[0]);
    f = __builtin_fmaf(4, x[3], x[1]);
    o[3] = __builtin_fmaf(2, f, e);
    o[4] = __builtin_fmaf(-2, f, e);
    o[5] = x[3];
}

CB_REF_INLINE void weights_1d(const float g[3], float o[6])
{
    o[0] = g[0] * 0.25f;
    float e = (g[0] + g[2]) * (-1.0f / 6), f = g[1] * (-1.0f / 6);
    o[1] = e + f;
    o[2] = e - f;
    e = __builtin_fmaf(g[0], 1.0f / 24, g[2] * (1.0f / 6));
    f = g[1] * (1.0f / 12);
    o[3] = e + f;
    o[4] = e - f;
    o[5] = g[2];
}

CB_REF_INLINE void weights_gradient_1d(const float u[6], float o[3])
{
    float s = u[1] + u[2], t = u[2] - u[1], v = u[3] + u[4], w = u[3] - u[4];
    o[0] = __builtin_fmaf(v, 1.0f / 24, __builtin_fmaf(s, -1.0f / 6, u[0] * 0.25f));
    o[1] = __builtin_fmaf(w, 1.0f / 12, t * (1.0f / 6));
    o[2] = __builtin_fmaf(v - s, 1.0f / 6, u[5]);
}

/* to[rows][cols] = every column of from through the transform, then every row */
#define TRANSFORM_2D(name, one_d, in, out)                                                                             \
    CB_REF_INLINE void name(float from[in][in], float to[out][out])                                                    \
    {                                                                                                                  \
        float half[out][in];                                                                                           \
        for (size_t j = 0; j < (in); j++) {                                                                            \
            float column[in], o[out];                                                                                  \
            for (size_t i = 0; i < (in); i++) column[i] = from[i][j];                                                  \
            one_d(column, o);                                                                                          \
            for (size_t i = 0; i < (out); i++) half[i][j] = o[i];                                                      \
        }                                                                                                              \
        for (size_t i = 0; i < (out); i++) one_d(half[i], to[i]);                                                      \
    }
TRANSFORM_2D(input_2d, input_1d, 6, 6)
TRANSFORM_2D(output_2d, output_1d, 6, 4)
TRANSFORM_2D(value_2d, value_1d, 4, 6)
TRANSFORM_2D(weights_2d, weights_1d, 3, 6)
TRANSFORM_2D(weights_gradient_2d, weights_gradient_1d, 6, 3)

CB_REF void cb_winograd_f32_weights__scalar(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    for (size_t c = 0; c < CB_LANES; c++)
        for (size_t k = 0; k < CB_LANES; k++) {
            float g[3][3], u[6][6];
            for (size_t r = 0; r < 3; r++)
                for (size_t s = 0; s < 3; s++)
                    g[r][s] =
                        args->w[((((kb * (args->c / CB_LANES) + cb) * 3 + r) * CB_LANES + c) * 3 + s) * CB_LANES + k];
            weights_2d(g, u);
            for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++)
                args->u[((t * (args->k / CB_LANES) + kb) * args->c + cb * CB_LANES + c) * CB_LANES + k] =
                    u[t / 6][t % 6];
        }
}

/* A tile of the map: its first output pixel is (row, col). */
struct tile {
    size_t row, col;
};

/* Pixel (0, 0) of a channel in the padded map; the next channel block is one plane further. */
CB_REF_INLINE size_t padded_at(const struct cb_conv_shape *s, size_t channel, size_t row, size_t col)
{
    return ((channel / CB_LANES * (s->h + 2) + row) * (s->w + 2) + col) * CB_LANES + channel % CB_LANES;
}

/* One image of an operand into the padded scratch: the source, or dY if source is NULL. */
CB_REF_INLINE void load(const struct cb_conv_shape *s, const struct cb_source *source, const struct cb_grad_source *dy,
                        size_t channels, size_t image, float *padded)
{
    memset(padded, 0, channels * (s->h + 2) * (s->w + 2) * sizeof *padded);
    for (size_t c = 0; c < channels; c++)
        for (size_t row = 0; row < s->h; row++)
            for (size_t col = 0; col < s->w; col++) {
                size_t at = element_of(image, c, channels, s->h * s->w) + (row * s->w + col) * CB_LANES;
                float v;
                if (source)
                    v = source_value(source, c, at);
                else if (dy->a)
                    v = __builtin_fmaf(dy->a[c], dy->g[at], __builtin_fmaf(dy->b[c], dy->y[at], dy->c[c]));
                else
                    v = dy->g[at];
                padded[padded_at(s, c, row + 1, col + 1)] = v;
                if (source && source->z) source->z[at] = v;
            }
}

/* v[36][channels] = B^T d B of one tile */
CB_REF_INLINE void transform_input(const struct cb_conv_shape *s, const float *padded, size_t channels, struct tile at,
                                   float *v)
{
    for (size_t c = 0; c < channels; c++) {
        float d[6][6], o[6][6];
        for (size_t i = 0; i < 6; i++)
            for (size_t j = 0; j < 6; j++) d[i][j] = padded[padded_at(s, c, at.row + i, at.col + j)];
        input_2d(d, o);
        for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++) v[t * channels + c] = o[t / 6][t % 6];
    }
}

/* m[36][k] = sum over c of v[36][c] * u[36][K/16][C][16] */
CB_REF_INLINE void multiply(const float *v, const float *u, size_t c_end, size_t k_end, float *m)
{
    for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++, v += c_end)
        for (size_t kb = 0; kb < k_end / CB_LANES; kb++, m += CB_LANES) {
            for (size_t l = 0; l < CB_LANES; l++) m[l] = 0;
            for (size_t c = 0; c < c_end; c++, u += CB_LANES)
                for (size_t l = 0; l < CB_LANES; l++) m[l] = __builtin_fmaf(v[c], u[l], m[l]);
        }
}

/* The 4x4 outputs of channel k from m[36][channels] */
CB_REF_INLINE void transform_output(const float *m, size_t channels, size_t k, float out[4][4])
{
    float tile[6][6];
    for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++) tile[t / 6][t % 6] = m[t * channels + k];
    output_2d(tile, out);
}

/* first: d; second: d*e */
CB_REF_INLINE void add_sums(float *sums, const float d[4], const float e[4])
{
    sums[0] = sums[0] + ((d[0] + d[1]) + (d[2] + d[3]));
    sums[CB_LANES] = sums[CB_LANES] +
                     __builtin_fmaf(d[3], e[3], __builtin_fmaf(d[2], e[2], __builtin_fmaf(d[1], e[1], d[0] * e[0])));
}

CB_REF_INLINE void clear_sums(float *sums, size_t image, size_t channels)
{
    if (sums) memset(sums + image * channels * 2, 0, channels * 2 * sizeof *sums);
}

CB_REF void cb_winograd_f32_fwd__scalar(const struct cb_conv_fwd *args, size_t task, void *scratch)
{
    const struct cb_conv_shape *s = &args->shape;
    struct cb_winograd_scratch to = cb_winograd_scratch(s, scratch);
    size_t end = (task + 1) * CB_WINOGRAD_TASK_IMAGES;
    for (size_t image = task * CB_WINOGRAD_TASK_IMAGES; image < s->n && image < end; image++) {
        load(s, &args->source, NULL, s->c, image, to.padded);
        clear_sums(args->stats, image, s->k);
        for (struct tile at = {0}; at.row < s->h; at.row += 4)
            for (at.col = 0; at.col < s->w; at.col += 4) {
                transform_input(s, to.padded, s->c, at, to.v);
                multiply(to.v, args->workspace, s->c, s->k, to.m);
                for (size_t k = 0; k < s->k; k++) {
                    float out[4][4];
                    transform_output(to.m, s->k, k, out);
                    for (size_t i = 0; i < 4; i++) {
                        size_t first =
                            element_of(image, k, s->k, s->h * s->w) + ((at.row + i) * s->w + at.col) * CB_LANES;
                        for (size_t j = 0; j < 4; j++) args->y[first + j * CB_LANES] = out[i][j];
                        if (args->stats) add_sums(args->stats + sums_of(image, k, s->k), out[i], out[i]);
                    }
                }
            }
    }
}

/* dU[36][K/16][C][16] += (A value A^T)[36][C] * (B^T dY B)[36][K] of one tile */
CB_REF_INLINE void add_weights(const struct cb_conv_bwd *args, size_t image, struct tile at, const float *v, float *x,
                               float *du)
{
    const struct cb_conv_shape *s = &args->shape;
    for (size_t c = 0; c < s->c; c++) {
        float d[4][4], o[6][6];
        for (size_t i = 0; i < 4; i++)
            for (size_t j = 0; j < 4; j++)
                d[i][j] = source_value(&args->source, c,
                                       element_of(image, c, s->c, s->h * s->w) +
                                           ((at.row + i) * s->w + at.col + j) * CB_LANES);
        value_2d(d, o);
        for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++) x[t * s->c + c] = o[t / 6][t % 6];
    }
    for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++, x += s->c, v += s->k)
        for (size_t kb = 0; kb < s->k; kb += CB_LANES)
            for (size_t c = 0; c < s->c; c++, du += CB_LANES)
                for (size_t l = 0; l < CB_LANES; l++) du[l] = __builtin_fmaf(x[c], v[kb + l], du[l]);
}

/* What surrounds dX of one row of a tile: skip, mask, store, sums. */
CB_REF_INLINE void finish_row(const struct cb_conv_bwd *args, size_t image, size_t c, size_t first, float d[4])
{
    float e[4];
    for (size_t j = 0; j < 4; j++) {
        size_t i = first + j * CB_LANES;
        if (args->skip) d[j] = d[j] + args->skip[i];
        if (args->masked) d[j] = source_value(&args->source, c, i) > 0.0f ? d[j] : 0.0f;
        args->dx[i] = d[j];
        if (args->sums) e[j] = args->bn_y[i] - args->bn_mean[c];
    }
    if (args->sums) add_sums(args->sums + sums_of(image, c, args->shape.c), d, e);
}

/* dw[K/16][C/16][3][16][3][16] = G^T dU G, r and s reversed */
CB_REF_INLINE void finish_weights(const struct cb_conv_shape *s, const float *du, float *dw)
{
    for (size_t k = 0; k < s->k; k++)
        for (size_t c = 0; c < s->c; c++) {
            float u[6][6], g[3][3];
            for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++)
                u[t / 6][t % 6] = du[((t * (s->k / CB_LANES) + k / CB_LANES) * s->c + c) * CB_LANES + k % CB_LANES];
            weights_gradient_2d(u, g);
            for (size_t r = 0; r < 3; r++)
                for (size_t q = 0; q < 3; q++)
                    dw[((((k / CB_LANES * (s->c / CB_LANES) + c / CB_LANES) * 3 + r) * CB_LANES + c % CB_LANES) * 3 +
                        q) *
                           CB_LANES +
                       k % CB_LANES] = g[2 - r][2 - q];
        }
}

CB_REF void cb_winograd_f32_bwd__scalar(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    const struct cb_conv_shape *s = &args->shape;
    struct cb_winograd_scratch to = cb_winograd_scratch(s, scratch);
    memset(to.du, 0, CB_WINOGRAD_POSITIONS * s->c * s->k * sizeof *to.du);
    size_t first, end;
    cb_group_range(s->n, group, &first, &end);
    for (size_t image = first; image < end; image++) {
        load(s, NULL, &args->dy, s->k, image, to.padded);
        clear_sums(args->sums, image, s->c);
        for (struct tile at = {0}; at.row < s->h; at.row += 4)
            for (at.col = 0; at.col < s->w; at.col += 4) {
                transform_input(s, to.padded, s->k, at, to.v);
                add_weights(args, image, at, to.v, to.x, to.du);
                multiply(to.v, args->workspace, s->k, s->c, to.m);
                for (size_t c = 0; c < s->c; c++) {
                    float out[4][4];
                    transform_output(to.m, s->c, c, out);
                    for (size_t i = 0; i < 4; i++)
                        finish_row(args, image, c,
                                   element_of(image, c, s->c, s->h * s->w) + ((at.row + i) * s->w + at.col) * CB_LANES,
                                   out[i]);
                }
            }
    }
    finish_weights(s, to.du, args->dw_groups + group * cb_conv_weights(s));
}
