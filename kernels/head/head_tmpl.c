/* Global average pooling of one image and its gradient. */
#include "core/ops.h"

#include "vec/vec.h"

#include "norm/source_body.h"

CB_INLINE void pool_image(const struct cb_pool_fwd *args, size_t image, enum source_kind kind, storage *z)
{
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    vf share = v_set1(1.0f / (float)map);
    for (size_t block = 0; block < blocks; block++) {
        struct source_block source;
        source_begin(&source, &args->source, kind, block);
        size_t at = (image * blocks + block) * map * CB_LANES;
        vf sum[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++) sum[p] = v_zero();
        for (size_t i = 0; i < map; i++, at += CB_LANES) CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
            {
                vf value = source_value(&source, kind, at, p);
                if (z) v_store_storage(z + at + p * VL, value);
                sum[p] = v_add(sum[p], value);
            }
        float *pooled = args->pooled + image * args->c + block * CB_LANES;
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++) v_store(pooled + p * VL, v_mul(sum[p], share));
    }
}

void CB_STORAGE_VARIANT(pool_f32_fwd)(const struct cb_pool_fwd *args, size_t image)
{
    storage *z = args->source.z;
    WITH_SOURCE_KIND(&args->source, kind, pool_image(args, image, kind, z))
}

void CB_STORAGE_VARIANT(pool_f32_bwd)(const struct cb_pool_bwd *args, size_t image)
{
    const storage *z = args->z, *y = args->bn_y;
    storage *g = args->g;
    size_t blocks = args->c / CB_LANES, map = args->h * args->w;
    vf share = v_set1(1.0f / (float)map);
    for (size_t block = 0; block < blocks; block++) {
        size_t at = (image * blocks + block) * map * CB_LANES;
        vf spread[CB_PARTS], mean[CB_PARTS], sum[CB_PARTS], product[CB_PARTS];
        CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
        {
            size_t channel = block * CB_LANES + (size_t)p * VL;
            spread[p] = v_mul(v_load(args->dpooled + image * args->c + channel), share);
            mean[p] = v_load(args->bn_mean + channel);
            sum[p] = product[p] = v_zero();
        }
        for (size_t i = 0; i < map; i++, at += CB_LANES) CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
            {
                vf d = v_where_positive(v_load_storage(z + at + p * VL), spread[p]);
                v_store_storage(g + at + p * VL, d);
                d = v_round_storage(d);
                sum[p] = v_add(sum[p], d);
                product[p] = v_fma(d, v_sub(v_load_storage(y + at + p * VL), mean[p]), product[p]);
            }
        store_sums(args->sums + (image * blocks + block) * 2 * CB_LANES, sum, product);
    }
}
