/* The Winograd convolutions (winograd.h) in the words of vec/: one text for every ISA, both formats of storage and both
 * of operands. A stub includes its vec_<isa>.h, a stored_*.h and a products_*_body.h and says how many registers there
 * are to fill:
 *
 *   CB_WINOGRAD_ACCUMULATORS: of a product's register tile;
 *   CB_WINOGRAD_BLOCKS: channel blocks that a register tile spans where there are as many, 1 or 2.
 *
 * A strip is a row of tiles. A block is as many strips, one after the other through the images of a task, as the caches
 * like: load and transform its strips, multiply at every position, transform back and finish its strips. */
#include <stdbool.h>
#include <string.h>

#include "conv/winograd_scratch.h"
#include "core/ops.h"
#include "vec/vec.h"

#if !defined(CB_PRODUCTS_BF16)
#include "conv/products_f32_body.h"
#elif defined(CB_BF16_NATIVE)
#include "conv/products_bf16_native_body.h"
#else
#include "conv/products_bf16_emulated_body.h"
#endif
#include "norm/source_body.h"

#include "conv/ahead_body.h"
#include "conv/winograd_transform_body.h"
#include "conv/winograd_gemm_body.h"

/* What the phases share. c and k (const in the copies for the network's shapes) are the channels of the operand that
 * the products sum over and of their result: C and K, or in the backward pass K and C. */
struct domain {
    const struct cb_conv_shape *shape;
    struct cb_winograd_scratch to;
    size_t c, k;
    size_t h, w;       /* the map */
    size_t tiles;      /* of a strip */
    size_t strips;     /* of an image */
    size_t row, plane; /* floats of the padded map */
    size_t position;   /* words from one position of the transform domain to the next */
};

CB_INLINE struct domain domain_of(const struct cb_conv_shape *shape, void *scratch, size_t c, size_t k)
{
    struct domain d = {.shape = shape,
                       .to = cb_winograd_scratch(shape, CB_WORD, scratch),
                       .c = c,
                       .k = k,
                       .h = shape->h,
                       .w = shape->w};
    d.tiles = d.w / 4;
    d.strips = d.h / 4;
    d.row = (d.w + 2) * CB_LANES;
    d.plane = (d.h + 2) * d.row;
    d.position = cb_winograd_position(CB_WORD, c > k ? c : k); /* to.position, as a constant */
    return d;
}

/* Strips of a block of about this many tiles. More read the weights less often and need more of L2. */
CB_INLINE size_t block_strips(const struct domain *d, size_t tiles)
{
    return tiles > d->tiles ? tiles / d->tiles : 1;
}

/* The halo of the padded map; loading an image leaves it as it is. */
CB_INLINE void clear_halo(const struct domain *d)
{
    for (size_t b = 0; b < d->c / CB_LANES; b++) {
        float *plane = d->to.padded + b * d->plane;
        memset(plane, 0, d->row * sizeof(float));
        memset(plane + (d->h + 1) * d->row, 0, d->row * sizeof(float));
        for (size_t i = 1; i <= d->h; i++) {
            memset(plane + i * d->row, 0, CB_LANES * sizeof(float));
            memset(plane + (i + 1) * d->row - CB_LANES, 0, CB_LANES * sizeof(float));
        }
    }
}

/* The rows of the map that a strip needs and the ones before it do not. */
CB_INLINE void strip_rows(const struct domain *d, size_t strip, size_t *first, size_t *end)
{
    *first = strip ? 4 * strip + 1 : 0;
    *end = strip + 1 < d->strips ? 4 * strip + 5 : d->h;
}

