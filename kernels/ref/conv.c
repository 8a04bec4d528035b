/* The scalar reference of the convolutions: it defines their bits. Terms and orders are stated in conv/conv.h. */
#include "ref/source.h"

#include <string.h>

#include "conv/scratch.h"
#include "core/ops.h"

struct geometry {
    size_t stride, filter, blocks,
        lanes; /* lanes: channels of a block of the input, stored side by side; the stem has three blocks of one */
};

CB_REF_INLINE struct geometry geometry_of(const struct cb_conv_shape *s)
{
    int strided = s->kind == CB_CONV_3X3_S2 || s->kind == CB_CONV_1X1_S2;
    size_t lanes = s->kind == CB_CONV_STEM ? 1 : CB_LANES;
    return (struct geometry){strided ? 2 : 1, cb_conv_filter(s), s->c / lanes, lanes};
}

CB_REF_INLINE void ref_load_source(const struct cb_conv_shape *shape, const struct cb_source *s, size_t image,
                                   struct cb_padded to)
{
    struct geometry g = geometry_of(shape);
    enum cb_format storage = shape->kind == CB_CONV_STEM ? CB_F32 : shape->storage;
    memset(to.data, 0, g.blocks * to.plane * sizeof(float));
    size_t i = image * shape->c * shape->h * shape->w;
    for (size_t b = 0; b < g.blocks; b++)
        for (size_t h = 0; h < shape->h; h++) {
            float *row = to.data + b * to.plane + (h + 1) * to.row + g.lanes;
            for (size_t w = 0; w < shape->w; w++)
                for (size_t l = 0; l < g.lanes; l++, i++) {
                    float v = source_value(s, storage, b * g.lanes + l, i);
                    row[w * g.lanes + l] = v;
                    if (s->z) store(s->z, i, storage, v);
                }
        }
}

CB_REF_INLINE void ref_load_dy(const struct cb_conv_shape *shape, const struct cb_grad_source *s, size_t image,
                               struct cb_padded to)
{
    size_t p_end = cb_conv_out_h(shape), q_end = cb_conv_out_w(shape);
    memset(to.data, 0, shape->k / CB_LANES * to.plane * sizeof(float));
    size_t i = image * shape->k * p_end * q_end;
    for (size_t kb = 0; kb < shape->k; kb += CB_LANES)
        for (size_t p = 0; p < p_end; p++) {
            float *row = to.data + kb / CB_LANES * to.plane + (p + 1) * to.row + CB_LANES;
            for (size_t q = 0; q < q_end; q++)
                for (size_t k = kb; k < kb + CB_LANES; k++, i++) *row++ = grad_value(s, shape->storage, k, i);
        }
}

/* Sums are cut at channel blocks: shorter chains of fma, half the rounding error. */
CB_REF_INLINE void ref_add_block(int first, const float block[CB_LANES], float acc[CB_LANES])
{
    for (size_t l = 0; l < CB_LANES; l++) acc[l] = first ? block[l] : acc[l] + block[l];
}

/* With stride 2 what would read the upper or the left halo is left out; the others are not read. */
CB_REF_INLINE int left_out(size_t stride, size_t row, size_t col)
{
    return stride == 2 && (row == 0 || col == 0);
}

/* acc = the filter window at padded position (row, col), over all channels; w[C/Cb][R][Cb][S][16] */
CB_REF_INLINE void sum_window(struct cb_padded src, size_t channels, size_t lanes, size_t filter, size_t stride,
                              const float *w, size_t row, size_t col, float acc[CB_LANES])
{
    size_t cb = lanes == 1 ? channels : lanes; /* the stem's three channels are one block of the weights */
    for (size_t c0 = 0; c0 < channels; c0 += cb) {
        float block[CB_LANES] = {0};
        for (size_t r = 0; r < filter; r++)
            for (size_t c = c0; c < c0 + cb; c++)
                for (size_t s = 0; s < filter; s++, w += CB_LANES) {
                    if (left_out(stride, row + r, col + s)) continue;
                    float x = src.data[c / lanes * src.plane + (row + r) * src.row + (col + s) * lanes + c % lanes];
                    for (size_t l = 0; l < CB_LANES; l++) block[l] = __builtin_fmaf(x, w[l], block[l]);
                }
        ref_add_block(c0 == 0, block, acc);
    }
}

