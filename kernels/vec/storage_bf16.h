#ifndef CB_STORAGE_H
#define CB_STORAGE_H

/* The storage format of activations and their gradients: bf16, rounded when they are written. After vec_<isa>.h and a
 * bf16_*.h. */
typedef uint16_t storage;
#define CB_STORAGE_VARIANT(op) CB_VARIANT(op##_bf16_storage)

static inline vf v_load_storage(const storage *p)
{
    return v_load_bf16(p);
}
static inline void v_store_storage(storage *p, vf x)
{
    v_store_bf16(p, x);
}
/* As a later load will see it. */
static inline vf v_round_storage(vf x)
{
    return v_round_bf16(x);
}
static inline void v_stream_storage(storage *p, vf x)
{
    v_stream_bf16(p, x);
}
/* For the same lanes of two neighbouring pixels: x[0] at p, x[1] 16 elements further. */
static inline void v_store_storage_pixels(storage *p, const vf *x)
{
    v_store_bf16_pixels(p, x);
}
static inline void v_stream_storage_pixels(storage *p, const vf *x)
{
    v_stream_bf16_pixels(p, x);
}
static inline void v_round_storage_pixels(vf *x)
{
    v_round_bf16_pixels(x);
}

#endif