CB_INLINE void load_source_rows(const struct domain *d, const struct cb_source *s, enum source_kind kind, bool z,
                                size_t image, size_t strip)
{
    size_t first, end;
    strip_rows(d, strip, &first, &end);
    for (size_t b = 0; b < d->c / CB_LANES; b++) {
        struct source_block from;
        source_begin(&from, s, kind, b);
        size_t at = ((image * (d->c / CB_LANES) + b) * d->h + first) * d->w * CB_LANES;
        float *to = d->to.padded + b * d->plane + (first + 1) * d->row + CB_LANES;
        for (size_t row = first; row < end; row++, to += d->row - d->w * CB_LANES)
            for (size_t col = 0; col < d->w; col += 2, at += 2 * CB_LANES, to += 2 * CB_LANES) {
                CB_UNROLL
                for (int p = 0; p < CB_PARTS; p++) {
                    vf value[2];
                    CB_UNROLL
                    for (size_t i = 0; i < 2; i++) {
                        value[i] = source_value(&from, kind, at + i * CB_LANES, p);
                        v_store(to + i * CB_LANES + p * VL, value[i]);
                    }
                    if (z) v_stream_stored_pixels((stored *)s->z + at + p * VL, value);
                }
            }
    }
}

CB_INLINE void load_source_strip(const struct domain *d, const struct cb_source *s, size_t image, size_t strip)
{
    enum source_kind kind = source_kind(s);
    if (s->z) {
        if (kind == SOURCE_RAW) load_source_rows(d, s, SOURCE_RAW, true, image, strip);
        if (kind == SOURCE_NORMED) load_source_rows(d, s, SOURCE_NORMED, true, image, strip);
        if (kind == SOURCE_PLUS_RESIDUAL) load_source_rows(d, s, SOURCE_PLUS_RESIDUAL, true, image, strip);
        if (kind == SOURCE_PLUS_NORMED_RESIDUAL)
            load_source_rows(d, s, SOURCE_PLUS_NORMED_RESIDUAL, true, image, strip);
    } else {
        if (kind == SOURCE_RAW) load_source_rows(d, s, SOURCE_RAW, false, image, strip);
        if (kind == SOURCE_NORMED) load_source_rows(d, s, SOURCE_NORMED, false, image, strip);
        if (kind == SOURCE_PLUS_RESIDUAL) load_source_rows(d, s, SOURCE_PLUS_RESIDUAL, false, image, strip);
        if (kind == SOURCE_PLUS_NORMED_RESIDUAL)
            load_source_rows(d, s, SOURCE_PLUS_NORMED_RESIDUAL, false, image, strip);
    }
}

CB_INLINE void load_dy_rows(const struct domain *d, const struct cb_grad_source *s, bool normalised, size_t image,
                            size_t strip)
{
    const stored *g = s->g, *y = s->y;
    size_t first, end;
    strip_rows(d, strip, &first, &end);
    for (size_t block = 0; block < d->c / CB_LANES; block++) {
        vf a[CB_PARTS], b[CB_PARTS], c[CB_PARTS];
        CB_UNROLL
        for (size_t p = 0; p < CB_PARTS; p++)
            if (normalised) {
                size_t k = block * CB_LANES + p * VL;
                a[p] = v_load(s->a + k), b[p] = v_load(s->b + k), c[p] = v_load(s->c + k);
            }
        size_t at = ((image * (d->c / CB_LANES) + block) * d->h + first) * d->w * CB_LANES;
        float *to = d->to.padded + block * d->plane + (first + 1) * d->row + CB_LANES;
        for (size_t row = first; row < end; row++, to += d->row - d->w * CB_LANES)
            for (size_t col = 0; col < d->w; col++, at += CB_LANES, to += CB_LANES) {
                CB_UNROLL
                for (size_t p = 0; p < CB_PARTS; p++) {
                    vf v = v_load_stored(g + at + p * VL);
                    if (normalised) v = v_fma(a[p], v, v_fma(b[p], v_load_stored(y + at + p * VL), c[p]));
                    v_store(to + p * VL, v);
                }
            }
    }
}

/* V of a strip of the loaded image, which becomes strip `place` of the block. */
CB_INLINE void transform_strip(const struct domain *d, size_t strip, size_t place)
{
    for (size_t b = 0; b < d->c / CB_LANES; b++)
        input_strip(d->to.padded + b * d->plane + strip * 4 * d->row, d->row, d->tiles,
                    (operand *)d->to.v + place * d->tiles * d->c + b * CB_LANES, d->c, d->position * CB_WORD);
}

