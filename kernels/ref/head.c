#include "core/ops.h"

#include "ref/ref.h"
#include "ref/source.h"

/* The definition of global average pooling over a source, and of its gradient behind the ReLU. */

CB_REF void cb_pool_f32_fwd__scalar(const struct cb_pool_fwd *args, size_t image)
{
    size_t map = args->h * args->w;
    float share = 1.0f / (float)map;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float sum = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            float value = source_value(&args->source, c, at);
            if (args->source.z) args->source.z[at] = value;
            sum += value;
        }
        args->pooled[image * args->c + c] = sum * share;
    }
}

CB_REF void cb_pool_f32_bwd__scalar(const struct cb_pool_bwd *args, size_t image)
{
    size_t map = args->h * args->w;
    float share = 1.0f / (float)map;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float spread = args->dpooled[image * args->c + c] * share, sum = 0, product = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            float g = args->z[at] > 0 ? spread : 0;
            args->g[at] = g;
            sum += g;
            product = __builtin_fmaf(g, args->bn_y[at] - args->bn_mean[c], product);
        }
        float *sums = args->sums + sums_of(image, c, args->c);
        sums[0] = sum;
        sums[CB_LANES] = product;
    }
}
