/* The operands of Winograd's products as bf16 where the CPU has no dot products: V and A value A^T as floats that are
 * bf16 values, U two in a word. Needs vec_<isa>.h and bf16_emulated.h. */
#include "conv/winograd_points.h"

typedef float operand;
#define CB_PRODUCTS_VARIANT(pass) CB_STORED_VARIANT(winograd_bf16_##pass)
enum { CB_U_WORD = 2, CB_WORD = 1 };
#define POINTS cb_winograd_points_bf16

CB_INLINE void v_store_operands(operand *p, vf x)
{
    v_store(p, v_round_bf16(x));
}

CB_INLINE vf v_words(const vf *operands, size_t n)
{
    return n == 2 ? v_pair(operands[0], operands[1]) : v_round_bf16(operands[0]);
}

CB_INLINE vf v_half(vf u, size_t half)
{
    return half ? v_upper_bf16(u) : v_lower_bf16(u);
}

CB_INLINE unsigned begin_products(void)
{
    return v_dot2_begin();
}

CB_INLINE void end_products(unsigned mode)
{
    v_dot2_end(mode);
}

CB_INLINE vf v_multiply_add_set1(vf a, const float *b, vf acc)
{
    return v_bf16_fma(a, v_set1(*b), acc);
}

CB_INLINE void v_load_tiles(const operand *v, size_t k, size_t half, size_t vectors, vf *w)
{
    CB_UNROLL
    for (size_t j = 0; j < vectors; j++) w[j] = v_load(v + half * k + j * VL);
}