CB_REF_INLINE void ref_forward(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    const struct cb_conv_shape *shape = &args->shape;
    struct geometry g = geometry_of(shape);
    struct cb_padded src = cb_padded_source(shape, scratch);
    ref_load_source(shape, &args->source, image, src);

    size_t p_end = cb_conv_out_h(shape), q_end = cb_conv_out_w(shape), blocks = shape->k / CB_LANES,
           corner = 1 - g.filter / 2;
    for (size_t kb = 0; kb < blocks; kb++) {
        const float *w = args->w + kb * CB_LANES * shape->c * g.filter * g.filter;
        size_t at = (image * blocks + kb) * p_end * q_end * CB_LANES;
        float sum[2][CB_LANES] = {{0}};
        for (size_t p = 0; p < p_end; p++)
            for (size_t q = 0; q < q_end; q++) {
                float acc[CB_LANES] = {0};
                sum_window(src, shape->c, g.lanes, g.filter, g.stride, w, p * g.stride + corner, q * g.stride + corner,
                           acc);
                for (size_t l = 0; l < CB_LANES; l++) {
                    float y = store(args->y, at++, shape->storage, acc[l]);
                    sum[0][l] = sum[0][l] + y;
                    sum[1][l] = __builtin_fmaf(y, y, sum[1][l]);
                }
            }
        if (args->stats) memcpy(args->stats + (image * blocks + kb) * 2 * CB_LANES, sum, sizeof sum);
    }
}

/* The output row (or column) whose tap `tap` reads input row `h` of a stride-2 convolution; false if there is none. */
CB_REF_INLINE int strided_output(size_t h, size_t tap, size_t filter, size_t p_end, size_t *p)
{
    size_t twice = h + filter / 2 - tap; /* wraps for h + filter/2 < tap; then *p >= p_end */
    *p = twice / 2;
    return twice % 2 == 0 && *p < p_end;
}

/* acc = all terms of dX at (h, w) for stride 2; wt[K/16][R][16][S][16 of C], not reversed */
CB_REF_INLINE void sum_strided_terms(const struct cb_conv_shape *shape, struct cb_padded dy, const float *wt, size_t h,
                                     size_t w, float acc[CB_LANES])
{
    size_t filter = cb_conv_filter(shape), p, q;
    for (size_t kb = 0; kb < shape->k / CB_LANES; kb++) {
        float block[CB_LANES] = {0};
        for (size_t r = 0; r < filter; r++) {
            if (!strided_output(h, r, filter, cb_conv_out_h(shape), &p)) continue;
            for (size_t k = 0; k < CB_LANES; k++)
                for (size_t s = 0; s < filter; s++) {
                    if (!strided_output(w, s, filter, cb_conv_out_w(shape), &q)) continue;
                    float g = dy.data[kb * dy.plane + (p + 1) * dy.row + (q + 1) * CB_LANES + k];
                    const float *tap = wt + (((kb * filter + r) * CB_LANES + k) * filter + s) * CB_LANES;
                    for (size_t l = 0; l < CB_LANES; l++) block[l] = __builtin_fmaf(g, tap[l], block[l]);
                }
        }
        ref_add_block(kb == 0, block, acc);
    }
}

CB_REF_INLINE void ref_dx(const struct cb_conv_bwd *args, size_t image, struct cb_padded src, struct cb_padded dy)
{
    const struct cb_conv_shape *shape = &args->shape;
    struct geometry g = geometry_of(shape);
    /* The compact dX of a projection is a 1x1 convolution of dY, pixel by pixel. */
    int compact = shape->kind == CB_CONV_1X1_S2;
    size_t h_end = compact ? cb_conv_out_h(shape) : shape->h, w_end = compact ? cb_conv_out_w(shape) : shape->w;
    size_t i = image * shape->c * h_end * w_end;
    for (size_t b = 0; b < g.blocks; b++) {
        const float *wt = args->wt + b * CB_LANES * shape->k * g.filter * g.filter;
        float sum[2][CB_LANES] = {{0}};
        for (size_t h = 0; h < h_end; h++)
            for (size_t w = 0; w < w_end; w++) {
                float acc[CB_LANES] = {0};
                if (compact)
                    sum_window(dy, shape->k, CB_LANES, 1, 1, wt, h + 1, w + 1, acc);
                else if (g.stride == 1)
                    sum_window(dy, shape->k, CB_LANES, g.filter, 1, wt, h, w, acc);
                else
                    sum_strided_terms(shape, dy, wt, h, w, acc);
                int even = h % 2 == 0 && w % 2 == 0;
                size_t i_even = ((image * g.blocks + b) * (shape->h / 2) + h / 2) * (shape->w / 2) + w / 2;
                const float *value = src.data + b * src.plane + (h + 1) * src.row + (w + 1) * CB_LANES;
                for (size_t l = 0; l < CB_LANES; l++, i++) {
                    float d = acc[l];
                    if (args->skip) d = d + load_stored(args->skip, i, shape->storage);
                    if (args->skip_even && even)
                        d = d + load_stored(args->skip_even, i_even * CB_LANES + l, shape->storage);
                    if (args->masked) d = value[l] > 0.0f ? d : 0.0f;
                    d = store(args->dx, i, shape->storage, d);
                    if (!args->sums) continue;
                    float y = load_stored(args->bn_y, i, shape->storage);
                    sum[0][l] = sum[0][l] + d;
                    sum[1][l] = __builtin_fmaf(d, y - args->bn_mean[b * CB_LANES + l], sum[1][l]);
                }
            }
        if (args->sums) memcpy(args->sums + (image * g.blocks + b) * 2 * CB_LANES, sum, sizeof sum);
    }
}

