/* The operands of Winograd's products as floats, one in a word. Needs vec_<isa>.h.
 *
 * A products_*_body.h says what the operands are:
 *
 *   CB_U_WORD: operands of a word of U, as winograd.h states;
 *   CB_WORD: operands of a word of V and A value A^T, which no one else sees. 1 where U has 2: a word of U is then
 *     multiplied half by half, the upper one first;
 *   v_words: words from the n (const) operands of each;
 *   v_half: of a word of U what a word of V multiplies;
 *   v_load_tiles: from V [tile][k], `vectors` (const) vectors of words whose operands are of successive tiles; where a
 *     word is one operand, of tile `half`;
 *   begin_products, end_products: around everything that calls v_multiply_add_set1. */
#include "conv/winograd_points.h"

typedef float operand;
#define CB_PRODUCTS_VARIANT(pass) CB_STORED_VARIANT(winograd_f32_##pass)
enum { CB_U_WORD = 1, CB_WORD = 1 };
#define POINTS cb_winograd_points_f32

CB_INLINE void v_store_operands(operand *p, vf x)
{
    v_store(p, x);
}

CB_INLINE vf v_words(const vf *operands, size_t n)
{
    (void)n;
    return operands[0];
}

CB_INLINE vf v_half(vf u, size_t half)
{
    (void)half;
    return u;
}

CB_INLINE unsigned begin_products(void)
{
    return 0;
}

CB_INLINE void end_products(unsigned mode)
{
    (void)mode;
}

CB_INLINE vf v_multiply_add_set1(vf a, const float *b, vf acc)
{
    return v_fma_set1(a, b, acc);
}

CB_INLINE void v_load_tiles(const operand *v, size_t k, size_t half, size_t vectors, vf *w)
{
    CB_UNROLL
    for (size_t j = 0; j < vectors; j++) w[j] = v_load(v + half * k + j * VL);
}
