/* The Winograd operations of conv.inc (winograd.h). A tile row is a row of tiles; a block is as many tile rows, in the
 * order of a task's images, as the caches like: load and transform them, multiply at every position, transform back. */
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

#include "conv/prefetch_body.h"
#include "conv/load_row_body.h"
#include "conv/winograd_transform_body.h"
#include "conv/winograd_gemm_body.h"

/* What the phases share. The products sum over c channels and give k: C and K, in the backward pass K and C. Both are
 * const in a specialisation. */
struct domain {
    const struct cb_conv_shape *shape;
    struct cb_winograd_scratch to;
    size_t c, k;
    size_t h, w;       /* the map */
    size_t tiles;      /* of a tile row */
    size_t tile_rows;  /* of an image */
    size_t row, plane; /* floats of the padded map */
    size_t position;   /* elements from one position of the transform domain to the next */
};

CB_INLINE struct domain domain_of(const struct cb_conv_shape *shape, void *scratch, size_t c, size_t k)
{
    struct domain d = {.shape = shape,
                       .to = cb_winograd_scratch(shape, CB_PACK, scratch),
                       .c = c,
                       .k = k,
                       .h = shape->h,
                       .w = shape->w};
    d.tiles = d.w / 4;
    d.tile_rows = d.h / 4;
    d.row = (d.w + 2) * CB_LANES;
    d.plane = (d.h + 2) * d.row;
    d.position = cb_winograd_position(CB_PACK, c > k ? c : k); /* to.position, but const */
    return d;
}

/* Tile rows of a block of about this many tiles: more of them read U less often and need more of L2. */
CB_INLINE size_t block_tile_rows(const struct domain *d, size_t tiles)
{
    return tiles > d->tiles ? tiles / d->tiles : 1;
}

/* The halo of the padded map, which loading leaves alone. */
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

/* The rows of the map that a tile row needs and those before it do not. */
CB_INLINE void tile_row_pixels(const struct domain *d, size_t tile_row, size_t *first, size_t *end)
{
    *first = tile_row ? 4 * tile_row + 1 : 0;
    *end = tile_row + 1 < d->tile_rows ? 4 * tile_row + 5 : d->h;
}

CB_INLINE void load_source_rows(const struct domain *d, const struct cb_source *s, enum source_kind kind, bool with_z,
                                size_t image, size_t tile_row)
{
    size_t first, end;
    tile_row_pixels(d, tile_row, &first, &end);
    for (size_t b = 0; b < d->c / CB_LANES; b++) {
        struct source_block from;
        source_begin(&from, s, kind, b);
        size_t at = ((image * (d->c / CB_LANES) + b) * d->h + first) * d->w * CB_LANES;
        float *to = d->to.padded + b * d->plane + (first + 1) * d->row + CB_LANES;
        for (size_t row = first; row < end; row++, to += d->row - d->w * CB_LANES)
            load_source_row(&from, kind, &at, d->w, 1, 2, &to, with_z, s->z);
    }
}

CB_INLINE void load_source_tile_row(const struct domain *d, const struct cb_source *s, size_t image, size_t tile_row)
{
    if (s->z)
        WITH_SOURCE_KIND(s, kind, load_source_rows(d, s, kind, true, image, tile_row))
    else
        WITH_SOURCE_KIND(s, kind, load_source_rows(d, s, kind, false, image, tile_row))
}

CB_INLINE void load_dy_rows(const struct domain *d, const struct cb_grad_source *s, bool normed, size_t image,
                            size_t tile_row)
{
    size_t first, end;
    tile_row_pixels(d, tile_row, &first, &end);
    for (size_t b = 0; b < d->c / CB_LANES; b++) {
        struct grad_block from;
        grad_begin(&from, s, normed, b * CB_LANES);
        size_t at = ((image * (d->c / CB_LANES) + b) * d->h + first) * d->w * CB_LANES;
        float *to = d->to.padded + b * d->plane + (first + 1) * d->row + CB_LANES;
        for (size_t row = first; row < end; row++, to += d->row - d->w * CB_LANES)
            load_dy_row(&from, normed, &at, d->w, &to);
    }
}

