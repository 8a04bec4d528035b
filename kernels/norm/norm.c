#include "core/ops.h"

/* A pass over the batch: one task an image. */
struct pass {
    const struct cb_bn_pass *args;
    cb_bn_pass_fn *fn;
};

static void run_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct pass *pass = context;
    pass->fn(pass->args, image);
}

static void run(struct cb_team *team, const struct cb_bn_pass *args, cb_bn_pass_fn *f32, cb_bn_pass_fn *bf16)
{
    struct pass pass = {args, args->storage == CB_BF16 ? bf16 : f32};
    cb_team_run(team, args->n, run_image, &pass);
}

void cb_bn_stats(struct cb_team *team, const struct cb_bn_pass *args)
{
    run(team, args, cb_ops()->bn_stats_f32, cb_ops()->bn_stats_f32_bf16_storage);
}

void cb_bn_apply(struct cb_team *team, const struct cb_bn_pass *args)
{
    run(team, args, cb_ops()->bn_apply_f32, cb_ops()->bn_apply_f32_bf16_storage);
}

void cb_bn_backward_sums(struct cb_team *team, const struct cb_bn_pass *args)
{
    run(team, args, cb_ops()->bn_bwd_sums_f32, cb_ops()->bn_bwd_sums_f32_bf16_storage);
}

void cb_bn_backward_apply(struct cb_team *team, const struct cb_bn_pass *args)
{
    run(team, args, cb_ops()->bn_bwd_apply_f32, cb_ops()->bn_bwd_apply_f32_bf16_storage);
}
