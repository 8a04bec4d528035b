#include "core/ops.h"

#include "ref/ref.h"
#include "ref/source.h"

/* The definition of the batch-norm passes: one image, channel by channel, pixels in raster order. */

CB_REF void cb_bn_stats_f32__scalar(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        const float *x = args->source.x + element_of(image, c, args->c, map);
        float sum = 0, squares = 0;
        for (size_t i = 0; i < map; i++, x += CB_LANES) {
            sum += *x;
            squares = __builtin_fmaf(*x, *x, squares);
        }
        float *stats = args->stats + sums_of(image, c, args->c);
        stats[0] = sum;
        stats[CB_LANES] = squares;
    }
}

CB_REF void cb_bn_apply_f32__scalar(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        for (size_t i = 0; i < map; i++, at += CB_LANES) args->source.z[at] = source_value(&args->source, c, at);
    }
}

CB_REF void cb_bn_bwd_sums_f32__scalar(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float sum = 0, product = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            sum += args->dy.g[at];
            product = __builtin_fmaf(args->dy.g[at], args->dy.y[at] - args->bn_mean[c], product);
        }
        float *stats = args->stats + sums_of(image, c, args->c);
        stats[0] = sum;
        stats[CB_LANES] = product;
    }
}

CB_REF void cb_bn_bwd_apply_f32__scalar(const struct cb_bn_pass *args, size_t image)
{
    const struct cb_grad_source *d = &args->dy;
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        for (size_t i = 0; i < map; i++, at += CB_LANES)
            args->out[at] =
                d->a ? __builtin_fmaf(d->a[c], d->g[at], __builtin_fmaf(d->b[c], d->y[at], d->c[c])) : d->g[at];
    }
}
