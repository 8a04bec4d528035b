/* Loaders: one image of the source, or of dY, into the thread's padded scratch; batch norm, ReLU and residual are
 * applied on the way. Needs vec_<isa>.h. */

CB_INLINE void store_zeros(float *to, size_t pixels)
{
    for (size_t i = 0; i < pixels * CB_LANES; i += VL) v_store(to + i, v_zero());
}

/* step (const): 1, or 2 to read even rows and columns alone. */
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
        for (size_t col = 0; col < w; col += step, at += step * CB_LANES, to += CB_LANES) {
            CB_UNROLL
            for (int part = 0; part < CB_PARTS; part++) v_store(to + part * VL, source_value(&from, kind, at, part));
        }
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
    switch (source_kind(s)) {
    case SOURCE_RAW:
        load_source_kind(shape, s, SOURCE_RAW, image, step, to);
        break;
    case SOURCE_NORMED:
        load_source_kind(shape, s, SOURCE_NORMED, image, step, to);
        break;
    case SOURCE_PLUS_RESIDUAL:
        load_source_kind(shape, s, SOURCE_PLUS_RESIDUAL, image, step, to);
        break;
    case SOURCE_PLUS_NORMED_RESIDUAL:
        load_source_kind(shape, s, SOURCE_PLUS_NORMED_RESIDUAL, image, step, to);
        break;
    }
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

CB_INLINE void load_dy_block(const struct cb_grad_source *s, bool normalised, size_t channel, size_t at, size_t h,
                             size_t w, float *to)
{
    const stored *g = s->g, *y = s->y;
    vf a[CB_PARTS], b[CB_PARTS], c[CB_PARTS];
    CB_UNROLL
    for (size_t part = 0; part < CB_PARTS; part++)
        if (normalised) {
            size_t k = channel + part * VL;
            a[part] = v_load(s->a + k), b[part] = v_load(s->b + k), c[part] = v_load(s->c + k);
        }
    store_zeros(to, w + 2);
    to += (w + 2) * CB_LANES;
    for (size_t row = 0; row < h; row++) {
        store_zeros(to, 1);
        to += CB_LANES;
        for (size_t col = 0; col < w; col++, at += CB_LANES, to += CB_LANES) {
            CB_UNROLL
            for (size_t part = 0; part < CB_PARTS; part++) {
                vf v = v_load_stored(g + at + part * VL);
                if (normalised) v = v_fma(a[part], v, v_fma(b[part], v_load_stored(y + at + part * VL), c[part]));
                v_store(to + part * VL, v);
            }
        }
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
    stored *to;
    size_t row, halo;     /* elements */
    size_t h, done, left; /* rows of a block, done of this block, left of the image */
    size_t per_step;
};

CB_INLINE struct z_writer z_begin(const struct cb_conv_shape *shape, stored *z, size_t image, struct cb_padded src,
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
        for (size_t i = 0; i < z->row; i += VL) v_stream_stored(z->to + i, v_load(z->from + i));
        z->to += z->row;
        z->from += z->row + z->halo;
        if (++z->done < z->h) continue;
        z->done = 0;
        z->from += 2 * (z->row + z->halo);
    }
}
