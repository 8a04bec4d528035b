/* The direct operations of conv.inc. */
#include <stdbool.h>
#include <string.h>

#include "conv/scratch.h"
#include "core/ops.h"
#include "vec/vec.h"
#include "norm/source_body.h"

#include "conv/prefetch_body.h"
#include "conv/load_body.h"
#include "conv/tile_body.h"
#if CB_REGISTERS == 16
#include "conv/tile16_body.h"
#else
#include "conv/tile32_body.h"
#endif
#include "conv/dw_body.h"

/* The even rows and columns of a source image: on them a 1x1 convolution of stride 2 is one of stride 1. */
CB_INLINE struct cb_padded padded_even_source(const struct cb_conv_shape *s, void *scratch)
{
    size_t row = (cb_conv_out_w(s) + 2) * CB_LANES;
    return (struct cb_padded){scratch, row, row * (cb_conv_out_h(s) + 2)};
}

/* Adds an image of x or of the residual. planar: floats, whatever the storage. */
CB_INLINE void prefetch_source(struct prefetcher *a, const struct cb_conv_shape *shape, const storage *from,
                               bool planar, bool even, size_t image)
{
    size_t row = shape->w * CB_LANES, rows = shape->c / CB_LANES * shape->h;
    if (planar)
        prefetch_image(a, from, shape->c * shape->h * shape->w * sizeof(float) / sizeof(storage), image, shape->n);
    else if (even)
        prefetch_even_rows(a, from, rows, row, image, shape->n);
    else
        prefetch_image(a, from, rows * row, image, shape->n);
}

/* filter, stride and planar are const here and below. */
CB_INLINE void direct_forward(const struct cb_conv_fwd *args, size_t image, void *scratch, size_t filter, size_t stride,
                              bool planar)
{
    const struct cb_conv_shape *shape = &args->shape;
    bool even = filter == 1;
    struct cb_padded src = even ? padded_even_source(shape, scratch) : cb_padded_source(shape, scratch);
    if (planar)
        load_planar(shape, args->source.x, image, src);
    else
        load_source(shape, &args->source, image, even ? 2 : 1, src);

    size_t blocks = shape->k / CB_LANES, out = cb_conv_out_h(shape) * cb_conv_out_w(shape) * CB_LANES;
    struct prefetcher prefetcher = {0};
    prefetch_source(&prefetcher, shape, args->source.x, planar, even, image + 1);
    prefetch_source(&prefetcher, shape, args->source.residual, planar, even, image + 1);
    prefetch_spread(&prefetcher, blocks * cb_conv_out_h(shape) * cb_conv_out_w(shape));
    struct z_writer z = z_begin(shape, args->source.z, image, src, blocks * cb_conv_out_h(shape));
    struct correlation c = {.in = src.data + (1 - filter / 2) * (src.row + (planar ? 1 : CB_LANES)),
                            .in_row = src.row,
                            .in_plane = src.plane,
                            .pixel = planar ? 1 : CB_LANES,
                            .channel = planar ? src.plane : 1,
                            .filter = filter,
                            .stride = even ? 1 : stride,
                            .channels = planar ? 3 : CB_LANES,
                            .blocks = planar ? 1 : shape->c / CB_LANES,
                            .w = args->w,
                            .h = cb_conv_out_h(shape)};
    for (size_t kb = 0; kb < blocks; kb++, c.w += CB_LANES * shape->c * filter * filter) {
        float sums[2 * CB_LANES] = {0};
        struct epilogue f = {.w = cb_conv_out_w(shape),
                             .step = 1,
                             /* tile16_body.h computes two rows of 8 pixels at once: no raster order */
                             .stream = CB_REGISTERS == 32 || cb_conv_out_w(shape) != 8,
                             .out = (storage *)args->y + (image * blocks + kb) * out,
                             .sums = args->stats ? sums : NULL,
                             .prefetcher = &prefetcher,
                             .z = &z};
        correlate(&c, &f);
        if (args->stats) memcpy(args->stats + (image * blocks + kb) * 2 * CB_LANES, sums, sizeof sums);
    }
    v_stream_end();
}

