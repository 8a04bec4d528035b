/* The scalar reference of the Winograd convolutions: it defines their bits. Transforms and orders are stated in
 * conv/winograd.h. */
#include "ref/source.h"

#include <string.h>

#include "conv/winograd_points.h"
#include "core/ops.h"

typedef const struct cb_winograd_points points;

CB_REF_INLINE void ref_input_1d(points *p, const float d[6], float o[6])
{
    o[0] = __builtin_fmaf(-p->sum, d[2], __builtin_fmaf(p->product, d[0], d[4]));
    float e = __builtin_fmaf(-p->b2, d[2], d[4]), f = __builtin_fmaf(-p->b2, d[1], d[3]);
    o[1] = __builtin_fmaf(p->a, f, e);
    o[2] = __builtin_fmaf(-p->a, f, e);
    e = __builtin_fmaf(-p->a2, d[2], d[4]);
    f = __builtin_fmaf(-p->a2, d[1], d[3]);
    o[3] = __builtin_fmaf(p->b, f, e);
    o[4] = __builtin_fmaf(-p->b, f, e);
    o[5] = __builtin_fmaf(-p->sum, d[3], __builtin_fmaf(p->product, d[1], d[5]));
}

CB_REF_INLINE void ref_output_1d(points *p, const float m[6], float o[4])
{
    float s = m[1] + m[2], t = m[1] - m[2], u = m[3] + m[4], v = m[3] - m[4];
    o[0] = (m[0] + s) + u;
    o[1] = __builtin_fmaf(p->b, v, p->a * t);
    o[2] = __builtin_fmaf(p->b2, u, p->a2 * s);
    o[3] = __builtin_fmaf(p->b3, v, p->a3 * t) + m[5];
}

CB_REF_INLINE void ref_x_1d(points *p, const float x[4], float o[6])
{
    o[0] = x[0];
    float e = __builtin_fmaf(p->a2, x[2], x[0]), f = __builtin_fmaf(p->a2, x[3], x[1]);
    o[1] = __builtin_fmaf(p->a, f, e);
    o[2] = __builtin_fmaf(-p->a, f, e);
    e = __builtin_fmaf(p->b2, x[2], x[0]);
    f = __builtin_fmaf(p->b2, x[3], x[1]);
    o[3] = __builtin_fmaf(p->b, f, e);
    o[4] = __builtin_fmaf(-p->b, f, e);
    o[5] = x[3];
}

CB_REF_INLINE void ref_weights_1d(points *p, const float g[3], float o[6])
{
    o[0] = p->n0 * g[0];
    float e = p->na * __builtin_fmaf(p->a2, g[2], g[0]), f = p->a_na * g[1];
    o[1] = e + f;
    o[2] = e - f;
    e = __builtin_fmaf(p->nb, g[0], p->b2_nb * g[2]);
    f = p->b_nb * g[1];
    o[3] = e + f;
    o[4] = e - f;
    o[5] = g[2];
}

CB_REF_INLINE void ref_weights_gradient_1d(points *p, const float u[6], float o[3])
{
    float s = u[1] + u[2], t = u[2] - u[1], v = u[3] + u[4], w = u[3] - u[4];
    o[0] = __builtin_fmaf(p->nb, v, __builtin_fmaf(p->na, s, p->n0 * u[0]));
    o[1] = __builtin_fmaf(p->b_nb, w, -p->a_na * t);
    o[2] = __builtin_fmaf(p->b2_nb, v - s, u[5]);
}

/* to[rows][cols] = every column of from through the transform, then every row */
#define TRANSFORM_2D(name, one_d, in, out)                                                                             \
    CB_REF_INLINE void name(points *p, float from[in][in], float to[out][out])                                         \
    {                                                                                                                  \
        float half[out][in];                                                                                           \
        for (size_t j = 0; j < (in); j++) {                                                                            \
            float column[in], o[out];                                                                                  \
            for (size_t i = 0; i < (in); i++) column[i] = from[i][j];                                                  \
            one_d(p, column, o);                                                                                       \
            for (size_t i = 0; i < (out); i++) half[i][j] = o[i];                                                      \
        }                                                                                                              \
        for (size_t i = 0; i < (out); i++) one_d(p, half[i], to[i]);                                                   \
    }
