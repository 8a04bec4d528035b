#ifndef CB_STORAGE_H
#define CB_STORAGE_H

/* The storage format of activations and their gradients: floats. After vec_<isa>.h. */
typedef float storage;
#define CB_STORAGE_VARIANT(op) CB_VARIANT(op)

static inline vf v_load_storage(const storage *p)
{
    return v_load(p);
}
static inline void v_store_storage(storage *p, vf x)
{
    v_store(p, x);
}
/* As a later load will see it. */
static inline vf v_round_storage(vf x)
{
    return x;
}
static inline void v_stream_storage(storage *p, vf x)
{
    v_stream(p, x);
}
/* For the same lanes of two neighbouring pixels: x[0] at p, x[1] 16 elements further. */
static inline void v_store_storage_pixels(storage *p, const vf *x)
{
    v_store(p, x[0]);
    v_store(p + CB_PARTS * VL, x[1]);
}
static inline void v_stream_storage_pixels(storage *p, const vf *x)
{
    v_stream(p, x[0]);
    v_stream(p + CB_PARTS * VL, x[1]);
}
static inline void v_round_storage_pixels(vf *x)
{
    (void)x;
}

#endif
