/* Product format f32: what Winograd's products multiply.
 *
 * A products_*_body.h defines:
 *
 *   CB_U_PACK: operands in an element of U, as winograd.h states: 1, or 2 for a pair of bf16
 *   CB_PACK: operands in an element of V and X, private to the pass. 1 where CB_U_PACK is 2: an element of U is then
 *     multiplied operand by operand, the upper one first
 *   v_pack: elements from n (const) vectors of operands
 *   v_unpack: the operand of an element of U that an element of V multiplies
 *   v_load_tiles: from V [tile][k], `vectors` (const) vectors of elements whose operands are successive tiles; with one
 *     operand an element, those of tile `at`
 *   products_begin, products_end: around everything that calls v_multiply_add_set1 */
#include "conv/winograd_points.h"

typedef float operand;
#define CB_PRODUCTS_VARIANT(pass) CB_STORAGE_VARIANT(winograd_f32_##pass)
enum { CB_U_PACK = 1, CB_PACK = 1 };
#define POINTS cb_winograd_points_f32

CB_INLINE void v_store_operands(operand *p, vf x)
{
    v_store(p, x);
}

CB_INLINE vf v_pack(const vf *operands, size_t n)
{
    (void)n;
    return operands[0];
}

CB_INLINE vf v_unpack(vf u, size_t at)
{
    (void)at;
    return u;
}

CB_INLINE unsigned products_begin(void)
{
    return 0;
}

CB_INLINE void products_end(unsigned mode)
{
    (void)mode;
}

CB_INLINE vf v_multiply_add_set1(vf a, const float *b, vf acc)
{
    return v_fma_set1(a, b, acc);
}

CB_INLINE void v_load_tiles(const operand *v, size_t k, size_t at, size_t vectors, vf *w)
{
    CB_UNROLL
    for (size_t j = 0; j < vectors; j++) w[j] = v_load(v + at * k + j * VL);
}
