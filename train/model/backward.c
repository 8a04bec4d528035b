#include "model/plan.h"

#include <stddef.h>

static void conv_backward(struct cb_model *m, struct cb_team *team, struct cb_conv_bn *l, struct cb_conv_bwd args,
                          size_t n)
{
    l->shape.n = args.shape.n = n;
    double start = cb_profile_start();
    cb_conv_backward(team, &args);
    cb_profile_add(m, l->profile_bwd, start, cb_conv_flops(&l->shape) * (l->shape.kind == CB_CONV_STEM ? 1 : 2));
}

static void bn_finish(struct cb_model *m, const struct cb_conv_bn *l, size_t n)
{
    double start = cb_profile_start();
    cb_bn_finish_backward(&l->bn, m->stats, n, cb_conv_out_h(&l->shape) * cb_conv_out_w(&l->shape));
    cb_profile_add(m, CB_ROW_BATCH_NORM, start, 0);
}

/* The shortcut's part of a strided block: from g at the block's output to the compact gradient of z in grad_compact. */
static void strided_shortcut(struct cb_model *m, struct cb_team *team, struct cb_block *b, const void *g, size_t n)
{
    const struct cb_conv_shape *in = &b->conv1.shape, *out = &b->conv2.shape;
    double start = cb_profile_start();
    if (b->shortcut == CB_PADDING) {
        cb_shortcut_a_backward(
            team,
            &(struct cb_shortcut_a){
                .n = n, .c = in->c, .h = in->h, .w = in->w, .storage = m->storage, .from = g, .to = m->grad_compact});
        cb_profile_add(m, CB_ROW_SHORTCUT, start, 0);
        return;
    }
    struct cb_conv_bn *p = &b->projection;
    cb_bn_backward_sums(team, &(struct cb_bn_pass){.n = n,
                                                   .c = out->k,
                                                   .h = out->h,
                                                   .w = out->w,
                                                   .storage = m->storage,
                                                   .dy = {.g = g, .y = p->y},
                                                   .bn_mean = p->bn.mean,
                                                   .stats = m->stats});
    cb_profile_add(m, CB_ROW_SHORTCUT, start, 0);
    bn_finish(m, p, n);
    conv_backward(m, team, p, cb_projection_backward(b, g, m->grad_compact, cb_model_conv_memory(m)), n);
}

static void transpose_task(void *context, size_t task, void *scratch)
{
    (void)scratch;
    const struct cb_conv_bn *l = ((struct cb_model *)context)->layer[task + 1];
    cb_conv_transpose(&l->shape, l->w, l->wt);
}

/* Of every layer but the stem, which comes first. */
static void transpose_weights(struct cb_model *m, struct cb_team *team)
{
    double start = cb_profile_start();
    cb_team_run(team, m->layers - 1, transpose_task, m);
    cb_profile_add(m, CB_ROW_TRANSPOSE, start, 0);
}

void cb_model_backward(struct cb_model *m, struct cb_team *team, size_t n)
{
    transpose_weights(m, team);
    /* g: gradient at the output of the block at hand, after its ReLU's mask; inner: at the output of its first batch
     * norm. */
    void *g = m->grad[0], *inner = m->grad[1];
    const struct cb_conv_memory memory = cb_model_conv_memory(m);
    const struct cb_conv_bn *last = &m->block[m->blocks - 1].conv2;
    double start = cb_profile_start();
    cb_pool_backward(team, &(struct cb_pool_bwd){.n = n,
                                                 .c = m->features,
                                                 .h = m->last_side,
                                                 .w = m->last_side,
                                                 .storage = m->storage,
                                                 .dpooled = m->dpooled,
                                                 .z = m->last_z,
                                                 .bn_y = last->y,
                                                 .bn_mean = last->bn.mean,
                                                 .g = g,
                                                 .sums = m->stats});
    cb_profile_add(m, CB_ROW_HEAD, start, 0);

    for (size_t i = m->blocks; i-- > 0;) {
        struct cb_block *b = &m->block[i];
        bn_finish(m, &b->conv2, n);
        conv_backward(m, team, &b->conv2, cb_conv2_backward(b, g, inner, memory), n);
        bn_finish(m, &b->conv1, n);
        if (b->shortcut != CB_IDENTITY) strided_shortcut(m, team, b, g, n);
        /* The batch norm before z: the previous block's second one, or the stem's. */
        const struct cb_conv_bn *before = i ? &m->block[i - 1].conv2 : &m->stem;
        conv_backward(m, team, &b->conv1, cb_conv1_backward(b, before, inner, g, m->grad_compact, memory), n);
    }
    bn_finish(m, &m->stem, n);
    conv_backward(m, team, &m->stem, cb_stem_backward(&m->stem, m->input, g, memory), n);
}
