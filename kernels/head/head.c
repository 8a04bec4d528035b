#include "core/ops.h"

/* Pooling over the batch: one task an image. */

static void pool_forward_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct cb_pool_fwd *args = context;
    if (args->storage == CB_BF16)
        cb_ops()->pool_f32_fwd_bf16_storage(args, image);
    else
        cb_ops()->pool_f32_fwd(args, image);
}

static void pool_backward_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct cb_pool_bwd *args = context;
    if (args->storage == CB_BF16)
        cb_ops()->pool_f32_bwd_bf16_storage(args, image);
    else
        cb_ops()->pool_f32_bwd(args, image);
}

void cb_pool_forward(struct cb_team *team, const struct cb_pool_fwd *args)
{
    struct cb_pool_fwd copy = *args;
    cb_team_run(team, args->n, pool_forward_image, &copy);
}

void cb_pool_backward(struct cb_team *team, const struct cb_pool_bwd *args)
{
    struct cb_pool_bwd copy = *args;
    cb_team_run(team, args->n, pool_backward_image, &copy);
}

double cb_mean(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)values[i];
    return sum / (double)n;
}