/* Forward: y and its sums, from strip `place` of the block. */
CB_INLINE void finish_forward_strip(const struct domain *d, const struct cb_conv_fwd *args, size_t image, size_t strip,
                                    size_t place)
{
    for (size_t b = 0; b < d->k / CB_LANES; b++) {
        stored *y = (stored *)args->y + (((image * (d->k / CB_LANES) + b) * d->h) + strip * 4) * d->w * CB_LANES;
        float *stats = args->stats ? args->stats + (image * (d->k / CB_LANES) + b) * 2 * CB_LANES : NULL;
        vf sum[CB_PARTS], sum2[CB_PARTS];
        CB_UNROLL
        for (size_t p = 0; p < CB_PARTS; p++) {
            sum[p] = stats && strip ? v_load(stats + p * VL) : v_zero();
            sum2[p] = stats && strip ? v_load(stats + CB_LANES + p * VL) : v_zero();
        }
        const float *m = d->to.m + place * d->tiles * d->k + b * CB_LANES;
        for (size_t t = 0; t < d->tiles; t++, m += d->k, y += 4 * CB_LANES) {
            vf half[CB_PARTS][4][6];
            CB_UNROLL
            for (size_t p = 0; p < CB_PARTS; p++) {
                output_columns(m + p * VL, d->position, half[p]);
                if (CB_PARTS > 1) CB_TO_MEMORY(half[p]);
            }
            CB_UNROLL
            for (size_t i = 0; i < 4; i++) {
                CB_UNROLL
                for (size_t p = 0; p < CB_PARTS; p++) {
                    vf o[4];
                    output_1d(half[p][i], o);
                    CB_UNROLL
                    for (size_t j = 0; j < 4; j += 2) {
                        v_stream_stored_pixels(y + (i * d->w + j) * CB_LANES + p * VL, &o[j]);
                        v_pixels_as_stored(&o[j]);
                    }
                    sum[p] = v_add(sum[p], v_add(v_add(o[0], o[1]), v_add(o[2], o[3])));
                    vf q = v_fma(o[1], o[1], v_mul(o[0], o[0]));
                    sum2[p] = v_add(sum2[p], v_fma(o[3], o[3], v_fma(o[2], o[2], q)));
                    CB_TO_REGISTER(sum[p]);
                    CB_TO_REGISTER(sum2[p]);
                }
            }
        }
        if (stats) store_sums(stats, sum, sum2);
    }
}

CB_INLINE void forward(const struct cb_conv_fwd *args, size_t task, void *scratch, size_t c, size_t k)
{
    const struct domain d = domain_of(&args->shape, scratch, c, k);
    clear_halo(&d);
    size_t n = args->shape.n, first = task * CB_WINOGRAD_TASK_IMAGES;
    size_t images = n - first < CB_WINOGRAD_TASK_IMAGES ? n - first : CB_WINOGRAD_TASK_IMAGES;
    size_t strip_floats = 4 * d.w * c, size = n * c * d.h * d.w, block = block_strips(&d, 16);
    for (size_t s = first * d.strips, end = s + images * d.strips, count; s < end; s += count) {
        count = block < end - s ? block : end - s;
        for (size_t i = 0; i < count; i++) {
            load_source_strip(&d, &args->source, (s + i) / d.strips, (s + i) % d.strips);
            transform_strip(&d, (s + i) % d.strips, i);
        }
        struct ahead ahead = {0};
        size_t next = (s + count) * strip_floats + (count % d.strips ? d.w * CB_LANES : 0);
        ahead_range(&ahead, args->source.x, next, count * strip_floats, size);
        ahead_range(&ahead, args->source.residual, next, count * strip_floats, size);
        ahead_spread(&ahead, iterations(c, k, count * d.tiles));
        unsigned mode = begin_products();
        for (size_t t = 0; t < POSITIONS; t++)
            multiply(d.to.v + t * d.position, c / CB_U_WORD, k, args->workspace + t * (c / CB_U_WORD) * k,
                     d.to.m + t * d.position, count * d.tiles, &ahead);
        end_products(mode);
        for (size_t i = 0; i < count; i++) finish_forward_strip(&d, args, (s + i) / d.strips, (s + i) % d.strips, i);
    }
    v_stream_end();
}

