#include "core/ops.h"

#include "ref/ref.h"
#include "ref/source.h"

/* The definition of the batch-norm passes: one image, channel by channel, pixels in raster order. */

CB_REF_INLINE void bn_stats(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float sum = 0, squares = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            float x = load_stored(args->source.x, at, args->storage);
            sum += x;
            squares = __builtin_fmaf(x, x, squares);
        }
        float *stats = args->stats + sums_of(image, c, args->c);
        stats[0] = sum;
        stats[CB_LANES] = squares;
    }
}

CB_REF_INLINE void bn_apply(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        for (size_t i = 0; i < map; i++, at += CB_LANES)
            store(args->source.z, at, args->storage, source_value(&args->source, args->storage, c, at));
    }
}

CB_REF_INLINE void bn_bwd_sums(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        float sum = 0, product = 0;
        for (size_t i = 0; i < map; i++, at += CB_LANES) {
            float g = load_stored(args->dy.g, at, args->storage), y = load_stored(args->dy.y, at, args->storage);
            sum += g;
            product = __builtin_fmaf(g, y - args->bn_mean[c], product);
        }
        float *stats = args->stats + sums_of(image, c, args->c);
        stats[0] = sum;
        stats[CB_LANES] = product;
    }
}

CB_REF_INLINE void bn_bwd_apply(const struct cb_bn_pass *args, size_t image)
{
    size_t map = args->h * args->w;
    for (size_t c = 0; c < args->c; c++) {
        size_t at = element_of(image, c, args->c, map);
        for (size_t i = 0; i < map; i++, at += CB_LANES)
            store(args->out, at, args->storage, grad_value(&args->dy, args->storage, c, at));
    }
}

/* The storage is the arguments': both formats are the same text. */
#define PASS(pass, suffix)                                                                                             \
    CB_REF void cb_##pass##_f32##suffix##__scalar(const struct cb_bn_pass *args, size_t image)                         \
    {                                                                                                                  \
        pass(args, image);                                                                                             \
    }
PASS(bn_stats, )
PASS(bn_apply, )
PASS(bn_bwd_sums, )
PASS(bn_bwd_apply, )
PASS(bn_stats, _bf16_storage)
PASS(bn_apply, _bf16_storage)
PASS(bn_bwd_sums, _bf16_storage)
PASS(bn_bwd_apply, _bf16_storage)
