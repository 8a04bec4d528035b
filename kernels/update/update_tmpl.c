/* The SGD update of a range of elements. */
#include "core/ops.h"

#include "vec/vec.h"

CB_INLINE void sgd_range(const struct cb_sgd *args, size_t first, size_t end, int nesterov)
{
    vf decay = v_set1(args->weight_decay), momentum = v_set1(args->momentum), lr = v_set1(args->lr);
    size_t i = first;
    for (; i + VL <= end; i += VL) {
        vf w = v_load(args->w + i);
        vf d = v_fma(decay, w, v_load(args->grad + i));
        vf v = v_fma(momentum, v_load(args->v + i), d);
        v_store(args->v + i, v);
        v_store(args->w + i, v_fnma(lr, nesterov ? v_fma(momentum, v, d) : v, w));
    }
    cb_sgd_f32__scalar(args, i, end);
}

void CB_VARIANT(sgd_f32)(const struct cb_sgd *args, size_t first, size_t end)
{
    if (args->nesterov)
        sgd_range(args, first, end, 1);
    else
        sgd_range(args, first, end, 0);
}