/* V of a tile row of the loaded image, which becomes row `block_row` of the block. */
CB_INLINE void transform_tile_row(const struct domain *d, size_t tile_row, size_t block_row)
{
    for (size_t b = 0; b < d->c / CB_LANES; b++)
        input_tile_row(d->to.padded + b * d->plane + tile_row * 4 * d->row, d->row, d->tiles,
                       (operand *)d->to.v + block_row * d->tiles * d->c + b * CB_LANES, d->c, d->position * CB_PACK);
}

/* y and its sums, from row `block_row` of the block. */
CB_INLINE void forward_epilogue(const struct domain *d, const struct cb_conv_fwd *args, size_t image, size_t tile_row,
                                size_t block_row)
{
    for (size_t b = 0; b < d->k / CB_LANES; b++) {
        storage *y = (storage *)args->y + (((image * (d->k / CB_LANES) + b) * d->h) + tile_row * 4) * d->w * CB_LANES;
        float *stats = args->stats ? args->stats + (image * (d->k / CB_LANES) + b) * 2 * CB_LANES : NULL;
        vf sum[CB_PARTS], sum2[CB_PARTS];
        CB_UNROLL
        for (size_t p = 0; p < CB_PARTS; p++) {
            sum[p] = stats && tile_row ? v_load(stats + p * VL) : v_zero();
            sum2[p] = stats && tile_row ? v_load(stats + CB_LANES + p * VL) : v_zero();
        }
        const float *m = d->to.m + block_row * d->tiles * d->k + b * CB_LANES;
        for (size_t t = 0; t < d->tiles; t++, m += d->k, y += 4 * CB_LANES) {
            vf partial[CB_PARTS][4][6];
            CB_UNROLL
            for (size_t p = 0; p < CB_PARTS; p++) {
                output_columns(m + p * VL, d->position, partial[p]);
                if (CB_PARTS > 1) CB_FORCE_MEMORY(partial[p]);
            }
            CB_UNROLL
            for (size_t i = 0; i < 4; i++) {
                CB_UNROLL
                for (size_t p = 0; p < CB_PARTS; p++) {
                    vf o[4];
                    output_1d(partial[p][i], o);
                    CB_UNROLL
                    for (size_t j = 0; j < 4; j += 2) {
                        v_stream_storage_pixels(y + (i * d->w + j) * CB_LANES + p * VL, &o[j]);
                        v_round_storage_pixels(&o[j]);
                    }
                    sum[p] = v_add(sum[p], v_add(v_add(o[0], o[1]), v_add(o[2], o[3])));
                    vf q = v_fma(o[1], o[1], v_mul(o[0], o[0]));
                    sum2[p] = v_add(sum2[p], v_fma(o[3], o[3], v_fma(o[2], o[2], q)));
                    CB_FORCE_REGISTER(sum[p]);
                    CB_FORCE_REGISTER(sum2[p]);
                }
            }
        }
        if (stats) store_sums(stats, sum, sum2);
    }
}