/* Rows 0 and 5 of A value A^T, which are value's rows 0 and 3 times A^T. */
CB_INLINE void value_outer_rows(const struct source_block *from, enum source_kind kind, size_t at, size_t row, int p,
                                float *to, size_t position)
{
    CB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        vf x[CB_WORD][4];
        CB_UNROLL
        for (size_t j = 0; j < 4 * CB_WORD; j++)
            x[j / 4][j % 4] = source_value(from, kind, at + 3 * i * row + j * CB_LANES, p);
        value_row(x, to + i * 5 * 6 * position, position);
    }
}

/* A value A^T of the CB_WORD tiles of a word, the first one's corner at `at`; row: elements of a row of the map. Two
 * tiles are too much for the registers: what the outer rows read is read again, and two of the inner ones wait in memory. */
CB_INLINE void value_tiles(const struct source_block *from, enum source_kind kind, size_t at, size_t row, int p,
                           float *to, size_t position)
{
    if (CB_WORD == 2) value_outer_rows(from, kind, at, row, p, to, position);
    vf near[2][CB_WORD][4], far[2][CB_WORD][4];
    CB_UNROLL
    for (size_t j = 0; j < 4 * CB_WORD; j++) {
        vf x[4];
        CB_UNROLL
        for (size_t i = 0; i < 4; i++) x[i] = source_value(from, kind, at + i * row + j * CB_LANES, p);
        value_pair(x, POINTS.a, POINTS.a2, &near[0][j / 4][j % 4], &near[1][j / 4][j % 4]);
        value_pair(x, POINTS.b, POINTS.b2, &far[0][j / 4][j % 4], &far[1][j / 4][j % 4]);
    }
    if (CB_WORD == 2) CB_TO_MEMORY(far);
    if (CB_WORD == 1) value_outer_rows(from, kind, at, row, p, to, position);
    CB_UNROLL
    for (size_t i = 0; i < 2; i++) value_row(near[i], to + (1 + i) * 6 * position, position);
    CB_UNROLL
    for (size_t i = 0; i < 2; i++) value_row(far[i], to + (3 + i) * 6 * position, position);
}

/* A value A^T of a strip of the source, straight from memory: its tiles do not overlap. */
CB_INLINE void transform_value_strip(const struct domain *d, const struct cb_source *source, enum source_kind kind,
                                     size_t image, size_t strip, size_t place)
{
    size_t channels = d->k;
    for (size_t b = 0; b < channels / CB_LANES; b++) {
        struct source_block from;
        source_begin(&from, source, kind, b);
        size_t at = ((image * (channels / CB_LANES) + b) * d->h + strip * 4) * d->w * CB_LANES;
        float *to = d->to.x + place * d->tiles / CB_WORD * channels + b * CB_LANES;
        for (size_t t = 0; t < d->tiles; t += CB_WORD, at += CB_WORD * 4 * CB_LANES, to += channels) {
            CB_UNROLL
            for (int p = 0; p < CB_PARTS; p++)
                value_tiles(&from, kind, at, d->w * CB_LANES, p, to + p * VL, d->position);
        }
    }
}

/* What surrounds dX. With branches at every pixel C = 16 takes 5 % longer, so what is common has copies of its own. */
struct surroundings {
    bool skip, in_place; /* in_place: dX takes the place of skip */
    bool masked, sums;
    bool bn_y_is_x; /* bn_y is what the source reads */
};