TRANSFORM_2D(input_2d, ref_input_1d, 6, 6)
TRANSFORM_2D(output_2d, ref_output_1d, 6, 4)
TRANSFORM_2D(value_2d, ref_x_1d, 4, 6)
TRANSFORM_2D(weights_2d, ref_weights_1d, 3, 6)
TRANSFORM_2D(weights_gradient_2d, ref_weights_gradient_1d, 6, 3)

CB_REF_INLINE points *points_of(enum cb_format products)
{
    return products == CB_BF16 ? &cb_winograd_points_bf16 : &cb_winograd_points_f32;
}

/* Operand `at` of the transform domain. */
CB_REF_INLINE void put(float *operands, enum cb_format products, size_t at, float x)
{
    store(operands, at, products, x);
}

/* acc + a product of operands, or of two pairs of them, whose seconds are a_step and b_step further. */
CB_REF_INLINE float multiply_add(enum cb_format products, const float *a, size_t i, size_t a_step, const float *b,
                                 size_t j, size_t b_step, float acc)
{
    if (products == CB_F32) return __builtin_fmaf(a[i], b[j], acc);
    return cb_bf16_dot2(load_stored(a, i, CB_BF16), load_stored(a, i + a_step, CB_BF16), load_stored(b, j, CB_BF16),
                        load_stored(b, j + b_step, CB_BF16), acc);
}

/* Index of operand (c, k) of position t in u[36][K/16][C][16], or in u[36][K/16][C/2][16][2]. */
CB_REF_INLINE size_t weight_at(enum cb_format products, size_t channels, size_t t, size_t k_blocks, size_t c, size_t k)
{
    size_t block = t * k_blocks + k / CB_LANES, lane = k % CB_LANES;
    if (products == CB_F32) return (block * channels + c) * CB_LANES + lane;
    return ((block * channels / 2 + c / 2) * CB_LANES + lane) * 2 + c % 2;
}

CB_REF_INLINE void ref_transform_weights(const struct cb_winograd_weights *args, enum cb_format products, size_t kb,
                                         size_t cb)
{
    for (size_t c = 0; c < CB_LANES; c++)
        for (size_t k = 0; k < CB_LANES; k++) {
            float g[3][3], u[6][6];
            for (size_t r = 0; r < 3; r++)
                for (size_t s = 0; s < 3; s++)
                    g[r][s] =
                        args->w[((((kb * (args->c / CB_LANES) + cb) * 3 + r) * CB_LANES + c) * 3 + s) * CB_LANES + k];
            weights_2d(points_of(products), g, u);
            for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++)
                put(args->u, products,
                    weight_at(products, args->c, t, args->k / CB_LANES, cb * CB_LANES + c, kb * CB_LANES + k),
                    u[t / 6][t % 6]);
        }
}

CB_REF void cb_winograd_f32_weights__scalar(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    ref_transform_weights(args, CB_F32, kb, cb);
}