CB_INLINE void direct_dx(const struct cb_conv_bwd *args, size_t image, struct cb_padded src, struct cb_padded dy,
                         size_t filter, size_t stride)
{
    const struct cb_conv_shape *shape = &args->shape;
    /* The compact dX of a projection (filter 1) is a 1x1 convolution of dY. */
    size_t h = filter == 1 ? cb_conv_out_h(shape) : shape->h, w = filter == 1 ? cb_conv_out_w(shape) : shape->w;
    size_t blocks = shape->c / CB_LANES, map = h * w * CB_LANES;
    for (size_t b = 0; b < blocks; b++) {
        size_t at = (image * blocks + b) * map;
        float sums[2 * CB_LANES] = {0};
        struct epilogue f = {.w = w,
                             .step = 1,
                             .stream = CB_REGISTERS == 32, /* with 16, a tile may be every second column */
                             .out = (storage *)args->dx + at,
                             .skip = args->skip ? (const storage *)args->skip + at : NULL,
                             .skip_even = args->skip_even ? (const storage *)args->skip_even + at / 4 : NULL,
                             .mask = args->masked ? src.data + b * src.plane + src.row + CB_LANES : NULL,
                             .mask_row = src.row,
                             .bn_y = args->sums ? (const storage *)args->bn_y + at : NULL,
                             .bn_mean = args->sums ? args->bn_mean + b * CB_LANES : NULL,
                             .sums = args->sums ? sums : NULL};
        const float *wt = args->wt + b * CB_LANES * shape->k * filter * filter;
        if (stride == 1 || filter == 1) {
            struct correlation c = {.in = dy.data + (1 - filter / 2) * (dy.row + CB_LANES),
                                    .in_row = dy.row,
                                    .in_plane = dy.plane,
                                    .pixel = CB_LANES,
                                    .channel = 1,
                                    .filter = filter,
                                    .stride = 1,
                                    .channels = CB_LANES,
                                    .blocks = shape->k / CB_LANES,
                                    .w = wt,
                                    .h = h};
            correlate(&c, &f);
        } else {
            struct strided c = {.dy = dy.data + dy.row + CB_LANES,
                                .dy_row = dy.row,
                                .dy_plane = dy.plane,
                                .blocks = shape->k / CB_LANES,
                                .wt = wt,
                                .p = cb_conv_out_h(shape),
                                .q = cb_conv_out_w(shape)};
            strided_dx(&c, &f);
        }
        if (args->sums) memcpy(args->sums + (image * blocks + b) * 2 * CB_LANES, sums, sizeof sums);
    }
}

CB_INLINE void direct_backward(const struct cb_conv_bwd *args, size_t group, void *scratch, size_t filter,
                               size_t stride, bool planar)
{
    const struct cb_conv_shape *shape = &args->shape;
    bool even = filter == 1;
    struct cb_padded src = even ? padded_even_source(shape, scratch) : cb_padded_source(shape, scratch);
    struct cb_padded dy = cb_padded_dy(shape, scratch);
    float *dw = args->dw_groups + group * cb_conv_weights(shape);
    memset(dw, 0, cb_conv_weights(shape) * sizeof *dw);
    size_t out = shape->k * cb_conv_out_h(shape) * cb_conv_out_w(shape), first, end;
    cb_group_range(shape->n, group, &first, &end);
    for (size_t image = first; image < end; image++) {
        if (!planar || CB_REGISTERS != 32) load_dy(shape, &args->dy, image, dy);
        struct prefetcher prefetcher = {0};
        prefetch_source(&prefetcher, shape, args->source.x, planar, even, image + 1);
        prefetch_image(&prefetcher, args->dy.g, out, image + 1, shape->n);
        if (args->dy.a) prefetch_image(&prefetcher, args->dy.y, out, image + 1, shape->n);
        if (planar) {
            load_planar(shape, args->source.x, image, src);
            if (CB_REGISTERS == 32)
                stem_dw_image(shape, &args->dy, image, src, dw, &prefetcher);
            else
                dw_image(shape, src, dy, dw, &prefetcher, 3, 3, filter, stride);
        } else {
            load_source(shape, &args->source, image, even ? 2 : 1, src);
            if (even)
                dw_image(shape, src, dy, dw, &prefetcher, CB_LANES, 2 * DW_CHANNELS / DW_PARTS(CB_LANES), 1, 1);
            else
                dw_image(shape, src, dy, dw, &prefetcher, CB_LANES, DW_CHANNELS / DW_PARTS(CB_LANES), filter, stride);
            direct_dx(args, image, src, dy, filter, stride);
        }
    }
    v_stream_end();
}

/* No numerics version uses this with bf16 storage. */
#ifndef CB_STORAGE_BF16
void CB_STORAGE_VARIANT(conv3x3_f32_fwd)(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    direct_forward(args, image, scratch, 3, 1, false);
}

void CB_STORAGE_VARIANT(conv3x3_f32_bwd)(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    direct_backward(args, group, scratch, 3, 1, false);
}
#endif

void CB_STORAGE_VARIANT(conv3x3s2_f32_fwd)(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    direct_forward(args, image, scratch, 3, 2, false);
}

void CB_STORAGE_VARIANT(conv3x3s2_f32_bwd)(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    direct_backward(args, group, scratch, 3, 2, false);
}

void CB_STORAGE_VARIANT(conv1x1s2_f32_fwd)(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    direct_forward(args, image, scratch, 1, 2, false);
}

void CB_STORAGE_VARIANT(conv1x1s2_f32_bwd)(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    direct_backward(args, group, scratch, 1, 2, false);
}

void CB_STORAGE_VARIANT(conv_stem_f32_fwd)(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    direct_forward(args, image, scratch, 3, 1, true);
}

void CB_STORAGE_VARIANT(conv_stem_f32_bwd)(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    direct_backward(args, group, scratch, 3, 1, true);
}