CB_REF_INLINE void ref_dw(const struct cb_conv_shape *shape, struct cb_padded src, struct cb_padded dy, float *dw)
{
    struct geometry g = geometry_of(shape);
    size_t p_end = cb_conv_out_h(shape), q_end = cb_conv_out_w(shape), corner = 1 - g.filter / 2;
    size_t cb = g.lanes == 1 ? shape->c : g.lanes;
    for (size_t kb = 0; kb < shape->k / CB_LANES; kb++)
        for (size_t c0 = 0; c0 < shape->c; c0 += cb)
            for (size_t r = 0; r < g.filter; r++)
                for (size_t c = c0; c < c0 + cb; c++)
                    for (size_t s = 0; s < g.filter; s++, dw += CB_LANES) {
                        float acc[CB_LANES] = {0};
                        for (size_t p = 0; p < p_end; p++)
                            for (size_t q = 0; q < q_end; q++) {
                                size_t row = p * g.stride + corner + r, col = q * g.stride + corner + s;
                                if (left_out(g.stride, row, col)) continue;
                                float x =
                                    src.data[c / g.lanes * src.plane + row * src.row + col * g.lanes + c % g.lanes];
                                const float *d = dy.data + kb * dy.plane + (p + 1) * dy.row + (q + 1) * CB_LANES;
                                for (size_t l = 0; l < CB_LANES; l++) acc[l] = __builtin_fmaf(x, d[l], acc[l]);
                            }
                        for (size_t l = 0; l < CB_LANES; l++) dw[l] = dw[l] + acc[l];
                    }
}

CB_REF_INLINE void ref_backward(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    const struct cb_conv_shape *shape = &args->shape;
    struct cb_padded src = cb_padded_source(shape, scratch), dy = cb_padded_dy(shape, scratch);
    float *dw = args->dw_groups + group * cb_conv_weights(shape);
    memset(dw, 0, cb_conv_weights(shape) * sizeof *dw);
    size_t first, end;
    cb_group_range(shape->n, group, &first, &end);
    for (size_t image = first; image < end; image++) {
        ref_load_source(shape, &args->source, image, src);
        ref_load_dy(shape, &args->dy, image, dy);
        if (args->dx) ref_dx(args, image, src, dy);
        ref_dw(shape, src, dy, dw);
    }
}

/* The storage is the shape's: both formats are the same text. */
#define FORWARD(op)                                                                                                    \
    CB_REF void cb_##op##__scalar(const struct cb_conv_fwd *args, size_t image, void *scratch)                         \
    {                                                                                                                  \
        ref_forward(args, image, scratch);                                                                             \
    }
#define BACKWARD(op)                                                                                                   \
    CB_REF void cb_##op##__scalar(const struct cb_conv_bwd *args, size_t group, void *scratch)                         \
    {                                                                                                                  \
        ref_backward(args, group, scratch);                                                                            \
    }
FORWARD(conv3x3_f32_fwd)
FORWARD(conv3x3s2_f32_fwd)
FORWARD(conv3x3s2_f32_fwd_bf16_storage)
FORWARD(conv1x1s2_f32_fwd)
FORWARD(conv1x1s2_f32_fwd_bf16_storage)
FORWARD(conv_stem_f32_fwd)
FORWARD(conv_stem_f32_fwd_bf16_storage)
BACKWARD(conv3x3_f32_bwd)
BACKWARD(conv3x3s2_f32_bwd)
BACKWARD(conv3x3s2_f32_bwd_bf16_storage)
BACKWARD(conv1x1s2_f32_bwd)
BACKWARD(conv1x1s2_f32_bwd_bf16_storage)
BACKWARD(conv_stem_f32_bwd)
BACKWARD(conv_stem_f32_bwd_bf16_storage)
