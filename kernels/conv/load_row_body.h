/* What the loaders of direct and Winograd passes share: a row of the source or of dY into a padded image, with batch
 * norm, ReLU and residual applied. */

/* A row of w pixels of a source, every step-th, `pixels` at a time (all const), to `to`, and with z (const) also there.
 * Both move on. */
CB_INLINE void load_source_row(const struct source_block *from, enum source_kind kind, size_t *at, size_t w,
                               size_t step, size_t pixels, float **to, bool with_z, void *z)
{
    for (size_t col = 0; col < w; col += pixels * step, *at += pixels * step * CB_LANES, *to += pixels * CB_LANES) {
        CB_UNROLL
        for (int part = 0; part < CB_PARTS; part++) {
            vf value[2];
            CB_UNROLL
            for (size_t i = 0; i < pixels; i++) {
                value[i] = source_value(from, kind, *at + i * CB_LANES, part);
                v_store(*to + i * CB_LANES + part * VL, value[i]);
            }
            if (with_z) v_stream_storage_pixels((storage *)z + *at + part * VL, value);
        }
    }
}

CB_INLINE void load_dy_row(const struct grad_block *from, bool normed, size_t *at, size_t w, float **to)
{
    for (size_t col = 0; col < w; col++, *at += CB_LANES, *to += CB_LANES) {
        CB_UNROLL
        for (size_t part = 0; part < CB_PARTS; part++) v_store(*to + part * VL, grad_value(from, normed, *at, part));
    }
}
