#include "core/ops.h"

#include "ref/ref.h"

CB_REF void cb_sgd_f32__scalar(const struct cb_sgd *args, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        float d = __builtin_fmaf(args->weight_decay, args->w[i], args->grad[i]);
        float v = __builtin_fmaf(args->momentum, args->v[i], d);
        float step = args->nesterov ? __builtin_fmaf(args->momentum, v, d) : v;
        args->v[i] = v;
        args->w[i] = __builtin_fmaf(-args->lr, step, args->w[i]);
    }
}