/* Not every pair of formats has both passes. */
__attribute__((unused)) CB_INLINE void winograd_forward(const struct cb_conv_fwd *args, size_t task, void *scratch,
                                                        size_t c, size_t k)
{
    const struct domain d = domain_of(&args->shape, scratch, c, k);
    clear_halo(&d);
    size_t n = args->shape.n, first = task * CB_WINOGRAD_TASK_IMAGES;
    size_t images = n - first < CB_WINOGRAD_TASK_IMAGES ? n - first : CB_WINOGRAD_TASK_IMAGES;
    size_t tile_row_floats = 4 * d.w * c, size = n * c * d.h * d.w, block = block_tile_rows(&d, 16);
    for (size_t s = first * d.tile_rows, end = s + images * d.tile_rows, count; s < end; s += count) {
        count = block < end - s ? block : end - s;
        for (size_t i = 0; i < count; i++) {
            load_source_tile_row(&d, &args->source, (s + i) / d.tile_rows, (s + i) % d.tile_rows);
            transform_tile_row(&d, (s + i) % d.tile_rows, i);
        }
        struct prefetcher prefetcher = {0};
        size_t next = (s + count) * tile_row_floats + (count % d.tile_rows ? d.w * CB_LANES : 0);
        prefetch_range(&prefetcher, args->source.x, next, count * tile_row_floats, size);
        prefetch_range(&prefetcher, args->source.residual, next, count * tile_row_floats, size);
        prefetch_spread(&prefetcher, winograd_steps(c, k, count * d.tiles));
        unsigned mode = products_begin();
        for (size_t t = 0; t < POSITIONS; t++)
            winograd_multiply(d.to.v + t * d.position, c / CB_U_PACK, k, args->workspace + t * (c / CB_U_PACK) * k,
                              d.to.m + t * d.position, count * d.tiles, &prefetcher);
        products_end(mode);
        for (size_t i = 0; i < count; i++) forward_epilogue(&d, args, (s + i) / d.tile_rows, (s + i) % d.tile_rows, i);
    }
    v_stream_end();
}

/* Rows 0 and 5 of A x A^T: rows 0 and 3 of x, times A^T. */
CB_INLINE void src_tile_outer_rows(const struct source_block *from, enum source_kind kind, size_t at, size_t row, int p,
                                   float *to, size_t position)
{
    CB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        vf x[CB_PACK][4];
        CB_UNROLL
        for (size_t j = 0; j < 4 * CB_PACK; j++)
            x[j / 4][j % 4] = source_value(from, kind, at + 3 * i * row + j * CB_LANES, p);
        src_transform_row(x, to + i * 5 * 6 * position, position);
    }
}

/* The x transform of CB_PACK tiles, the first one's corner at `at`; row: elements of a map row. Two tiles exceed the
 * registers: the outer rows are read again, and two inner ones wait in memory. */
CB_INLINE void transform_src_tiles(const struct source_block *from, enum source_kind kind, size_t at, size_t row, int p,
                                   float *to, size_t position)
{
    if (CB_PACK == 2) src_tile_outer_rows(from, kind, at, row, p, to, position);
    vf near[2][CB_PACK][4], far[2][CB_PACK][4];
    CB_UNROLL
    for (size_t j = 0; j < 4 * CB_PACK; j++) {
        vf x[4];
        CB_UNROLL
        for (size_t i = 0; i < 4; i++) x[i] = source_value(from, kind, at + i * row + j * CB_LANES, p);
        src_transform_pair(x, POINTS.a, POINTS.a2, &near[0][j / 4][j % 4], &near[1][j / 4][j % 4]);
        src_transform_pair(x, POINTS.b, POINTS.b2, &far[0][j / 4][j % 4], &far[1][j / 4][j % 4]);
    }
    if (CB_PACK == 2) CB_FORCE_MEMORY(far);
    if (CB_PACK == 1) src_tile_outer_rows(from, kind, at, row, p, to, position);
    CB_UNROLL
    for (size_t i = 0; i < 2; i++) src_transform_row(near[i], to + (1 + i) * 6 * position, position);
    CB_UNROLL
    for (size_t i = 0; i < 2; i++) src_transform_row(far[i], to + (3 + i) * 6 * position, position);
}

/* The x transform of a tile row of the source, read from memory, as its tiles do not overlap. */
CB_INLINE void transform_src_tile_row(const struct domain *d, const struct cb_source *source, enum source_kind kind,
                                      size_t image, size_t tile_row, size_t block_row)
{
    size_t channels = d->k;
    for (size_t b = 0; b < channels / CB_LANES; b++) {
        struct source_block from;
        source_begin(&from, source, kind, b);
        size_t at = ((image * (channels / CB_LANES) + b) * d->h + tile_row * 4) * d->w * CB_LANES;
        float *to = d->to.x + block_row * d->tiles / CB_PACK * channels + b * CB_LANES;
        for (size_t t = 0; t < d->tiles; t += CB_PACK, at += CB_PACK * 4 * CB_LANES, to += channels) {
            CB_UNROLL
            for (int p = 0; p < CB_PARTS; p++)
                transform_src_tiles(&from, kind, at, d->w * CB_LANES, p, to + p * VL, d->position);
        }
    }
}

