#ifndef CB_STORED_H
#define CB_STORED_H

/* How activations and their gradients lie in memory: as bf16, rounded when they are written. Included after vec_<isa>.h
 * and a bf16_*.h. */
typedef uint16_t stored;
#define CB_STORED_VARIANT(op) CB_VARIANT(op##_bf16_storage)

static inline vf v_load_stored(const stored *p)
{
    return v_load_bf16(p);
}
static inline void v_store_stored(stored *p, vf x)
{
    v_store_bf16(p, x);
}
/* As it will be read again. */
static inline vf v_as_stored(vf x)
{
    return v_round_bf16(x);
}
static inline void v_stream_stored(stored *p, vf x)
{
    v_stream_bf16(p, x);
}
/* The same of the same lanes of two neighbouring pixels: x[0] at p, x[1] 16 elements on. */
static inline void v_store_stored_pixels(stored *p, const vf *x)
{
    v_store_bf16_pixels(p, x);
}
static inline void v_stream_stored_pixels(stored *p, const vf *x)
{
    v_stream_bf16_pixels(p, x);
}
static inline void v_pixels_as_stored(vf *x)
{
    v_round_bf16_pixels(x);
}

#endif
