/* The operands of Winograd's products as floats, one in a word of the transform domain. Needs vec_<isa>.h. */
#include "conv/winograd_points.h"

typedef float operand;
#define CB_PRODUCTS_VARIANT(pass) CB_STORED_VARIANT(winograd_f32_##pass)
enum { CB_WORD = 1 }; /* operands of a word */
#define POINTS cb_winograd_points_f32

CB_INLINE void v_store_operands(operand *p, vf x)
{
    v_store(p, x);
}

/* A word of each lane from its CB_WORD operands. */
CB_INLINE vf v_words(const vf *operands)
{
    return operands[0];
}

CB_INLINE unsigned begin_products(void)
{
    return 0;
}

CB_INLINE void end_products(unsigned mode)
{
    (void)mode;
}

CB_INLINE vf v_multiply_add(vf a, vf b, vf acc)
{
    return v_fma(a, b, acc);
}

/* Rows [tile][k] of operands as words whose operands are of successive tiles; buffer has room for them. */
CB_INLINE const float *rows_as_words(const operand *rows, size_t tiles, size_t k, float *buffer)
{
    (void)tiles, (void)k, (void)buffer;
    return rows;
}