CB_INLINE struct surroundings surroundings_of(const struct cb_conv_bwd *args)
{
    return (struct surroundings){.skip = args->skip,
                                 .in_place = args->skip && args->skip == args->dx,
                                 .masked = args->masked,
                                 .sums = args->sums,
                                 .bn_y_is_x = args->bn_y == args->source.x};
}

/* dX of a strip: transformed back, and everything that surrounds it. kind: the source's, read again for the mask. */
CB_INLINE void finish_backward_strip(const struct domain *d, const struct cb_conv_bwd *args, enum source_kind kind,
                                     struct surroundings has, size_t image, size_t strip, size_t place)
{
    const stored *skip = args->skip, *bn_y = args->bn_y;
    stored *dx = args->dx;
    for (size_t b = 0; b < d->k / CB_LANES; b++) {
        struct source_block source;
        source_begin(&source, &args->source, kind, b);
        size_t first = (((image * (d->k / CB_LANES) + b) * d->h) + strip * 4) * d->w * CB_LANES;
        float *sums = has.sums ? args->sums + (image * (d->k / CB_LANES) + b) * 2 * CB_LANES : NULL;
        vf sum[CB_PARTS], sum2[CB_PARTS], mean[CB_PARTS];
        CB_UNROLL
        for (size_t p = 0; p < CB_PARTS; p++) {
            sum[p] = has.sums && strip ? v_load(sums + p * VL) : v_zero();
            sum2[p] = has.sums && strip ? v_load(sums + CB_LANES + p * VL) : v_zero();
            mean[p] = has.sums ? v_load(args->bn_mean + b * CB_LANES + p * VL) : v_zero();
        }
        const float *m = d->to.m + place * d->tiles * d->k + b * CB_LANES;
        for (size_t t = 0; t < d->tiles; t++, m += d->k, first += 4 * CB_LANES) {
            vf half[CB_PARTS][4][6];
            CB_UNROLL
            for (size_t p = 0; p < CB_PARTS; p++) {
                output_columns(m + p * VL, d->position, half[p]);
                if (CB_PARTS > 1) CB_TO_MEMORY(half[p]);
            }
            CB_UNROLL
            for (size_t i = 0; i < 4; i++) {
                CB_UNROLL
                for (size_t p = 0; p < CB_PARTS; p++) {
                    size_t at = first + i * d->w * CB_LANES + p * VL;
                    vf o[4], q = v_zero();
                    output_1d(half[p][i], o);
                    CB_UNROLL
                    for (size_t j = 0; j < 4; j += 2, at += 2 * CB_LANES) {
                        vf x[2];
                        CB_UNROLL
                        for (size_t n = 0; n < 2; n++) {
                            x[n] = v_load_stored(source.x + at + n * CB_LANES);
                            vf value = kind == SOURCE_RAW ? x[n] /* before ReLU */
                                                          : v_fma(x[n], source.scale[p], source.shift[p]);
                            if (has.skip) o[j + n] = v_add(o[j + n], v_load_stored(skip + at + n * CB_LANES));
                            if (has.masked) o[j + n] = v_where_positive(value, o[j + n]);
                        }
                        if (has.in_place) /* in the cache, as skip has just been read */
                            v_store_stored_pixels(dx + at, o + j);
                        else
                            v_stream_stored_pixels(dx + at, o + j);
                        v_pixels_as_stored(o + j);
                        if (!has.sums) continue;
                        CB_UNROLL
                        for (size_t n = 0; n < 2; n++) {
                            vf y = has.bn_y_is_x ? x[n] : v_load_stored(bn_y + at + n * CB_LANES);
                            vf e = v_sub(y, mean[p]);
                            q = j + n ? v_fma(o[j + n], e, q) : v_mul(o[j + n], e);
                        }
                    }
                    if (!has.sums) continue;
                    sum[p] = v_add(sum[p], v_add(v_add(o[0], o[1]), v_add(o[2], o[3])));
                    sum2[p] = v_add(sum2[p], q);
                    CB_TO_REGISTER(sum[p]);
                    CB_TO_REGISTER(sum2[p]);
                }
            }
        }
        if (has.sums) store_sums(sums, sum, sum2);
    }
}

