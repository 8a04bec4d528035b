/* Loaders of the direct passes: an image of the source or of dY into the thread's padded scratch, halo included. */
#include "conv/load_row_body.h"

CB_INLINE void store_zeros(float *to, size_t pixels)
{
    for (size_t i = 0; i < pixels * CB_LANES; i += VL) v_store(to + i, v_zero());
}

/* step (const): 1, or 2 to read even rows and columns only. */
CB_INLINE void load_source_block(const struct cb_source *s, enum source_kind kind, size_t block, size_t at, size_t h,
                                 size_t w, size_t step, float *to)
{
    struct source_block from;
    source_begin(&from, s, kind, block);
    store_zeros(to, w / step + 2);
    to += (w / step + 2) * CB_LANES;
    for (size_t row = 0; row < h; row += step, at += (step - 1) * w * CB_LANES) {
        store_zeros(to, 1);
        to += CB_LANES;
        load_source_row(&from, kind, &at, w, step, 1, &to, false, NULL);
        store_zeros(to, 1);
        to += CB_LANES;
    }
    store_zeros(to, w / step + 2);
}

CB_INLINE void load_source_kind(const struct cb_conv_shape *shape, const struct cb_source *s, enum source_kind kind,
                                size_t image, size_t step, struct cb_padded to)
{
    size_t blocks = shape->c / CB_LANES, map = shape->h * shape->w * CB_LANES;
    for (size_t b = 0; b < blocks; b++)
        load_source_block(s, kind, b, (image * blocks + b) * map, shape->h, shape->w, step, to.data + b * to.plane);
}

CB_INLINE void load_source(const struct cb_conv_shape *shape, const struct cb_source *s, size_t image, size_t step,
                           struct cb_padded to)
{
    WITH_SOURCE_KIND(s, kind, load_source_kind(shape, s, kind, image, step, to))
}

/* The stem's image: three padded planes. */
static void load_planar(const struct cb_conv_shape *shape, const float *x, size_t image, struct cb_padded to)
{
    memset(to.data, 0, shape->c * to.plane * sizeof(float));
    const float *from = x + image * shape->c * shape->h * shape->w;
    for (size_t c = 0; c < shape->c; c++)
        for (size_t h = 0; h < shape->h; h++, from += shape->w)
            memcpy(to.data + c * to.plane + (h + 1) * to.row + 1, from, shape->w * sizeof(float));
}

CB_INLINE void load_dy_block(const struct cb_grad_source *s, bool normed, size_t channel, size_t at, size_t h, size_t w,
                             float *to)
{
    struct grad_block from;
    grad_begin(&from, s, normed, channel);
    store_zeros(to, w + 2);
    to += (w + 2) * CB_LANES;
    for (size_t row = 0; row < h; row++) {
        store_zeros(to, 1);
        to += CB_LANES;
        load_dy_row(&from, normed, &at, w, &to);
        store_zeros(to, 1);
        to += CB_LANES;
    }
    store_zeros(to, w + 2);
}

static void load_dy(const struct cb_conv_shape *shape, const struct cb_grad_source *s, size_t image,
                    struct cb_padded to)
{
    size_t blocks = shape->k / CB_LANES, h = cb_conv_out_h(shape), w = cb_conv_out_w(shape);
    for (size_t b = 0; b < blocks; b++) {
        size_t at = (image * blocks + b) * h * w * CB_LANES;
        if (s->a)
            load_dy_block(s, true, b * CB_LANES, at, h, w, to.data + b * to.plane);
        else
            load_dy_block(s, false, b * CB_LANES, at, h, w, to.data + b * to.plane);
    }
}

/* Writes z row by row from the padded source while the image is computed: all at once would wait for memory. */
struct z_writer {
    const float *from;
    storage *to;
    size_t row, halo;     /* elements */
    size_t h, done, left; /* rows of a block, done of this block, left of the image */
    size_t per_step;
};

CB_INLINE struct z_writer z_begin(const struct cb_conv_shape *shape, storage *z, size_t image, struct cb_padded src,
                                  size_t steps)
{
    if (!z) return (struct z_writer){0};
    size_t rows = shape->c / CB_LANES * shape->h, row = shape->w * CB_LANES;
    return (struct z_writer){.from = src.data + src.row + CB_LANES,
                             .to = z + image * rows * row,
                             .row = row,
                             .halo = 2 * CB_LANES,
                             .h = shape->h,
                             .left = rows,
                             .per_step = (rows + steps - 1) / steps};
}

CB_INLINE void z_step(struct z_writer *z)
{
    for (size_t n = z->per_step; n > 0 && z->left > 0; n--, z->left--) {
        for (size_t i = 0; i < z->row; i += VL) v_stream_storage(z->to + i, v_load(z->from + i));
        z->to += z->row;
        z->from += z->row + z->halo;
        if (++z->done < z->h) continue;
        z->done = 0;
        z->from += 2 * (z->row + z->halo);
    }
}
