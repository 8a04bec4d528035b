#include "model/plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A first pass with base == NULL only measures; the second hands out the memory. */
struct carver {
    unsigned char *base;
    size_t used;
};

static float *carve(struct carver *c, size_t floats)
{
    float *p = c->base ? (float *)(void *)(c->base + c->used) : NULL;
    c->used += (floats * sizeof(float) + 63) & ~(size_t)63;
    return p;
}

static size_t round_up(size_t x, size_t to)
{
    return (x + to - 1) / to * to;
}

/* An activation of the batch, or its gradient. */
static void *carve_map(struct carver *to, const struct cb_model *m, size_t c, size_t side)
{
    return carve(to, m->batch * c * side * side * cb_format_bytes(m->storage) / sizeof(float));
}

static void add_tensor(struct cb_model *m, float *value, const struct cb_conv_shape *packed, int trained,
                       const char *name, size_t rank, const size_t dims[4])
{
    assert(m->tensors < CB_MAX_TENSORS);
    struct cb_tensor_place *t = &m->tensor[m->tensors++];
    *t = (struct cb_tensor_place){.packed = packed, .value = value};
    snprintf(t->tensor.name, sizeof t->tensor.name, "%s", name);
    t->tensor.rank = rank;
    t->tensor.len = 1;
    t->tensor.trained = trained;
    for (size_t i = 0; i < rank; i++) {
        t->tensor.dims[i] = dims[i];
        t->tensor.len *= dims[i];
    }
    if (trained) m->parameter_count += t->tensor.len;
}

/* The parameters of one convolution + batch norm, in the order in which they are carved and listed. */
static void place_conv(struct cb_model *m, struct carver *param, struct carver *buffers, struct cb_conv_bn *l,
                       const char *conv_name, const char *bn_name)
{
    const struct cb_conv_shape *s = &l->shape;
    char name[64];
    size_t filter = cb_conv_filter(s);
    l->w = carve(param, cb_conv_weights(s));
    snprintf(name, sizeof name, "%s.weight", conv_name);
    add_tensor(m, l->w, s, 1, name, 4, (size_t[4]){s->k, s->c, filter, filter});

    l->gamma = carve(param, s->k);
    l->beta = carve(param, s->k);
    struct cb_bn *bn = &l->bn;
    *bn = (struct cb_bn){.c = s->k, .gamma = l->gamma, .beta = l->beta};
    float **vectors[] = {&bn->running_mean, &bn->running_var, &bn->mean, &bn->invstd, &bn->scale,
                         &bn->shift,        &bn->a,           &bn->b,    &bn->coef};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) *vectors[i] = carve(buffers, s->k);
    struct {
        const char *suffix;
        float *value;
        int trained;
    } parts[] = {{"weight", l->gamma, 1},
                 {"bias", l->beta, 1},
                 {"running_mean", bn->running_mean, 0},
                 {"running_var", bn->running_var, 0}};
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s.%s", bn_name, parts[i].suffix);
        add_tensor(m, parts[i].value, NULL, parts[i].trained, name, 1, (size_t[4]){s->k});
    }
    if (s->kind != CB_CONV_STEM) l->wt = carve(buffers, cb_conv_weights(s));
}

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
    char name[64];
    snprintf(name, sizeof name, "conv %s %zu>%zu@%zu fwd", kinds[kind], c, k, side);
    l->profile_fwd = cb_profile_row(m, name);
    snprintf(name, sizeof name, "conv %s %zu>%zu@%zu bwd", kinds[kind], c, k, side);
    l->profile_bwd = cb_profile_row(m, name);
}

/* Shapes of all layers: three stages of (depth-2)/6 blocks, widths 16, 32, 64 on 32, 16, 8 pixels. */
static void describe(struct cb_model *m)
{
    size_t per_stage = (m->network.depth - 2) / 6;
    m->blocks = 3 * per_stage;
    enum cb_conv_kind conv3x3 = versions[m->network.numerics].conv3x3;
    m->storage = versions[m->network.numerics].storage;
    describe_conv(m, &m->stem, CB_CONV_STEM, 3, 16, 32);
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        size_t stage = i / per_stage, k = (size_t)16 << stage, side = (size_t)32 >> stage;
        int strided = stage > 0 && i % per_stage == 0;
        size_t c = strided ? k / 2 : k, in_side = strided ? side * 2 : side;
        describe_conv(m, &b->conv1, strided ? CB_CONV_3X3_S2 : conv3x3, c, k, in_side);
        describe_conv(m, &b->conv2, conv3x3, k, k, side);
        b->shortcut = !strided ? CB_IDENTITY : m->network.shortcut == 'B' ? CB_PROJECTION : CB_PADDING;
        if (b->shortcut == CB_PROJECTION) describe_conv(m, &b->projection, CB_CONV_1X1_S2, c, k, in_side);
    }
}

