/* Product format bf16 for a CPU without dot products: V and X are floats with bf16 values, U is pairs. Defines what
 * products_f32_body.h lists. */
#include "conv/winograd_points.h"

typedef float operand;
#define CB_PRODUCTS_VARIANT(pass) CB_STORAGE_VARIANT(winograd_bf16_##pass)
enum { CB_U_PACK = 2, CB_PACK = 1 };
#define POINTS cb_winograd_points_bf16

CB_INLINE void v_store_operands(operand *p, vf x)
{
    v_store(p, v_round_bf16(x));
}

CB_INLINE vf v_pack(const vf *operands, size_t n)
{
    return n == 2 ? v_pair(operands[0], operands[1]) : v_round_bf16(operands[0]);
}

CB_INLINE vf v_unpack(vf u, size_t at)
{
    return at ? v_upper_bf16(u) : v_lower_bf16(u);
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
    return v_bf16_fma(a, v_set1(*b), acc);
}

CB_INLINE void v_load_tiles(const operand *v, size_t k, size_t at, size_t vectors, vf *w)
{
    CB_UNROLL
    for (size_t j = 0; j < vectors; j++) w[j] = v_load(v + at * k + j * VL);
}
