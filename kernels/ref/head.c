#include "core/ops.h"

#include "ref/ref.h"
#include "ref/source.h"

/* The definition of global average pooling over a source, and of its gradient behind the ReLU. */

CB_REF_INLINE void pool_fwd(const struct cb_pool_fwd *args, size_t image)
{
    size_t map = args->h * args->w;
    float share = 1.0f / (float)map;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float sum = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            float value = source_value(&args->source, args->storage, c, at);
            if (args->source.z) store(args->source.z, at, args->storage, value);
            sum += value;
        }
        args->pooled[image * args->c + c] = sum * share;
    }
}

CB_REF_INLINE void pool_bwd(const struct cb_pool_bwd *args, size_t image)
{
    size_t map = args->h * args->w;
    float share = 1.0f / (float)map;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float spread = args->dpooled[image * args->c + c] * share, sum = 0, product = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            float g = load_stored(args->z, at, args->storage) > 0 ? spread : 0;
            g = store(args->g, at, args->storage, g);
            sum += g;
            product = __builtin_fmaf(g, load_stored(args->bn_y, at, args->storage) - args->bn_mean[c], product);
        }
        float *sums = args->sums + sums_of(image, c, args->c);
        sums[0] = sum;
        sums[CB_LANES] = product;
    }
}

/* The storage is the arguments': both formats are the same text. */
#define POOL(pass, suffix)                                                                                             \
    CB_REF void cb_pool_f32_##pass##suffix##__scalar(const struct cb_pool_##pass *args, size_t image)                  \
    {                                                                                                                  \
        pool_##pass(args, image);                                                                                      \
    }
POOL(fwd, )
POOL(bwd, )
POOL(fwd, _bf16_storage)
POOL(bwd, _bf16_storage)