CB_REF void cb_winograd_bf16_weights__scalar(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    ref_transform_weights(args, CB_BF16, kb, cb);
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
CB_REF_INLINE void ref_load_padded(const struct cb_conv_shape *s, const struct cb_source *source,
                                   const struct cb_grad_source *dy, size_t channels, size_t image, float *padded)
{
    memset(padded, 0, channels * (s->h + 2) * (s->w + 2) * sizeof *padded);
    for (size_t c = 0; c < channels; c++)
        for (size_t row = 0; row < s->h; row++)
            for (size_t col = 0; col < s->w; col++) {
                size_t at = element_of(image, c, channels, s->h * s->w) + (row * s->w + col) * CB_LANES;
                float v = source ? source_value(source, s->storage, c, at) : grad_value(dy, s->storage, c, at);
                padded[padded_at(s, c, row + 1, col + 1)] = v;
                if (source && source->z) store(source->z, at, s->storage, v);
            }
}

/* v[36][channels] = B^T d B of one tile */
CB_REF_INLINE void ref_transform_input(const struct cb_conv_shape *s, enum cb_format products, const float *padded,
                                       size_t channels, struct tile at, float *v)
{
    for (size_t c = 0; c < channels; c++) {
        float d[6][6], o[6][6];
        for (size_t i = 0; i < 6; i++)
            for (size_t j = 0; j < 6; j++) d[i][j] = padded[padded_at(s, c, at.row + i, at.col + j)];
        input_2d(points_of(products), d, o);
        for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++) put(v, products, t * channels + c, o[t / 6][t % 6]);
    }
}

/* m[36][k] = sum over c of v[36][c] * u (weight_at) */
CB_REF_INLINE void ref_multiply(enum cb_format products, const float *v, const float *u, size_t c_end, size_t k_end,
                                float *m)
{
    size_t step = products == CB_BF16 ? 2 : 1;
    for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++, m += k_end)
        for (size_t k = 0; k < k_end; k++) {
            m[k] = 0;
            for (size_t c = 0; c < c_end; c += step)
                m[k] = multiply_add(products, v, t * c_end + c, 1, u,
                                    weight_at(products, c_end, t, k_end / CB_LANES, c, k), 1, m[k]);
        }
}

/* The 4x4 outputs of channel k from m[36][channels] */
CB_REF_INLINE void ref_transform_output(enum cb_format products, const float *m, size_t channels, size_t k,
                                        float out[4][4])
{
    float tile[6][6];
    for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++) tile[t / 6][t % 6] = m[t * channels + k];
    output_2d(points_of(products), tile, out);
}

/* first: d; second: d*e */
CB_REF_INLINE void ref_add_sums(float *sums, const float d[4], const float e[4])
{
    sums[0] = sums[0] + ((d[0] + d[1]) + (d[2] + d[3]));
    sums[CB_LANES] = sums[CB_LANES] +
                     __builtin_fmaf(d[3], e[3], __builtin_fmaf(d[2], e[2], __builtin_fmaf(d[1], e[1], d[0] * e[0])));
}

CB_REF_INLINE void ref_clear_sums(float *sums, size_t image, size_t channels)
{
    if (sums) memset(sums + image * channels * 2, 0, channels * 2 * sizeof *sums);
}

/* One tile, or a pair, at a time; the scratch of the kernels' blocks is larger. */
struct tile_scratch {
    float *padded; /* as padded_at() */
    float *v, *x;  /* [2][36][K or C], [2][36][C] operands */
    float *m;      /* [36][K or C] */
    float *du;     /* [36][K/16][C][16] */
};

CB_REF_INLINE struct tile_scratch divide(const struct cb_conv_shape *s, float *scratch)
{
    size_t channels = s->c > s->k ? s->c : s->k, tile = CB_WINOGRAD_POSITIONS * channels;
    struct tile_scratch to = {.padded = scratch, .v = scratch + channels * (s->h + 2) * (s->w + 2)};
    to.x = to.v + 2 * tile;
    to.m = to.x + 2 * tile;
    to.du = to.m + tile;
    return to;
}