/* The epilogue of dX. The combinations that a network uses are specialised: branches at every pixel are slow. */
struct epilogue_flags {
    bool skip, in_place; /* in_place: dX is written over skip */
    bool masked, sums;
    bool bn_y_is_x; /* bn_y is what the source reads */
};

CB_INLINE struct epilogue_flags epilogue_flags_of(const struct cb_conv_bwd *args)
{
    return (struct epilogue_flags){.skip = args->skip,
                                   .in_place = args->skip && args->skip == args->dx,
                                   .masked = args->masked,
                                   .sums = args->sums,
                                   .bn_y_is_x = args->bn_y == args->source.x};
}

/* dX of a tile row: transformed back, with its epilogue. kind: of the source, read again for the mask. */
CB_INLINE void backward_epilogue_with(const struct domain *d, const struct cb_conv_bwd *args, enum source_kind kind,
                                      struct epilogue_flags has, size_t image, size_t tile_row, size_t block_row)
{
    const storage *skip = args->skip, *bn_y = args->bn_y;
    storage *dx = args->dx;
    for (size_t b = 0; b < d->k / CB_LANES; b++) {
        struct source_block source;
        source_begin(&source, &args->source, kind, b);
        size_t first = (((image * (d->k / CB_LANES) + b) * d->h) + tile_row * 4) * d->w * CB_LANES;
        float *sums = has.sums ? args->sums + (image * (d->k / CB_LANES) + b) * 2 * CB_LANES : NULL;
        vf sum[CB_PARTS], sum2[CB_PARTS], mean[CB_PARTS];
        CB_UNROLL
        for (size_t p = 0; p < CB_PARTS; p++) {
            sum[p] = has.sums && tile_row ? v_load(sums + p * VL) : v_zero();
            sum2[p] = has.sums && tile_row ? v_load(sums + CB_LANES + p * VL) : v_zero();
            mean[p] = has.sums ? v_load(args->bn_mean + b * CB_LANES + p * VL) : v_zero();
        }
        const float *m = d->to.m + block_row * d->tiles * d->k + b * CB_LANES;
        for (size_t t = 0; t < d->tiles; t++, m += d->k, first += 4 * CB_LANES) {
            vf partial[CB_PARTS][4][6];
            CB_UNROLL
            for (size_t p = 0; p < CB_PARTS; p++) {
                output_columns(m + p * VL, d->position, partial[p]);
                if (CB_PARTS > 1) CB_FORCE_MEMORY(partial[p]);
            }
            CB_UNROLL
            for (size_t i = 0; i < 4; i++) {
                CB_UNROLL
                for (size_t p = 0; p < CB_PARTS; p++) {
                    size_t at = first + i * d->w * CB_LANES + p * VL;
                    vf o[4], q = v_zero();
                    output_1d(partial[p][i], o);
                    CB_UNROLL
                    for (size_t j = 0; j < 4; j += 2, at += 2 * CB_LANES) {
                        vf x[2];
                        CB_UNROLL
                        for (size_t n = 0; n < 2; n++) {
                            x[n] = v_load_storage(source.x + at + n * CB_LANES);
                            vf value = kind == SOURCE_RAW ? x[n] /* before ReLU */
                                                          : v_fma(x[n], source.scale[p], source.shift[p]);
                            if (has.skip) o[j + n] = v_add(o[j + n], v_load_storage(skip + at + n * CB_LANES));
                            if (has.masked) o[j + n] = v_where_positive(value, o[j + n]);
                        }
                        if (has.in_place) /* in the cache: skip was just read there */
                            v_store_storage_pixels(dx + at, o + j);
                        else
                            v_stream_storage_pixels(dx + at, o + j);
                        v_round_storage_pixels(o + j);
                        if (!has.sums) continue;
                        CB_UNROLL
                        for (size_t n = 0; n < 2; n++) {
                            vf y = has.bn_y_is_x ? x[n] : v_load_storage(bn_y + at + n * CB_LANES);
                            vf e = v_sub(y, mean[p]);
                            q = j + n ? v_fma(o[j + n], e, q) : v_mul(o[j + n], e);
                        }
                    }
                    if (!has.sums) continue;
                    sum[p] = v_add(sum[p], v_add(v_add(o[0], o[1]), v_add(o[2], o[3])));
                    sum2[p] = v_add(sum2[p], q);
                    CB_FORCE_REGISTER(sum[p]);
                    CB_FORCE_REGISTER(sum2[p]);
                }
            }
        }
        if (has.sums) store_sums(sums, sum, sum2);
    }
}

