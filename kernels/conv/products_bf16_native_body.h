/* Product format bf16 for a CPU with dot products of bf16 pairs. Defines what products_f32_body.h lists. */
#include "conv/winograd_points.h"

typedef uint16_t operand;
#define CB_PRODUCTS_VARIANT(pass) CB_STORAGE_VARIANT(winograd_bf16_##pass)
enum { CB_U_PACK = 2, CB_PACK = 2 };
#define POINTS cb_winograd_points_bf16

CB_INLINE void v_store_operands(operand *p, vf x)
{
    v_store_bf16(p, x);
}

CB_INLINE vf v_pack(const vf *operands, size_t n)
{
    (void)n;
    return v_pair(operands[0], operands[1]);
}

CB_INLINE vf v_unpack(vf u, size_t at)
{
    (void)at;
    return u;
}

CB_INLINE unsigned products_begin(void)
{
    return v_dot2_begin();
}

CB_INLINE void products_end(unsigned mode)
{
    v_dot2_end(mode);
}

CB_INLINE vf v_multiply_add_set1(vf a, const float *b, vf acc)
{
    return v_dot2_set1(a, b, acc);
}

CB_INLINE void v_load_tiles(const operand *v, size_t k, size_t at, size_t vectors, vf *w)
{
    (void)at;
    if (vectors == 2)
        v_pairs_bf16(v, v + k, w);
    else
        w[0] = k == VL ? v_pair_line_bf16(v) : v_pair_bf16(v, v + k);
}
