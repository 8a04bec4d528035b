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

#endif
