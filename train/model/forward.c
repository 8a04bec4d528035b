/* The forward pass: stem, blocks, pooling. A convolution reads its input through the batch norm before it. */
#include "model/plan.h"

static const float bn_eps = 1e-5f, bn_momentum = 0.1f; /* PyTorch's defaults, as in the notebook */

/* One convolution, and in training the coefficients of the batch norm that follows it. */
static void conv_bn(struct cb_model *m, struct cb_team *team, struct cb_conv_bn *l, struct cb_conv_fwd args, size_t n,
                    int training)
{
    l->shape.n = args.shape.n = n;
    if (!training) args.stats = NULL;
    double start = cb_profile_start();
    cb_conv_forward(team, &args);
    cb_profile_add(m, l->profile_fwd, start, cb_conv_flops(&l->shape));
    if (!training) return;
    start = cb_profile_start();
    size_t map = cb_conv_out_h(&l->shape) * cb_conv_out_w(&l->shape);
    cb_bn_finish_forward(&l->bn, m->stats, n, map, bn_momentum, bn_eps);
    cb_profile_add(m, CB_ROW_BATCH_NORM, start, 0);
}

static void use_running_statistics(struct cb_model *m)
{
    for (size_t i = 0; i < m->layers; i++) cb_bn_inference(&m->layer[i]->bn, bn_eps);
}

void cb_model_forward(struct cb_model *m, struct cb_team *team, size_t n, int training)
{
    if (!training) use_running_statistics(m);
    const struct cb_conv_memory memory = cb_model_conv_memory(m);
    conv_bn(m, team, &m->stem, cb_stem_forward(&m->stem, m->input, memory), n, training);
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        const struct cb_block *before = i ? &m->block[i - 1] : NULL;
        conv_bn(m, team, &b->conv1, cb_conv1_forward(b, before, &m->stem, memory), n, training);
        if (b->shortcut == CB_PROJECTION)
            conv_bn(m, team, &b->projection, cb_projection_forward(b, memory), n, training);
        if (b->shortcut == CB_PADDING) {
            const struct cb_conv_shape *s = &b->conv1.shape;
            double start = cb_profile_start();
            cb_shortcut_a_forward(
                team,
                &(struct cb_shortcut_a){
                    .n = n, .c = s->c, .h = s->h, .w = s->w, .storage = m->storage, .from = b->z, .to = b->padded});
            cb_profile_add(m, CB_ROW_SHORTCUT, start, 0);
        }
        conv_bn(m, team, &b->conv2, cb_conv2_forward(b, memory), n, training);
    }
    double start = cb_profile_start();
    cb_pool_forward(team, &(struct cb_pool_fwd){.n = n,
                                                .c = m->features,
                                                .h = m->last_side,
                                                .w = m->last_side,
                                                .storage = m->storage,
                                                .source = cb_block_output(&m->block[m->blocks - 1], m->last_z),
                                                .pooled = m->pooled});
    cb_profile_add(m, CB_ROW_HEAD, start, 0);
}
