#include "model/plan.h"

static const float bn_eps = 1e-5f, bn_momentum = 0.1f; /* PyTorch's defaults, as in the notebook */

/* One convolution, and in training the coefficients of the batch norm that follows it. */
static void conv_bn(struct cb_model *m, struct cb_team *team, struct cb_conv_bn *l, struct cb_source source, size_t n,
                    int training)
{
    l->shape.n = n;
    double start = cb_profile_start();
    cb_conv_forward(team, &(struct cb_conv_fwd){.shape = l->shape,
                                                .source = source,
                                                .w = l->w,
                                                .y = l->y,
                                                .stats = training ? m->stats : NULL,
                                                .workspace = m->conv_workspace});
    cb_profile_add(m, l->profile_fwd, start, cb_conv_flops(&l->shape));
    if (!training) return;
    start = cb_profile_start();
    size_t map = cb_conv_out_h(&l->shape) * cb_conv_out_w(&l->shape);
    cb_bn_finish_forward(&l->bn, m->stats, n, map, bn_momentum, bn_eps);
    cb_profile_add(m, CB_ROW_BATCH_NORM, start, 0);
}

static struct cb_source normalised(const struct cb_conv_bn *l)
{
    return (struct cb_source){.x = l->y, .scale = l->bn.scale, .shift = l->bn.shift};
}

struct cb_source cb_block_output(const struct cb_block *b, void *z)
{
    struct cb_source s = normalised(&b->conv2);
    s.z = z;
    switch (b->shortcut) {
    case CB_IDENTITY:
        s.residual = b->z;
        break;
    case CB_PADDING:
        s.residual = b->padded;
        break;
    case CB_PROJECTION:
        s.residual = b->projection.y;
        s.residual_scale = b->projection.bn.scale;
        s.residual_shift = b->projection.bn.shift;
        break;
    }
    return s;
}

static void use_running_statistics(struct cb_model *m)
{
    cb_bn_inference(&m->stem.bn, bn_eps);
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        cb_bn_inference(&b->conv1.bn, bn_eps);
        cb_bn_inference(&b->conv2.bn, bn_eps);
        if (b->shortcut == CB_PROJECTION) cb_bn_inference(&b->projection.bn, bn_eps);
    }
}

void cb_model_forward(struct cb_model *m, struct cb_team *team, size_t n, int training)
{
    if (!training) use_running_statistics(m);
    conv_bn(m, team, &m->stem, (struct cb_source){.x = m->input}, n, training);
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        struct cb_source in = i ? cb_block_output(&m->block[i - 1], b->z) : normalised(&m->stem);
        in.z = b->z;
        conv_bn(m, team, &b->conv1, in, n, training);
        if (b->shortcut == CB_PROJECTION) conv_bn(m, team, &b->projection, (struct cb_source){.x = b->z}, n, training);
        if (b->shortcut == CB_PADDING) {
            const struct cb_conv_shape *s = &b->conv1.shape;
            double start = cb_profile_start();
            cb_shortcut_a_forward(
                team,
                &(struct cb_shortcut_a){
                    .n = n, .c = s->c, .h = s->h, .w = s->w, .storage = m->storage, .from = b->z, .to = b->padded});
            cb_profile_add(m, CB_ROW_SHORTCUT, start, 0);
        }
        conv_bn(m, team, &b->conv2, normalised(&b->conv1), n, training);
    }
    double start = cb_profile_start();
    cb_pool_forward(team, &(struct cb_pool_fwd){.n = n,
                                                .c = 64,
                                                .h = 8,
                                                .w = 8,
                                                .storage = m->storage,
                                                .source = cb_block_output(&m->block[m->blocks - 1], m->last_z),
                                                .pooled = m->pooled});
    cb_profile_add(m, CB_ROW_HEAD, start, 0);
}