/* The copies: a block's second convolution, its first (train/model/block.c), and the convolution alone. */
CB_INLINE void finish_backward(const struct domain *d, const struct cb_conv_bwd *args, size_t image, size_t strip,
                               size_t place)
{
    const struct surroundings has = surroundings_of(args);
    bool normed = args->source.scale;
    if (normed && !has.skip && has.masked && has.sums && has.bn_y_is_x) {
        const struct surroundings second = {.masked = true, .sums = true, .bn_y_is_x = true};
        finish_backward_strip(d, args, SOURCE_NORMED, second, image, strip, place);
    } else if (!normed && has.in_place && has.masked && has.sums && !has.bn_y_is_x) {
        const struct surroundings first = {.skip = true, .in_place = true, .masked = true, .sums = true};
        finish_backward_strip(d, args, SOURCE_RAW, first, image, strip, place);
    } else if (!normed && !has.skip && !has.masked && !has.sums) {
        finish_backward_strip(d, args, SOURCE_RAW, (struct surroundings){0}, image, strip, place);
    } else if (normed) {
        finish_backward_strip(d, args, SOURCE_NORMED, has, image, strip, place);
    } else {
        finish_backward_strip(d, args, SOURCE_RAW, has, image, strip, place);
    }
}

CB_INLINE void load_backward_strip(const struct domain *d, const struct cb_conv_bwd *args, size_t image, size_t strip,
                                   size_t place)
{
    if (args->dy.a)
        load_dy_rows(d, &args->dy, true, image, strip);
    else
        load_dy_rows(d, &args->dy, false, image, strip);
    transform_strip(d, strip, place);
    if (args->source.scale)
        transform_value_strip(d, &args->source, SOURCE_NORMED, image, strip, place);
    else
        transform_value_strip(d, &args->source, SOURCE_RAW, image, strip, place);
}

/* c, k: of the convolution; the products sum over its K. */
CB_INLINE void backward(const struct cb_conv_bwd *args, size_t group, void *scratch, size_t c, size_t k)
{
    const struct domain d = domain_of(&args->shape, scratch, k, c);
    float *dw = args->dw_groups + group * cb_conv_weights(&args->shape);
    size_t n = args->shape.n, first, last;
    cb_group_range(n, group, &first, &last);
    if (first == last) {
        memset(dw, 0, cb_conv_weights(&args->shape) * sizeof *dw);
        return;
    }
    clear_halo(&d);
    size_t strip_pixels = 4 * d.w, size = n * d.h * d.w;
    /* A block reads and writes dU once. With 64 channels and operands as floats more tiles gained nothing. */
    size_t tiles = CB_WORD == 2 || c * k <= 32 * 32 ? cb_winograd_tiles(CB_WORD, c > k ? c : k) : 16;
    size_t block = block_strips(&d, tiles);
    for (size_t s = first * d.strips, end = last * d.strips, count; s < end; s += count) {
        bool start = s == first * d.strips;
        count = block < end - s ? block : end - s;
        for (size_t i = 0; i < count; i++) load_backward_strip(&d, args, (s + i) / d.strips, (s + i) % d.strips, i);

        struct ahead ahead = {0};
        size_t here = s * strip_pixels, pixels = count * strip_pixels;
        size_t next = (here + pixels) * k + (count % d.strips ? d.w * CB_LANES : 0);
        ahead_range(&ahead, args->source.x, (here + pixels) * c, pixels * c, size * c);
        ahead_range(&ahead, args->dy.g, next, pixels * k, size * k);
        if (args->dy.a) ahead_range(&ahead, args->dy.y, next, pixels * k, size * k);
        ahead_range(&ahead, args->skip, here * c, pixels * c, size * c);
        if (args->bn_y != args->source.x) ahead_range(&ahead, args->bn_y, here * c, pixels * c, size * c);
        ahead_spread(&ahead, 2 * iterations(c, k, count * d.tiles));
        unsigned mode = begin_products();
        for (size_t t = 0; t < POSITIONS; t++) {
            const float *v = d.to.v + t * d.position, *x = d.to.x + t * d.position;
            if (start)
                add_weights(x, c, (const operand *)v, k, d.to.du + t * c * k, true, count * d.tiles / CB_U_WORD,
                            &ahead);
            else
                add_weights(x, c, (const operand *)v, k, d.to.du + t * c * k, false, count * d.tiles / CB_U_WORD,
                            &ahead);
            multiply(v, k / CB_U_WORD, c, args->workspace + t * (k / CB_U_WORD) * c, d.to.m + t * d.position,
                     count * d.tiles, &ahead);
        }
        end_products(mode);
        for (size_t i = 0; i < count; i++) finish_backward(&d, args, (s + i) / d.strips, (s + i) % d.strips, i);
    }
    for (size_t b = 0; b < k / CB_LANES * (c / CB_LANES); b++)
        weights_gradient_block(d.to.du + b * CB_LANES * CB_LANES, c * k, dw + b * 9 * CB_LANES * CB_LANES);
    v_stream_end();
}