/* Specialised for a residual block's second convolution, its first, and a convolution alone. */
CB_INLINE void backward_epilogue(const struct domain *d, const struct cb_conv_bwd *args, size_t image, size_t tile_row,
                                 size_t block_row)
{
    const struct epilogue_flags has = epilogue_flags_of(args);
    bool normed = args->source.scale;
    if (normed && !has.skip && has.masked && has.sums && has.bn_y_is_x) {
        const struct epilogue_flags second = {.masked = true, .sums = true, .bn_y_is_x = true};
        backward_epilogue_with(d, args, SOURCE_NORMED, second, image, tile_row, block_row);
    } else if (!normed && has.in_place && has.masked && has.sums && !has.bn_y_is_x) {
        const struct epilogue_flags first = {.skip = true, .in_place = true, .masked = true, .sums = true};
        backward_epilogue_with(d, args, SOURCE_RAW, first, image, tile_row, block_row);
    } else if (!normed && !has.skip && !has.masked && !has.sums) {
        backward_epilogue_with(d, args, SOURCE_RAW, (struct epilogue_flags){0}, image, tile_row, block_row);
    } else if (normed) {
        backward_epilogue_with(d, args, SOURCE_NORMED, has, image, tile_row, block_row);
    } else {
        backward_epilogue_with(d, args, SOURCE_RAW, has, image, tile_row, block_row);
    }
}

CB_INLINE void load_backward_tile_row(const struct domain *d, const struct cb_conv_bwd *args, size_t image,
                                      size_t tile_row, size_t block_row)
{
    if (args->dy.a)
        load_dy_rows(d, &args->dy, true, image, tile_row);
    else
        load_dy_rows(d, &args->dy, false, image, tile_row);
    transform_tile_row(d, tile_row, block_row);
    if (args->source.scale)
        transform_src_tile_row(d, &args->source, SOURCE_NORMED, image, tile_row, block_row);
    else
        transform_src_tile_row(d, &args->source, SOURCE_RAW, image, tile_row, block_row);
}

