#include "core/ops.h"

/* A pass over the batch: one task an image. */
struct bn_job {
    const struct cb_bn_pass *args;
    cb_bn_pass_fn *fn;
};

static void bn_pass_image(void *context, size_t image, void *scratch)
{
    (void)scratch;
    const struct bn_job *job = context;
    job->fn(job->args, image);
}

static void run_bn_pass(struct cb_team *team, const struct cb_bn_pass *args, cb_bn_pass_fn *f32, cb_bn_pass_fn *bf16)
{
    struct bn_job job = {args, args->storage == CB_BF16 ? bf16 : f32};
    cb_team_run(team, args->n, bn_pass_image, &job);
}

void cb_bn_stats(struct cb_team *team, const struct cb_bn_pass *args)
{
    run_bn_pass(team, args, cb_ops()->bn_stats_f32, cb_ops()->bn_stats_f32_bf16_storage);
}

void cb_bn_apply(struct cb_team *team, const struct cb_bn_pass *args)
{
    run_bn_pass(team, args, cb_ops()->bn_apply_f32, cb_ops()->bn_apply_f32_bf16_storage);
}

void cb_bn_backward_sums(struct cb_team *team, const struct cb_bn_pass *args)
{
    run_bn_pass(team, args, cb_ops()->bn_bwd_sums_f32, cb_ops()->bn_bwd_sums_f32_bf16_storage);
}

void cb_bn_backward_apply(struct cb_team *team, const struct cb_bn_pass *args)
{
    run_bn_pass(team, args, cb_ops()->bn_bwd_apply_f32, cb_ops()->bn_bwd_apply_f32_bf16_storage);
}
