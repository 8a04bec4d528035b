/* A struct cb_source in the vec/ vocabulary. Needs vec/stored_*.h. The kind is a constant at every call,
 * so that the tests for it cost nothing. */

enum source_kind { SOURCE_RAW, SOURCE_NORMED, SOURCE_PLUS_RESIDUAL, SOURCE_PLUS_NORMED_RESIDUAL };

CB_INLINE enum source_kind source_kind(const struct cb_source *s)
{
    if (!s->scale) return SOURCE_RAW;
    if (!s->residual) return SOURCE_NORMED;
    return s->residual_scale ? SOURCE_PLUS_NORMED_RESIDUAL : SOURCE_PLUS_RESIDUAL;
}

/* A source with the coefficients of one block of channels at hand. */
struct source_block {
    const stored *x, *residual;
    vf scale[CB_PARTS], shift[CB_PARTS], residual_scale[CB_PARTS], residual_shift[CB_PARTS];
};

CB_INLINE void source_begin(struct source_block *b, const struct cb_source *s, enum source_kind kind, size_t block)
{
    b->x = s->x;
    b->residual = s->residual;
    CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
    {
        size_t channel = block * CB_LANES + (size_t)p * VL;
        if (kind >= SOURCE_NORMED) {
            b->scale[p] = v_load(s->scale + channel);
            b->shift[p] = v_load(s->shift + channel);
        }
        if (kind == SOURCE_PLUS_NORMED_RESIDUAL) {
            b->residual_scale[p] = v_load(s->residual_scale + channel);
            b->residual_shift[p] = v_load(s->residual_shift + channel);
        }
    }
}

/* Part p of the pixel whose first element is `at`. */
CB_INLINE vf source_value(const struct source_block *b, enum source_kind kind, size_t at, int p)
{
    vf value = v_load_stored(b->x + at + p * VL);
    if (kind == SOURCE_RAW) return value;
    value = v_fma(value, b->scale[p], b->shift[p]);
    if (kind == SOURCE_NORMED) return v_relu(value);
    vf r = v_load_stored(b->residual + at + p * VL);
    if (kind == SOURCE_PLUS_NORMED_RESIDUAL) r = v_fma(r, b->residual_scale[p], b->residual_shift[p]);
    return v_relu(v_add(value, r));
}

/* [2][16]: the two sums of a block of channels. */
CB_INLINE void store_sums(float *sums, const vf *first, const vf *second)
{
    CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
    {
        v_store(sums + p * VL, first[p]);
        v_store(sums + CB_LANES + p * VL, second[p]);
    }
}
