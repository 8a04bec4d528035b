/* The batch-norm passes over one image. A channel's sums are one chain over its pixels, so there is nothing to block,
 * and the chain's latency stays below what memory costs. */
#include "core/ops.h"

#include "vec/vec.h"

#include "norm/source_body.h"

void CB_STORAGE_VARIANT(bn_stats_f32)(const struct cb_bn_pass *args, size_t image)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = image * blocks; block < (image + 1) * blocks; block++) {
        const storage *x = (const storage *)args->source.x + block * map * CB_LANES;
        vf sum[CB_PARTS], squares[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++) sum[p] = squares[p] = v_zero();
        for (size_t i = 0; i < map; i++, x += CB_LANES) CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
            {
                vf v = v_load_storage(x + p * VL);
                sum[p] = v_add(sum[p], v);
                squares[p] = v_fma(v, v, squares[p]);
            }
        store_sums(args->stats + block * 2 * CB_LANES, sum, squares);
    }
}

CB_INLINE void bn_apply_image(const struct cb_bn_pass *args, size_t image, enum source_kind kind)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = 0; block < blocks; block++) {
        struct source_block source;
        source_begin(&source, &args->source, kind, block);
        size_t at = (image * blocks + block) * map * CB_LANES;
        for (size_t i = 0; i < map; i++, at += CB_LANES)
            CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
                v_store_storage((storage *)args->source.z + at + p * VL, source_value(&source, kind, at, p));
    }
}

void CB_STORAGE_VARIANT(bn_apply_f32)(const struct cb_bn_pass *args, size_t image)
{
    WITH_SOURCE_KIND(&args->source, kind, bn_apply_image(args, image, kind))
}

void CB_STORAGE_VARIANT(bn_bwd_sums_f32)(const struct cb_bn_pass *args, size_t image)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = 0; block < blocks; block++) {
        size_t at = (image * blocks + block) * map * CB_LANES;
        const storage *g = (const storage *)args->dy.g + at, *y = (const storage *)args->dy.y + at;
        vf mean[CB_PARTS], sum[CB_PARTS], product[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
        {
            mean[p] = v_load(args->bn_mean + block * CB_LANES + p * VL);
            sum[p] = product[p] = v_zero();
        }
        for (size_t i = 0; i < map; i++, g += CB_LANES, y += CB_LANES) CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
            {
                vf d = v_load_storage(g + p * VL);
                sum[p] = v_add(sum[p], d);
                product[p] = v_fma(d, v_sub(v_load_storage(y + p * VL), mean[p]), product[p]);
            }
        store_sums(args->stats + (image * blocks + block) * 2 * CB_LANES, sum, product);
    }
}

static void bn_copy_gradient(const struct cb_bn_pass *args, size_t image)
{
    size_t len = args->c * args->h * args->w;
    const storage *g = (const storage *)args->dy.g + image * len;
    storage *out = (storage *)args->out + image * len;
    for (size_t i = 0; i < len; i += VL) v_store_storage(out + i, v_load_storage(g + i));
}

void CB_STORAGE_VARIANT(bn_bwd_apply_f32)(const struct cb_bn_pass *args, size_t image)
{
    if (!args->dy.a) {
        bn_copy_gradient(args, image);
        return;
    }
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    for (size_t block = 0; block < blocks; block++) {
        struct grad_block dy;
        grad_begin(&dy, &args->dy, true, block * CB_LANES);
        size_t at = (image * blocks + block) * map * CB_LANES;
        for (size_t i = 0; i < map; i++, at += CB_LANES)
            CB_UNROLL for (size_t p = 0; p < CB_PARTS; p++)
                v_store_storage((storage *)args->out + at + p * VL, grad_value(&dy, true, at, p));
    }
}
