#include "model/plan.h"

#include <stdio.h>
#include <string.h>

/* Numerics versions: what their convolutions are made of. */
static const struct version {
    const char *name;
    enum cb_conv_kind conv3x3; /* of stride 1 */
    enum cb_format storage, fwd_products, bwd_products;
} versions[CB_NUMERICS_COUNT] = {
    [CB_FP32_DIRECT] = {"fp32-direct", CB_CONV_3X3, CB_F32, CB_F32, CB_F32},
    [CB_FP32_WINOGRAD] = {"fp32-winograd", CB_CONV_WINOGRAD, CB_F32, CB_F32, CB_F32},
    [CB_BF16_BACKWARD] = {"bf16-backward", CB_CONV_WINOGRAD, CB_F32, CB_F32, CB_BF16},
    [CB_BF16_STORAGE] = {"bf16-storage", CB_CONV_WINOGRAD, CB_BF16, CB_F32, CB_BF16},
    [CB_BF16_ALL] = {"bf16-all", CB_CONV_WINOGRAD, CB_BF16, CB_BF16, CB_BF16},
};

const char *cb_numerics_name(enum cb_numerics numerics)
{
    return numerics < CB_NUMERICS_COUNT ? versions[numerics].name : NULL;
}

enum cb_numerics cb_numerics_find(const char *name)
{
    enum cb_numerics n = 0;
    while (n < CB_NUMERICS_COUNT && strcmp(cb_numerics_name(n), name)) n++;
    return n;
}

/* Where Winograd's tiles do not fit a side, fp32 takes the direct convolution; the bf16 versions have none. */
static enum cb_conv_kind conv3x3_of(const struct cb_model *m, size_t side)
{
    enum { WINOGRAD_TILE = 4 };
    const struct version *v = &versions[m->network.numerics];
    return v->bwd_products == CB_F32 && side % WINOGRAD_TILE ? CB_CONV_3X3 : v->conv3x3;
}

static void describe_conv(struct cb_model *m, struct cb_conv_bn *l, enum cb_conv_kind kind, size_t c, size_t k,
                          size_t side)
{
    static const char *const kinds[] = {"3x3", "3x3/2", "1x1/2", "stem", "3x3 F4"};
    const struct version *v = &versions[m->network.numerics];
    l->shape = (struct cb_conv_shape){.kind = kind,
                                      .n = m->batch,
                                      .c = c,
                                      .h = side,
                                      .w = side,
                                      .k = k,
                                      .storage = v->storage,
                                      .fwd_products = kind == CB_CONV_WINOGRAD ? v->fwd_products : CB_F32,
                                      .bwd_products = kind == CB_CONV_WINOGRAD ? v->bwd_products : CB_F32};
    m->layer[m->layers++] = l;
    char name[64];
    snprintf(name, sizeof name, "conv %s %zu>%zu@%zu fwd", kinds[kind], c, k, side);
    l->profile_fwd = cb_profile_row(m, name);
    snprintf(name, sizeof name, "conv %s %zu>%zu@%zu bwd", kinds[kind], c, k, side);
    l->profile_bwd = cb_profile_row(m, name);
}

/* The first block of a later stage halves the side. */
static void describe_block(struct cb_model *m, struct cb_block *b, int strided, size_t c, size_t k, size_t side)
{
    describe_conv(m, &b->conv1, strided ? CB_CONV_3X3_S2 : conv3x3_of(m, side), c, k, side);
    if (strided) side /= 2;
    describe_conv(m, &b->conv2, conv3x3_of(m, side), k, k, side);
    b->shortcut = !strided ? CB_IDENTITY : m->network.shortcut == 'B' ? CB_PROJECTION : CB_PADDING;
    if (b->shortcut == CB_PROJECTION) describe_conv(m, &b->projection, CB_CONV_1X1_S2, c, k, 2 * side);
}

static void describe(struct cb_model *m)
{
    const struct cb_network *network = &m->network;
    size_t side = network->side, c = network->widths[0];
    m->storage = versions[network->numerics].storage;
    describe_conv(m, &m->stem, CB_CONV_STEM, 3, c, side);
    for (size_t stage = 0; stage < network->stages; stage++)
        for (size_t i = 0; i < network->blocks[stage]; i++) {
            int strided = stage > 0 && i == 0;
            describe_block(m, &m->block[m->blocks++], strided, c, network->widths[stage], side);
            if (strided) side /= 2;
            c = network->widths[stage];
        }
    m->features = c;
    m->last_side = side;
}

/* What the kernels do not take is no network. */
static enum cb_status check_convs(const struct cb_model *m, struct cb_error *err)
{
    for (size_t i = 0; i < m->layers; i++) {
        const struct cb_conv_shape *s = &m->layer[i]->shape;
        struct cb_error why;
        if (cb_conv_check(s, &why))
            return cb_fail(err, CB_BAD_INPUT,
                           "network: numerics %s, convolution %zu of %zu to %zu channels on %zux%zu pixels: %s",
                           cb_numerics_name(m->network.numerics), i + 1, s->c, s->k, s->h, s->w, why.text);
    }
    return CB_OK;
}

enum cb_status cb_model_describe(struct cb_model *m, struct cb_error *err)
{
    describe(m);
    return check_convs(m, err);
}