/* The pass in copies for the network's channels, each a function of its own: in one, gcc takes half as long again. Where
 * words are multiplied half by half there is but one: copies (in one function) made the passes 6 % faster and took a
 * minute to compile. So there is for the sanitizers, to which all copies are the same text. */
#if defined(CB_SANITIZED)
enum { COPIES = 0 };
#else
enum { COPIES = HALVES == 1 };
#endif
#define COPY(name, pass, arguments, c, k)                                                                              \
    static __attribute__((noinline)) void name(const struct arguments *args, size_t part, void *scratch)               \
    {                                                                                                                  \
        pass(args, part, scratch, c, k);                                                                               \
    }
#define IN_COPIES(name, pass, arguments)                                                                               \
    COPY(pass##_any, pass, arguments, args->shape.c, args->shape.k)                                                    \
    COPY(pass##_16, pass, arguments, 16, 16)                                                                           \
    COPY(pass##_32, pass, arguments, 32, 32)                                                                           \
    COPY(pass##_64, pass, arguments, 64, 64)                                                                           \
    void name(const struct arguments *args, size_t part, void *scratch)                                                \
    {                                                                                                                  \
        size_t c = args->shape.c, k = args->shape.k;                                                                   \
        if (COPIES && c == 16 && k == 16)                                                                              \
            pass##_16(args, part, scratch);                                                                            \
        else if (COPIES && c == 32 && k == 32)                                                                         \
            pass##_32(args, part, scratch);                                                                            \
        else if (COPIES && c == 64 && k == 64)                                                                         \
            pass##_64(args, part, scratch);                                                                            \
        else                                                                                                           \
            pass##_any(args, part, scratch);                                                                           \
    }

/* The passes of each pair of formats that a numerics version uses. Weights have no storage format. */
#ifndef CB_STORAGE_BF16
void CB_PRODUCTS_VARIANT(weights)(const struct cb_winograd_weights *args, size_t kb, size_t cb)
{
    size_t blocks = args->c / CB_LANES;
    weights_block(args->w + (kb * blocks + cb) * 9 * CB_LANES * CB_LANES,
                  args->u + (kb * blocks + cb) * CB_LANES * CB_LANES / CB_U_WORD, args->c * args->k / CB_U_WORD);
}
#endif

#if defined(CB_STORAGE_BF16) || !defined(CB_PRODUCTS_BF16)
IN_COPIES(CB_PRODUCTS_VARIANT(fwd), forward, cb_conv_fwd)
#endif

#if defined(CB_PRODUCTS_BF16) || !defined(CB_STORAGE_BF16)
IN_COPIES(CB_PRODUCTS_VARIANT(bwd), backward, cb_conv_bwd)
#endif