static void place_parameters(struct cb_model *m, struct carver *param, struct carver *buffers)
{
    m->tensors = m->parameter_count = 0;
    place_conv(m, param, buffers, &m->stem, "conv1", "bn1");
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        size_t per_stage = m->blocks / 3, stage = i / per_stage + 1, index = i % per_stage;
        char conv[48], bn[48];
        for (int second = 0; second < 2; second++) {
            snprintf(conv, sizeof conv, "layer%zu.%zu.conv%d", stage, index, second + 1);
            snprintf(bn, sizeof bn, "layer%zu.%zu.bn%d", stage, index, second + 1);
            place_conv(m, param, buffers, second ? &b->conv2 : &b->conv1, conv, bn);
        }
        if (b->shortcut != CB_PROJECTION) continue;
        snprintf(conv, sizeof conv, "layer%zu.%zu.downsample.0", stage, index);
        snprintf(bn, sizeof bn, "layer%zu.%zu.downsample.1", stage, index);
        place_conv(m, param, buffers, &b->projection, conv, bn);
    }
    m->linear_weight = carve(param, CB_CLASSES * 64);
    m->linear_bias = carve(param, CB_CLASSES);
    add_tensor(m, m->linear_weight, NULL, 1, "linear.weight", 2, (size_t[4]){CB_CLASSES, 64});
    add_tensor(m, m->linear_bias, NULL, 1, "linear.bias", 1, (size_t[4]){CB_CLASSES});
}

static void place_activations(struct cb_model *m, struct carver *c)
{
    m->input = carve(c, m->batch * CB_IMAGE_PIXELS);
    m->stem.y = carve_map(c, m, 16, 32);
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        const struct cb_conv_shape *s1 = &b->conv1.shape, *s2 = &b->conv2.shape;
        b->z = carve_map(c, m, s1->c, s1->h);
        b->conv1.y = carve_map(c, m, s2->k, s2->h);
        b->conv2.y = carve_map(c, m, s2->k, s2->h);
        if (b->shortcut == CB_PROJECTION) b->projection.y = carve_map(c, m, s2->k, s2->h);
        if (b->shortcut == CB_PADDING) b->padded = carve_map(c, m, s2->k, s2->h);
    }
    m->last_z = carve_map(c, m, 64, 8);
}

static void place_workspace(struct cb_model *m, struct carver *c)
{
    m->stats = carve(c, m->batch * 64 * 2);
    m->dw_groups = carve(c, CB_IMAGE_GROUPS * (size_t)(64 * 64 * 9));
    m->conv_workspace = carve(c, cb_conv_workspace(&m->block[m->blocks - 1].conv2.shape)); /* the largest */
    m->dense_groups = carve(c, CB_IMAGE_GROUPS * (size_t)(64 * CB_CLASSES + CB_CLASSES));
    m->pooled = carve(c, m->batch * 64);
    m->dpooled = carve(c, m->batch * 64);
    m->logits = carve(c, m->batch * CB_CLASSES);
    m->losses = carve(c, m->batch);
    m->correct = (uint8_t *)carve(c, round_up(m->batch, 4) / 4);
}

/* The whole memory in one order; called to measure and to place. */
static void place(struct cb_model *m, unsigned char *base)
{
    struct carver param = {0};
    struct carver c = {.base = base};
    struct cb_memory_plan *plan = &m->memory;

    /* Parameters, gradients and velocity are three arrays of one layout. */
    struct carver unused = {0};
    place_parameters(m, &param, &unused);
    m->parameters_len = param.used / sizeof(float);
    m->parameters = carve(&c, m->parameters_len);
    m->gradients = carve(&c, m->parameters_len);
    m->velocity = carve(&c, m->parameters_len);
    param = (struct carver){.base = (unsigned char *)m->parameters};
    place_parameters(m, &param, &c);
    plan->parameters = c.used;

    place_activations(m, &c);
    plan->activations = c.used - plan->parameters;

    for (int i = 0; i < 2; i++) m->grad[i] = carve_map(&c, m, 16, 32);
    m->grad_compact = carve_map(&c, m, 16, 16);
    plan->gradients = c.used - plan->activations - plan->parameters;

    place_workspace(m, &c);
    plan->workspace = c.used - plan->gradients - plan->activations - plan->parameters;
    plan->total = c.used;
}

static void point_gradients(struct cb_model *m, struct cb_conv_bn *l)
{
    l->dw = cb_model_part(m, l->w, m->gradients);
    l->bn.dgamma = cb_model_part(m, l->gamma, m->gradients);
    l->bn.dbeta = cb_model_part(m, l->beta, m->gradients);
}

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

