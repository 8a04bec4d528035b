#include "core/ops.h"

#include "vec/vec.h"

#include "norm/source_body.h"

/* The batch-norm passes over one image in the vec/ vocabulary. A channel's sums are one chain over its pixels, so there
 * is nothing to block: the passes stream, and the add's latency (4 cycles a line of 64 bytes) is below what memory
 * costs. */

void CB_STORED_VARIANT(bn_stats_f32)(const struct cb_bn_pass *args, size_t image)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = image * blocks; block < (image + 1) * blocks; block++) {
        const stored *x = (const stored *)args->source.x + block * map * CB_LANES;
        vf sum[CB_PARTS], squares[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++) sum[p] = squares[p] = v_zero();
        for (size_t i = 0; i < map; i++, x += CB_LANES) CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
            {
                vf v = v_load_stored(x + p * VL);
                sum[p] = v_add(sum[p], v);
                squares[p] = v_fma(v, v, squares[p]);
            }
        store_sums(args->stats + block * 2 * CB_LANES, sum, squares);
    }
}

CB_INLINE void apply_image(const struct cb_bn_pass *args, size_t image, enum source_kind kind)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = 0; block < blocks; block++) {
        struct source_block source;
        source_begin(&source, &args->source, kind, block);
        size_t at = (image * blocks + block) * map * CB_LANES;
        for (size_t i = 0; i < map; i++, at += CB_LANES)
            CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
                v_store_stored((stored *)args->source.z + at + p * VL, source_value(&source, kind, at, p));
    }
}

void CB_STORED_VARIANT(bn_apply_f32)(const struct cb_bn_pass *args, size_t image)
{
    switch (source_kind(&args->source)) {
    case SOURCE_RAW:
        apply_image(args, image, SOURCE_RAW);
        break;
    case SOURCE_NORMED:
        apply_image(args, image, SOURCE_NORMED);
        break;
    case SOURCE_PLUS_RESIDUAL:
        apply_image(args, image, SOURCE_PLUS_RESIDUAL);
        break;
    case SOURCE_PLUS_NORMED_RESIDUAL:
        apply_image(args, image, SOURCE_PLUS_NORMED_RESIDUAL);
        break;
    }
}

void CB_STORED_VARIANT(bn_bwd_sums_f32)(const struct cb_bn_pass *args, size_t image)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = 0; block < blocks; block++) {
        size_t at = (image * blocks + block) * map * CB_LANES;
        const stored *g = (const stored *)args->dy.g + at, *y = (const stored *)args->dy.y + at;
        vf mean[CB_PARTS], sum[CB_PARTS], product[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
        {
            mean[p] = v_load(args->bn_mean + block * CB_LANES + p * VL);
            sum[p] = product[p] = v_zero();
        }
        for (size_t i = 0; i < map; i++, g += CB_LANES, y += CB_LANES) CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
            {
                vf d = v_load_stored(g + p * VL);
                sum[p] = v_add(sum[p], d);
                product[p] = v_fma(d, v_sub(v_load_stored(y + p * VL), mean[p]), product[p]);
            }
        store_sums(args->stats + (image * blocks + block) * 2 * CB_LANES, sum, product);
    }
}

static void copy_gradient(const struct cb_bn_pass *args, size_t image)
{
    size_t len = args->c * args->h * args->w;
    const stored *g = (const stored *)args->dy.g + image * len;
    stored *out = (stored *)args->out + image * len;
    for (size_t i = 0; i < len; i += VL) v_store_stored(out + i, v_load_stored(g + i));
}

void CB_STORED_VARIANT(bn_bwd_apply_f32)(const struct cb_bn_pass *args, size_t image)
{
    if (!args->dy.a) {
        copy_gradient(args, image);
        return;
    }
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = 0; block < blocks; block++) {
        size_t at = (image * blocks + block) * map * CB_LANES;
        const stored *g = (const stored *)args->dy.g + at, *y = (const stored *)args->dy.y + at;
        stored *out = (stored *)args->out + at;
        vf a[CB_PARTS], b[CB_PARTS], c[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
        {
            a[p] = v_load(args->dy.a + block * CB_LANES + p * VL);
            b[p] = v_load(args->dy.b + block * CB_LANES + p * VL);
            c[p] = v_load(args->dy.c + block * CB_LANES + p * VL);
        }
        for (size_t i = 0; i < map * CB_LANES; i += CB_LANES)
            CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
                v_store_stored(out + i + p * VL, v_fma(a[p], v_load_stored(g + i + p * VL),
                                                       v_fma(b[p], v_load_stored(y + i + p * VL), c[p])));
    }
}
