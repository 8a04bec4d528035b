#ifndef CB_STORED_H
#define CB_STORED_H

/* How activations and their gradients lie in memory: as floats. Included after vec_<isa>.h. */
typedef float stored;
#define CB_STORED_VARIANT(op) CB_VARIANT(op)

static inline vf v_load_stored(const stored *p)
{
    return v_load(p);
}
static inline void v_store_stored(stored *p, vf x)
{
    v_store(p, x);
}
/* As it will be read again. */
static inline vf v_as_stored(vf x)
{
    return x;
}
static inline void v_stream_stored(stored *p, vf x)
{
    v_stream(p, x);
}
/* The same of the same lanes of two neighbouring pixels: x[0] at p, x[1] 16 elements on. */
static inline void v_store_stored_pixels(stored *p, const vf *x)
{
    v_store(p, x[0]);
    v_store(p + CB_PARTS * VL, x[1]);
}
static inline void v_stream_stored_pixels(stored *p, const vf *x)
{
    v_stream(p, x[0]);
    v_stream(p + CB_PARTS * VL, x[1]);
}
static inline void v_pixels_as_stored(vf *x)
{
    (void)x;
}

#endif
