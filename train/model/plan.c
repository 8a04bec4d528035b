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

/* Under the names of PyTorch's CIFAR ResNets. */
static void place_block(struct cb_model *m, struct carver *param, struct carver *buffers, struct cb_block *b,
                        size_t stage, size_t index)
{
    struct {
        struct cb_conv_bn *layer;
        const char *conv, *bn;
    } parts[] = {
        {&b->conv1, "conv1", "bn1"}, {&b->conv2, "conv2", "bn2"}, {&b->projection, "downsample.0", "downsample.1"}};
    for (size_t i = 0; i < (b->shortcut == CB_PROJECTION ? 3u : 2u); i++) {
        char conv[48], bn[48];
        snprintf(conv, sizeof conv, "layer%zu.%zu.%s", stage + 1, index, parts[i].conv);
        snprintf(bn, sizeof bn, "layer%zu.%zu.%s", stage + 1, index, parts[i].bn);
        place_conv(m, param, buffers, parts[i].layer, conv, bn);
    }
}

static void place_parameters(struct cb_model *m, struct carver *param, struct carver *buffers)
{
    const size_t classes = m->network.classes;
    struct cb_block *b = m->block;
    m->tensors = m->parameter_count = 0;
    place_conv(m, param, buffers, &m->stem, "conv1", "bn1");
    for (size_t stage = 0; stage < m->network.stages; stage++)
        for (size_t i = 0; i < m->network.blocks[stage]; i++) place_block(m, param, buffers, b++, stage, i);
    m->linear_weight = carve(param, classes * m->features);
    m->linear_bias = carve(param, classes);
    add_tensor(m, m->linear_weight, NULL, 1, "linear.weight", 2, (size_t[4]){classes, m->features});
    add_tensor(m, m->linear_bias, NULL, 1, "linear.bias", 1, (size_t[4]){classes});
}

/* The raw output of a convolution. */
static void *carve_output(struct carver *to, const struct cb_model *m, const struct cb_conv_shape *s)
{
    return carve_map(to, m, s->k, cb_conv_out_h(s));
}

static void place_activations(struct cb_model *m, struct carver *c)
{
    m->input = carve(c, m->batch * m->stem.shape.c * m->network.side * m->network.side);
    m->stem.y = carve_output(c, m, &m->stem.shape);
    for (size_t i = 0; i < m->blocks; i++) {
        struct cb_block *b = &m->block[i];
        b->z = carve_map(c, m, b->conv1.shape.c, b->conv1.shape.h);
        b->conv1.y = carve_output(c, m, &b->conv1.shape);
        b->conv2.y = carve_output(c, m, &b->conv2.shape);
        if (b->shortcut == CB_PROJECTION) b->projection.y = carve_output(c, m, &b->projection.shape);
        if (b->shortcut == CB_PADDING) b->padded = carve_output(c, m, &b->conv2.shape);
    }
    m->last_z = carve_map(c, m, m->features, m->last_side);
}

static void enlarge(size_t *size, size_t to)
{
    if (to > *size) *size = to;
}

/* What the layers share is as large as the layer that needs most: elements an image, or of a layer. */
struct shared {
    size_t map, compact, channels, weights, workspace, scratch_bytes;
};

static struct shared shared_of(const struct cb_model *m)
{
    struct shared most = {0};
    for (size_t i = 0; i < m->layers; i++) {
        const struct cb_conv_shape *s = &m->layer[i]->shape;
        enlarge(&most.channels, s->k);
        enlarge(&most.map, s->k * cb_conv_out_h(s) * cb_conv_out_w(s));
        enlarge(&most.weights, cb_conv_weights(s));
        enlarge(&most.workspace, cb_conv_workspace(s));
        enlarge(&most.scratch_bytes, cb_conv_scratch_bytes(s));
    }
    /* The shortcut's part of the gradient of a strided block's input: every other pixel of it. */
    for (size_t i = 0; i < m->blocks; i++) {
        const struct cb_conv_shape *s = &m->block[i].conv1.shape;
        if (m->block[i].shortcut != CB_IDENTITY) enlarge(&most.compact, s->c * cb_conv_out_h(s) * cb_conv_out_w(s));
    }
    return most;
}

static void place_gradients(struct cb_model *m, struct carver *c)
{
    const struct shared most = shared_of(m);
    const size_t bytes = m->batch * cb_format_bytes(m->storage);
    for (int i = 0; i < 2; i++) m->grad[i] = carve(c, bytes * most.map / sizeof(float));
    m->grad_compact = carve(c, bytes * most.compact / sizeof(float));
}

static void place_workspace(struct cb_model *m, struct carver *c)
{
    const struct shared most = shared_of(m);
    const size_t classes = m->network.classes;
    m->stats = carve(c, m->batch * most.channels * 2);
    m->dw_groups = carve(c, CB_IMAGE_GROUPS * most.weights);
    m->conv_workspace = carve(c, most.workspace);
    m->dense_groups = carve(c, CB_IMAGE_GROUPS * (m->features * classes + classes));
    m->pooled = carve(c, m->batch * m->features);
    m->dpooled = carve(c, m->batch * m->features);
    m->logits = carve(c, m->batch * classes);
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

    place_gradients(m, &c);
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

/* A model without memory: its layers are described. */
static enum cb_status plan(struct cb_model **out, const struct cb_network *network, size_t batch, struct cb_error *err)
{
    *out = NULL;
    if (batch < 1 || batch > CB_MAX_BATCH)
        return cb_fail(err, CB_BAD_INPUT, "network: batch must be 1 to %d, got %zu", CB_MAX_BATCH, batch);
    enum cb_status status = cb_network_check(network, err);
    if (status != CB_OK) return status;
    struct cb_model *m = calloc(1, sizeof *m);
    if (!m) return cb_fail(err, CB_NO_MEMORY, "out of memory for a model");
    m->network = *network;
    m->batch = batch;
    static const char *const fixed[CB_ROWS_FIXED] = {"batch norm, coefficients", "shortcut", "pool, dense, loss",
                                                     "transposed weights", "SGD"};
    for (size_t i = 0; i < CB_ROWS_FIXED; i++) cb_profile_row(m, fixed[i]);
    status = cb_model_describe(m, err);
    if (status == CB_OK)
        *out = m;
    else
        free(m);
    return status;
}

size_t cb_model_scratch_bytes(const struct cb_network *network)
{
    struct cb_model *m;
    if (plan(&m, network, 1, NULL) != CB_OK) return SIZE_MAX;
    const size_t bytes = shared_of(m).scratch_bytes;
    free(m);
    return bytes;
}

enum cb_status cb_model_create(struct cb_model **out, const struct cb_network *network, size_t batch,
                               struct cb_error *err)
{
    struct cb_model *m;
    *out = NULL;
    enum cb_status status = plan(&m, network, batch, err);
    if (status != CB_OK) return status;
    place(m, NULL);
    /* Huge pages where the system grants them; the pages are touched by the threads that first write them. */
    const size_t huge = (size_t)2 << 20;
    m->arena_bytes = round_up(m->memory.total, huge);
    void *arena = mmap(NULL, m->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED) {
        enum cb_status failed = cb_fail(err, CB_NO_MEMORY, "out of memory: ResNet-%zu at batch %zu needs %.2f GiB",
                                        cb_network_depth(network), batch, (double)m->memory.total / 0x1p30);
        free(m);
        return failed;
    }
    madvise(arena, m->arena_bytes, MADV_HUGEPAGE);
    m->arena = arena;
    place(m, m->arena);
    for (size_t i = 0; i < m->layers; i++) point_gradients(m, m->layer[i]);
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