static enum cb_status check(const struct cb_network *network, size_t batch, struct cb_error *err)
{
    size_t depth = network->depth;
    if (depth != 20 && depth != 32 && depth != 44 && depth != 56 && depth != 110)
        return cb_fail(err, CB_BAD_INPUT, "network: depth must be 20, 32, 44, 56 or 110, got %zu", depth);
    if (network->shortcut != 'A' && network->shortcut != 'B')
        return cb_fail(err, CB_BAD_INPUT, "network: shortcut must be A or B, got '%c'", network->shortcut);
    if (network->numerics >= CB_NUMERICS_COUNT)
        return cb_fail(err, CB_BAD_INPUT, "network: unknown numerics version %d", (int)network->numerics);
    if (batch < 1 || batch > CB_MAX_BATCH)
        return cb_fail(err, CB_BAD_INPUT, "network: batch must be 1 to %d, got %zu", CB_MAX_BATCH, batch);
    return CB_OK;
}

/* What the kernels do not take is no network. */
static enum cb_status check_convs(const struct cb_model *m, struct cb_error *err)
{
    struct cb_error why;
    if (cb_conv_check(&m->stem.shape, &why)) return cb_fail(err, CB_BAD_INPUT, "network: stem: %s", why.text);
    for (size_t i = 0; i < m->blocks; i++) {
        const struct cb_block *b = &m->block[i];
        const struct cb_conv_bn *layers[] = {&b->conv1, &b->conv2, &b->projection};
        for (size_t j = 0; j < (b->shortcut == CB_PROJECTION ? 3u : 2u); j++)
            if (cb_conv_check(&layers[j]->shape, &why))
                return cb_fail(err, CB_BAD_INPUT, "network: block %zu: %s", i + 1, why.text);
    }
    return CB_OK;
}

size_t cb_model_scratch_bytes(const struct cb_network *network)
{
    struct cb_model *m = calloc(1, sizeof *m);
    if (!m) return SIZE_MAX;
    m->network = *network;
    m->batch = 1;
    describe(m);
    size_t bytes = cb_conv_scratch_bytes(&m->stem.shape);
    for (size_t i = 0; i < m->blocks; i++) {
        const struct cb_block *b = &m->block[i];
        const struct cb_conv_shape *shapes[] = {&b->conv1.shape, &b->conv2.shape, &b->projection.shape};
        for (size_t j = 0; j < (b->shortcut == CB_PROJECTION ? 3u : 2u); j++)
            if (cb_conv_scratch_bytes(shapes[j]) > bytes) bytes = cb_conv_scratch_bytes(shapes[j]);
    }
    free(m);
    return bytes;
}

enum cb_status cb_model_create(struct cb_model **out, const struct cb_network *network, size_t batch,
                               struct cb_error *err)
{
    *out = NULL;
    enum cb_status status = check(network, batch, err);
    if (status != CB_OK) return status;
    struct cb_model *m = calloc(1, sizeof *m);
    if (!m) return cb_fail(err, CB_NO_MEMORY, "out of memory for a model");
    m->network = *network;
    m->batch = batch;
    static const char *const fixed[CB_ROWS_FIXED] = {"batch norm, coefficients", "shortcut", "pool, dense, loss",
                                                     "transposed weights", "SGD"};
    for (size_t i = 0; i < CB_ROWS_FIXED; i++) cb_profile_row(m, fixed[i]);
    describe(m);
    status = check_convs(m, err);
    if (status) {
        free(m);
        return status;
    }
    place(m, NULL);
    /* Huge pages where the system grants them; the pages are touched by the threads that first write them. */
    const size_t huge = (size_t)2 << 20;
    m->arena_bytes = round_up(m->memory.total, huge);
    void *arena = mmap(NULL, m->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED) {
        enum cb_status failed = cb_fail(err, CB_NO_MEMORY, "out of memory: ResNet-%zu at batch %zu needs %.2f GiB",
                                        network->depth, batch, (double)m->memory.total / 0x1p30);
        free(m);
        return failed;
    }
    madvise(arena, m->arena_bytes, MADV_HUGEPAGE);
    m->arena = arena;
    place(m, m->arena);
    point_gradients(m, &m->stem);
    for (size_t i = 0; i < m->blocks; i++) {
        point_gradients(m, &m->block[i].conv1);
        point_gradients(m, &m->block[i].conv2);
        if (m->block[i].shortcut == CB_PROJECTION) point_gradients(m, &m->block[i].projection);
    }
    *out = m;
    return CB_OK;
}

void cb_model_destroy(struct cb_model *m)
{
    if (!m) return;
    munmap(m->arena, m->arena_bytes);
    free(m);
}

const struct cb_network *cb_model_network(const struct cb_model *m)
{
    return &m->network;
}

void cb_model_memory(const struct cb_model *m, struct cb_memory_plan *plan)
{
    *plan = m->memory;
}

size_t cb_model_parameter_count(const struct cb_model *m)
{
    return m->parameter_count;
}

float *cb_model_input(struct cb_model *m)
{
    return m->input;
}
