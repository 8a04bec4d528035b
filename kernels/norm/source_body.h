/* struct cb_source and struct cb_grad_source in the vec/ vocabulary. kind and normed are constants at every call, so
 * that testing them costs nothing. */

#include <stdbool.h>

enum source_kind { SOURCE_RAW, SOURCE_NORMED, SOURCE_PLUS_RESIDUAL, SOURCE_PLUS_NORMED_RESIDUAL };

CB_INLINE enum source_kind source_kind(const struct cb_source *s)
{
    if (!s->scale) return SOURCE_RAW;
    if (!s->residual) return SOURCE_NORMED;
    return s->residual_scale ? SOURCE_PLUS_NORMED_RESIDUAL : SOURCE_PLUS_RESIDUAL;
}

/* Runs the statement with `kind` as a constant: the kind of the source. */
#define WITH_SOURCE_KIND(source, kind, statement)                                                                      \
    switch (source_kind(source)) {                                                                                     \
    case SOURCE_RAW: {                                                                                                 \
        const enum source_kind kind = SOURCE_RAW;                                                                      \
        statement;                                                                                                     \
    } break;                                                                                                           \
    case SOURCE_NORMED: {                                                                                              \
        const enum source_kind kind = SOURCE_NORMED;                                                                   \
        statement;                                                                                                     \
    } break;                                                                                                           \
    case SOURCE_PLUS_RESIDUAL: {                                                                                       \
        const enum source_kind kind = SOURCE_PLUS_RESIDUAL;                                                            \
        statement;                                                                                                     \
    } break;                                                                                                           \
    case SOURCE_PLUS_NORMED_RESIDUAL: {                                                                                \
        const enum source_kind kind = SOURCE_PLUS_NORMED_RESIDUAL;                                                     \
        statement;                                                                                                     \
    } break;                                                                                                           \
    }

/* A source with the coefficients of one channel block in registers. */
struct source_block {
    const storage *x, *residual;
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
    vf value = v_load_storage(b->x + at + p * VL);
    if (kind == SOURCE_RAW) return value;
    value = v_fma(value, b->scale[p], b->shift[p]);
    if (kind == SOURCE_NORMED) return v_relu(value);
    vf r = v_load_storage(b->residual + at + p * VL);
    if (kind == SOURCE_PLUS_NORMED_RESIDUAL) r = v_fma(r, b->residual_scale[p], b->residual_shift[p]);
    return v_relu(v_add(value, r));
}

/* dY likewise. */
struct grad_block {
    const storage *g, *y;
    vf a[CB_PARTS], b[CB_PARTS], c[CB_PARTS];
};

CB_INLINE void grad_begin(struct grad_block *block, const struct cb_grad_source *s, bool normed, size_t channel)
{
    block->g = s->g;
    block->y = s->y;
    CB_UNROLL
    for (size_t part = 0; part < CB_PARTS; part++)
        if (normed) {
            size_t k = channel + part * VL;
            block->a[part] = v_load(s->a + k), block->b[part] = v_load(s->b + k), block->c[part] = v_load(s->c + k);
        }
}

CB_INLINE vf grad_value(const struct grad_block *block, bool normed, size_t at, size_t part)
{
    vf v = v_load_storage(block->g + at + part * VL);
    if (!normed) return v;
    return v_fma(block->a[part], v, v_fma(block->b[part], v_load_storage(block->y + at + part * VL), block->c[part]));
}

/* [2][16]: the two sums of a channel block. */
CB_INLINE void store_sums(float *sums, const vf *first, const vf *second)
{
    CB_UNROLL for (int p = 0; p < CB_PARTS; p++)
    {
        v_store(sums + p * VL, first[p]);
        v_store(sums + CB_LANES + p * VL, second[p]);
    }
}