CB_REF_INLINE void ref_winograd_forward(const struct cb_conv_fwd *args, enum cb_format products, size_t task,
                                        void *scratch)
{
    const struct cb_conv_shape *s = &args->shape;
    struct tile_scratch to = divide(s, scratch);
    size_t end = (task + 1) * CB_WINOGRAD_TASK_IMAGES;
    for (size_t image = task * CB_WINOGRAD_TASK_IMAGES; image < s->n && image < end; image++) {
        ref_load_padded(s, &args->source, NULL, s->c, image, to.padded);
        ref_clear_sums(args->stats, image, s->k);
        for (struct tile at = {0}; at.row < s->h; at.row += 4)
            for (at.col = 0; at.col < s->w; at.col += 4) {
                ref_transform_input(s, products, to.padded, s->c, at, to.v);
                ref_multiply(products, to.v, args->workspace, s->c, s->k, to.m);
                for (size_t k = 0; k < s->k; k++) {
                    float out[4][4];
                    ref_transform_output(products, to.m, s->k, k, out);
                    for (size_t i = 0; i < 4; i++) {
                        size_t first =
                            element_of(image, k, s->k, s->h * s->w) + ((at.row + i) * s->w + at.col) * CB_LANES;
                        for (size_t j = 0; j < 4; j++)
                            out[i][j] = store(args->y, first + j * CB_LANES, s->storage, out[i][j]);
                        if (args->stats) ref_add_sums(args->stats + sums_of(image, k, s->k), out[i], out[i]);
                    }
                }
            }
    }
}

/* x[36][C] = A x A^T of one tile */
CB_REF_INLINE void ref_transform_x(const struct cb_conv_bwd *args, enum cb_format products, size_t image,
                                   struct tile at, float *x)
{
    const struct cb_conv_shape *s = &args->shape;
    for (size_t c = 0; c < s->c; c++) {
        float d[4][4], o[6][6];
        for (size_t i = 0; i < 4; i++)
            for (size_t j = 0; j < 4; j++)
                d[i][j] = source_value(&args->source, s->storage, c,
                                       element_of(image, c, s->c, s->h * s->w) +
                                           ((at.row + i) * s->w + at.col + j) * CB_LANES);
        value_2d(points_of(products), d, o);
        for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++) put(x, products, t * s->c + c, o[t / 6][t % 6]);
    }
}

/* dU[36][K/16][C][16] += x[36][C] * v[36][K] of one tile, or of two, whose operands are x_step and v_step apart */
CB_REF_INLINE void ref_add_dw(const struct cb_conv_shape *s, enum cb_format products, const float *x, size_t x_step,
                              const float *v, size_t v_step, float *du)
{
    for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++)
        for (size_t kb = 0; kb < s->k; kb += CB_LANES)
            for (size_t c = 0; c < s->c; c++, du += CB_LANES)
                for (size_t l = 0; l < CB_LANES; l++)
                    du[l] = multiply_add(products, x, t * s->c + c, x_step, v, t * s->k + kb + l, v_step, du[l]);
}

/* The epilogue of dX for one row of a tile: skip, mask, store, sums. */
CB_REF_INLINE void ref_dx_epilogue(const struct cb_conv_bwd *args, size_t image, size_t c, size_t first, float d[4])
{
    enum cb_format storage = args->shape.storage;
    float e[4];
    for (size_t j = 0; j < 4; j++) {
        size_t i = first + j * CB_LANES;
        if (args->skip) d[j] = d[j] + load_stored(args->skip, i, storage);
        if (args->masked) d[j] = source_value(&args->source, storage, c, i) > 0.0f ? d[j] : 0.0f;
        d[j] = store(args->dx, i, storage, d[j]);
        if (args->sums) e[j] = load_stored(args->bn_y, i, storage) - args->bn_mean[c];
    }
    if (args->sums) ref_add_sums(args->sums + sums_of(image, c, args->shape.c), d, e);
}

