#include "model/block.h"

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

static struct cb_conv_fwd forward(const struct cb_conv_bn *l, struct cb_source source, struct cb_conv_memory to)
{
    return (struct cb_conv_fwd){
        .shape = l->shape, .source = source, .w = l->w, .y = l->y, .stats = to.stats, .workspace = to.workspace};
}

struct cb_conv_fwd cb_stem_forward(const struct cb_conv_bn *stem, const float *images, struct cb_conv_memory to)
{
    return forward(stem, (struct cb_source){.x = images}, to);
}

struct cb_conv_fwd cb_conv1_forward(const struct cb_block *b, const struct cb_block *before,
                                    const struct cb_conv_bn *stem, struct cb_conv_memory to)
{
    struct cb_source in = before ? cb_block_output(before, b->z) : normalised(stem);
    in.z = b->z;
    return forward(&b->conv1, in, to);
}

struct cb_conv_fwd cb_conv2_forward(const struct cb_block *b, struct cb_conv_memory to)
{
    return forward(&b->conv2, normalised(&b->conv1), to);
}

struct cb_conv_fwd cb_projection_forward(const struct cb_block *b, struct cb_conv_memory to)
{
    return forward(&b->projection, (struct cb_source){.x = b->z}, to);
}

/* dW, from g, the gradient of the output of the layer's batch norm. */
static struct cb_conv_bwd backward(const struct cb_conv_bn *l, const void *g, struct cb_source source,
                                   struct cb_conv_memory to)
{
    return (struct cb_conv_bwd){.shape = l->shape,
                                .dy = {.g = g, .y = l->y, .a = l->bn.a, .b = l->bn.b, .c = l->bn.coef},
                                .source = source,
                                .wt = l->wt,
                                .dw_groups = to.dw_groups,
                                .dw = l->dw,
                                .workspace = to.workspace};
}

/* And dX through the ReLU, with the sums for the batch norm of `before`. */
static struct cb_conv_bwd backward_to(const struct cb_conv_bn *before, struct cb_conv_bwd a, void *dx,
                                      struct cb_conv_memory to)
{
    a.masked = 1;
    a.bn_y = before->y;
    a.bn_mean = before->bn.mean;
    a.dx = dx;
    a.sums = to.stats;
    return a;
}

struct cb_conv_bwd cb_stem_backward(const struct cb_conv_bn *stem, const float *images, const void *g,
                                    struct cb_conv_memory to)
{
    return backward(stem, g, (struct cb_source){.x = images}, to);
}

struct cb_conv_bwd cb_conv1_backward(const struct cb_block *b, const struct cb_conv_bn *before, const void *inner,
                                     void *g, const void *compact, struct cb_conv_memory to)
{
    struct cb_conv_bwd a = backward(&b->conv1, inner, (struct cb_source){.x = b->z}, to);
    if (b->shortcut == CB_IDENTITY)
        a.skip = g;
    else
        a.skip_even = compact;
    return backward_to(before, a, g, to);
}

struct cb_conv_bwd cb_conv2_backward(const struct cb_block *b, const void *g, void *inner, struct cb_conv_memory to)
{
    return backward_to(&b->conv1, backward(&b->conv2, g, normalised(&b->conv1), to), inner, to);
}

struct cb_conv_bwd cb_projection_backward(const struct cb_block *b, const void *g, void *compact,
                                          struct cb_conv_memory to)
{
    struct cb_conv_bwd a = backward(&b->projection, g, (struct cb_source){.x = b->z}, to);
    a.dx = compact;
    return a;
}