/* c, k: of the convolution; the products sum over its K. */
__attribute__((unused)) CB_INLINE void winograd_backward(const struct cb_conv_bwd *args, size_t group, void *scratch,
                                                         size_t c, size_t k)
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
    size_t pixels_of_tile_row = 4 * d.w, size = n * d.h * d.w;
    /* A block reads and writes dU once; where U is large, more tiles would not fit beside it. */
    size_t tiles = CB_PACK == 2 || c * k <= 32 * 32 ? cb_winograd_tiles(CB_PACK, c > k ? c : k) : 16;
    size_t block = block_tile_rows(&d, tiles);
    for (size_t s = first * d.tile_rows, end = last * d.tile_rows, count; s < end; s += count) {
        bool start = s == first * d.tile_rows;
        count = block < end - s ? block : end - s;
        for (size_t i = 0; i < count; i++)
            load_backward_tile_row(&d, args, (s + i) / d.tile_rows, (s + i) % d.tile_rows, i);

        struct prefetcher prefetcher = {0};
        size_t here = s * pixels_of_tile_row, pixels = count * pixels_of_tile_row;
        size_t next = (here + pixels) * k + (count % d.tile_rows ? d.w * CB_LANES : 0);
        prefetch_range(&prefetcher, args->source.x, (here + pixels) * c, pixels * c, size * c);
        prefetch_range(&prefetcher, args->dy.g, next, pixels * k, size * k);
        if (args->dy.a) prefetch_range(&prefetcher, args->dy.y, next, pixels * k, size * k);
        prefetch_range(&prefetcher, args->skip, here * c, pixels * c, size * c);
        if (args->bn_y != args->source.x) prefetch_range(&prefetcher, args->bn_y, here * c, pixels * c, size * c);
        prefetch_spread(&prefetcher, 2 * winograd_steps(c, k, count * d.tiles));
        unsigned mode = products_begin();
        for (size_t t = 0; t < POSITIONS; t++) {
            const float *v = d.to.v + t * d.position, *x = d.to.x + t * d.position;
            if (start)
                winograd_dw(x, c, (const operand *)v, k, d.to.du + t * c * k, true, count * d.tiles / CB_U_PACK,
                            &prefetcher);
            else
                winograd_dw(x, c, (const operand *)v, k, d.to.du + t * c * k, false, count * d.tiles / CB_U_PACK,
                            &prefetcher);
            winograd_multiply(v, k / CB_U_PACK, c, args->workspace + t * (k / CB_U_PACK) * c, d.to.m + t * d.position,
                              count * d.tiles, &prefetcher);
        }
        products_end(mode);
        for (size_t i = 0; i < count; i++) backward_epilogue(&d, args, (s + i) / d.tile_rows, (s + i) % d.tile_rows, i);
    }
    for (size_t b = 0; b < k / CB_LANES * (c / CB_LANES); b++)
        weights_gradient_block(d.to.du + b * CB_LANES * CB_LANES, c * k, dw + b * 9 * CB_LANES * CB_LANES);
    v_stream_end();
}

/* Specialised for C = K = 16, 32, 64; one generic instance for emulated bf16 and for the sanitizers (compile time). */
#if defined(CB_SANITIZED)
enum { SPECIALISED = 0 };
#else
enum { SPECIALISED = V_PER_U == 1 };
#endif
#define SPECIALISATION(name, pass, arguments, c, k)                                                                    \
    static __attribute__((noinline)) void name(const struct arguments *args, size_t part, void *scratch)               \
    {                                                                                                                  \
        pass(args, part, scratch, c, k);                                                                               \
    }
#define SPECIALISE(name, pass, arguments)                                                                              \
    SPECIALISATION(pass##_any, pass, arguments, args->shape.c, args->shape.k)                                          \
    SPECIALISATION(pass##_16, pass, arguments, 16, 16)                                                                 \
    SPECIALISATION(pass##_32, pass, arguments, 32, 32)                                                                 \
    SPECIALISATION(pass##_64, pass, arguments, 64, 64)                                                                 \
    void name(const struct arguments *args, size_t part, void *scratch)                                                \
    {                                                                                                                  \
        size_t c = args->shape.c, k = args->shape.k;                                                                   \
        if (SPECIALISED && c == 16 && k == 16)                                                                         \
            pass##_16(args, part, scratch);                                                                            \
        else if (SPECIALISED && c == 32 && k == 32)                                                                    \
            pass##_32(args, part, scratch);                                                                            \
        else if (SPECIALISED && c == 64 && k == 64)                                                                    \
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
                  args->u + (kb * blocks + cb) * CB_LANES * CB_LANES / CB_U_PACK, args->c * args->k / CB_U_PACK);
}
#endif

#if defined(CB_STORAGE_BF16) || !defined(CB_PRODUCTS_BF16)
SPECIALISE(CB_PRODUCTS_VARIANT(fwd), winograd_forward, cb_conv_fwd)
#endif

#if defined(CB_PRODUCTS_BF16) || !defined(CB_STORAGE_BF16)
SPECIALISE(CB_PRODUCTS_VARIANT(bwd), winograd_backward, cb_conv_bwd)
#endif