/* dw[K/16][C/16][3][16][3][16] = G^T dU G, r and s reversed */
CB_REF_INLINE void ref_finish_dw(const struct cb_conv_shape *s, enum cb_format products, const float *du, float *dw)
{
    for (size_t k = 0; k < s->k; k++)
        for (size_t c = 0; c < s->c; c++) {
            float u[6][6], g[3][3];
            for (size_t t = 0; t < CB_WINOGRAD_POSITIONS; t++)
                u[t / 6][t % 6] = du[((t * (s->k / CB_LANES) + k / CB_LANES) * s->c + c) * CB_LANES + k % CB_LANES];
            weights_gradient_2d(points_of(products), u, g);
            for (size_t r = 0; r < 3; r++)
                for (size_t q = 0; q < 3; q++)
                    dw[((((k / CB_LANES * (s->c / CB_LANES) + c / CB_LANES) * 3 + r) * CB_LANES + c % CB_LANES) * 3 +
                        q) *
                           CB_LANES +
                       k % CB_LANES] = g[2 - r][2 - q];
        }
}

/* Two tiles of operands at a time where pairs of them are multiplied. */
CB_REF_INLINE void ref_winograd_backward(const struct cb_conv_bwd *args, enum cb_format products, size_t group,
                                         void *scratch)
{
    const struct cb_conv_shape *s = &args->shape;
    struct tile_scratch to = divide(s, scratch);
    size_t x_tile = CB_WINOGRAD_POSITIONS * s->c, v_tile = CB_WINOGRAD_POSITIONS * s->k,
           tiles = products == CB_BF16 ? 2 : 1;
    size_t tile_bytes = CB_WINOGRAD_POSITIONS * cb_format_bytes(products);
    memset(to.du, 0, CB_WINOGRAD_POSITIONS * s->c * s->k * sizeof *to.du);
    size_t first, end;
    cb_group_range(s->n, group, &first, &end);
    for (size_t image = first; image < end; image++) {
        ref_load_padded(s, NULL, &args->dy, s->k, image, to.padded);
        ref_clear_sums(args->sums, image, s->c);
        for (struct tile at = {0}; at.row < s->h; at.row += 4)
            for (at.col = 0; at.col < s->w; at.col += 4) {
                size_t half = at.col / 4 % tiles;
                float *v = (float *)(void *)((char *)to.v + half * tile_bytes * s->k);
                float *x = (float *)(void *)((char *)to.x + half * tile_bytes * s->c);
                ref_transform_input(s, products, to.padded, s->k, at, v);
                ref_transform_x(args, products, image, at, x);
                if (half + 1 == tiles) ref_add_dw(s, products, to.x, x_tile, to.v, v_tile, to.du);
                ref_multiply(products, v, args->workspace, s->k, s->c, to.m);
                for (size_t c = 0; c < s->c; c++) {
                    float out[4][4];
                    ref_transform_output(products, to.m, s->c, c, out);
                    for (size_t i = 0; i < 4; i++)
                        ref_dx_epilogue(args, image, c,
                                        element_of(image, c, s->c, s->h * s->w) +
                                            ((at.row + i) * s->w + at.col) * CB_LANES,
                                        out[i]);
                }
            }
    }
    ref_finish_dw(s, products, to.du, args->dw_groups + group * cb_conv_weights(s));
}

/* The storage is the shape's: both formats are the same text. */
#define FORWARD(op, products)                                                                                          \
    CB_REF void cb_winograd_##op##__scalar(const struct cb_conv_fwd *args, size_t task, void *scratch)                 \
    {                                                                                                                  \
        ref_winograd_forward(args, products, task, scratch);                                                           \
    }
#define BACKWARD(op, products)                                                                                         \
    CB_REF void cb_winograd_##op##__scalar(const struct cb_conv_bwd *args, size_t group, void *scratch)                \
    {                                                                                                                  \
        ref_winograd_backward(args, products, group, scratch);                                                         \
    }
FORWARD(f32_fwd, CB_F32)
FORWARD(f32_fwd_bf16_storage, CB_F32)
FORWARD(bf16_fwd_bf16_storage, CB_BF16)
BACKWARD(f32_bwd, CB_F32)
BACKWARD(bf16_bwd, CB_BF16)
BACKWARD(bf16_bwd_bf16_storage, CB_BF16)
