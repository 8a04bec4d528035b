/* Batch norm, pooling, SGD: the operations that do a little for each element. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "suites.h"
#include "kernels.h"
#include "outputs.h"

/* Of activations and gradients; vectors of channels are floats. */
static const char *storage_word(size_t i)
{
    static const char *const words[CB_FORMATS] = {[CB_F32] = "f32", [CB_BF16] = "bf16"};
    return i < CB_FORMATS ? words[i] : NULL;
}

static const struct cb_shape_key map_keys[] = {
    {.name = "c", .min = 16, .max = 1024, .step = 16},
    {.name = "hw", .min = 1, .max = 128, .step = 1},
    {.name = "batch", .min = 1, .max = 4096, .step = 1},
    {.name = "storage", .word = storage_word},
};
static const struct cb_shape_key sgd_keys[] = {{.name = "len", .min = 1, .max = (size_t)1 << 28, .step = 1}};
static const struct cb_shape_form map_form = {.name = "map", .keys = map_keys, .n_keys = 4};
static const struct cb_shape_form pool_form = {.name = "pool", .keys = map_keys, .n_keys = 4};
static const struct cb_shape_form sgd_form = {.name = "sgd", .keys = sgd_keys, .n_keys = 1};

enum pass { STATS, APPLY, APPLY_RESIDUAL, BACKWARD_SUMS, BACKWARD_APPLY, POOL_FORWARD, POOL_BACKWARD, SGD };

/* Of an element: operations (an fma is two), and values read and written. */
static const struct {
    double flops, values;
} costs[] = {
    [STATS] = {3, 1},          [APPLY] = {3, 2},        [APPLY_RESIDUAL] = {4, 3}, [BACKWARD_SUMS] = {4, 2},
    [BACKWARD_APPLY] = {4, 3}, [POOL_FORWARD] = {4, 1}, [POOL_BACKWARD] = {5, 3},  [SGD] = {6, 5},
};

static double elements(const struct cb_shape *s)
{
    if (s->form == &sgd_form) return (double)cb_shape_value(s, "len");
    double hw = (double)cb_shape_value(s, "hw");
    return (double)cb_shape_value(s, "c") * hw * hw * (double)cb_shape_value(s, "batch");
}

static enum cb_format storage_of(const struct cb_shape *s)
{
    return s->form == &sgd_form ? CB_F32 : (enum cb_format)cb_shape_value(s, "storage");
}

static void enter(struct cb_contest *contest, const struct cb_field *field)
{
    double n = elements(contest->shape), flops = n * costs[contest->kernel->pass].flops;
    struct cb_cost cost = {.flops = flops,
                           .least_flops = {[CB_F32] = flops},
                           .bytes = n * costs[contest->kernel->pass].values *
                                    (double)cb_format_bytes(storage_of(contest->shape))};
    cb_enter_ours(contest, field, "", 0, &cost, storage_of(contest->shape) == CB_BF16);
}

enum { MAX_BUFFERS = 16 };

struct work {
    struct cb_team *team;
    enum pass pass;
    enum cb_format storage;
    struct cb_bn_pass bn;
    struct cb_pool_fwd pool_fwd;
    struct cb_pool_bwd pool_bwd;
    struct cb_sgd sgd;
    struct outputs outputs;
    bool out_of_memory;
    size_t n_buffers, buffer_bytes[MAX_BUFFERS];
    void *buffers[MAX_BUFFERS];
};

/* n numbers in +-1. */
static void *buffer(struct work *w, enum cb_format format, size_t n)
{
    void *p = cb_alloc_tensor(n * cb_format_bytes(format));
    if (!p) {
        w->out_of_memory = true;
        return NULL;
    }
    w->buffer_bytes[w->n_buffers] = n * cb_format_bytes(format);
    w->buffers[w->n_buffers++] = p;
    cb_fill_random(w->team, (uint32_t)w->n_buffers, format, p, n);
    return p;
}

static float *floats(struct work *w, size_t n)
{
    return buffer(w, CB_F32, n);
}

static void *map_of(struct work *w, size_t n)
{
    return buffer(w, w->storage, n);
}

static struct cb_source normalised(struct work *w, size_t map, size_t c)
{
    struct cb_source source = {.x = map_of(w, map)};
    source.scale = floats(w, c);
    source.shift = floats(w, c);
    return source;
}

static void plan_bn(struct work *w, size_t n, size_t c, size_t hw)
{
    size_t map = n * c * hw * hw;
    w->bn = (struct cb_bn_pass){.n = n, .c = c, .h = hw, .w = hw, .storage = w->storage};
    void *out = NULL;
    float *stats = NULL;
    switch (w->pass) {
    case STATS:
        w->bn.source.x = map_of(w, map);
        w->bn.stats = stats = floats(w, n * c * 2);
        break;
    case APPLY:
    case APPLY_RESIDUAL:
        w->bn.source = normalised(w, map, c);
        if (w->pass == APPLY_RESIDUAL) w->bn.source.residual = map_of(w, map);
        w->bn.source.z = out = map_of(w, map);
        break;
    case BACKWARD_SUMS:
        w->bn.dy.g = map_of(w, map);
        w->bn.dy.y = map_of(w, map);
        w->bn.bn_mean = floats(w, c);
        w->bn.stats = stats = floats(w, n * c * 2);
        break;
    default:
        w->bn.dy.g = map_of(w, map);
        w->bn.dy.y = map_of(w, map);
        w->bn.dy.a = floats(w, c);
        w->bn.dy.b = floats(w, c);
        w->bn.dy.c = floats(w, c);
        w->bn.out = out = map_of(w, map);
    }
    outputs_add(&w->outputs, "out", w->storage, out, map);
    outputs_add(&w->outputs, "sums", CB_F32, stats, n * c * 2);
}

static void plan_pool(struct work *w, size_t n, size_t c, size_t hw)
{
    size_t map = n * c * hw * hw;
    if (w->pass == POOL_FORWARD) {
        float *pooled = floats(w, n * c);
        w->pool_fwd = (struct cb_pool_fwd){.n = n, .c = c, .h = hw, .w = hw, .storage = w->storage, .pooled = pooled};
        w->pool_fwd.source = normalised(w, map, c);
        outputs_add(&w->outputs, "pooled", CB_F32, pooled, n * c);
        return;
    }
    void *g = map_of(w, map);
    float *sums = floats(w, n * c * 2);
    w->pool_bwd = (struct cb_pool_bwd){.n = n, .c = c, .h = hw, .w = hw, .storage = w->storage, .g = g, .sums = sums};
    w->pool_bwd.dpooled = floats(w, n * c);
    w->pool_bwd.z = map_of(w, map);
    w->pool_bwd.bn_y = map_of(w, map);
    w->pool_bwd.bn_mean = floats(w, c);
    outputs_add(&w->outputs, "g", w->storage, g, map);
    outputs_add(&w->outputs, "sums", CB_F32, sums, n * c * 2);
}

static void plan_sgd(struct work *w, size_t len)
{
    float *weights = floats(w, len), *velocity = floats(w, len);
    w->sgd =
        (struct cb_sgd){.len = len, .w = weights, .v = velocity, .lr = 0.01f, .momentum = 0.9f, .weight_decay = 1e-4f};
    w->sgd.grad = floats(w, len);
    outputs_add(&w->outputs, "w", CB_F32, weights, len);
    outputs_add(&w->outputs, "v", CB_F32, velocity, len);
}

static void run_pass(struct work *w)
{
    switch (w->pass) {
    case STATS:
        cb_bn_stats(w->team, &w->bn);
        break;
    case APPLY:
    case APPLY_RESIDUAL:
        cb_bn_apply(w->team, &w->bn);
        break;
    case BACKWARD_SUMS:
        cb_bn_backward_sums(w->team, &w->bn);
        break;
    case BACKWARD_APPLY:
        cb_bn_backward_apply(w->team, &w->bn);
        break;
    case POOL_FORWARD:
        cb_pool_forward(w->team, &w->pool_fwd);
        break;
    case POOL_BACKWARD:
        cb_pool_backward(w->team, &w->pool_bwd);
        break;
    default:
        cb_sgd_update(w->team, &w->sgd);
    }
}

/* What the pass starts from: NaN in outputs, but SGD continues from its weights and velocity. */
static void reset(struct work *w)
{
    if (w->pass != SGD) {
        outputs_poison(&w->outputs);
        return;
    }
    cb_fill_random(w->team, 1, CB_F32, w->sgd.w, w->sgd.len);
    cb_fill_random(w->team, 2, CB_F32, w->sgd.v, w->sgd.len);
}

static enum cb_status setup(void **out, const struct cb_contest *contest, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a pass");
    const struct cb_shape *s = contest->shape;
    w->team = team;
    w->pass = (enum pass)contest->kernel->pass;
    w->storage = storage_of(s);
    if (w->pass == SGD)
        plan_sgd(w, cb_shape_value(s, "len"));
    else
        (w->pass < POOL_FORWARD ? plan_bn : plan_pool)(w, cb_shape_value(s, "batch"), cb_shape_value(s, "c"),
                                                       cb_shape_value(s, "hw"));
    if (w->out_of_memory) return cb_fail(err, CB_NO_MEMORY, "out of memory for the tensors of %s", contest->name);
    cb_use_isa(CB_ISA_SCALAR);
    run_pass(w);
    return outputs_expect(&w->outputs, err);
}

static enum cb_status prepare(void *work, const struct cb_entrant *e, struct cb_error *err)
{
    (void)work, (void)e, (void)err;
    return CB_OK;
}

static enum cb_status run(void *work, const struct cb_entrant *e, struct cb_error *err)
{
    (void)e, (void)err;
    run_pass(work);
    return CB_OK;
}

static enum cb_status verify(void *work, const struct cb_entrant *e, struct cb_error *err)
{
    (void)e;
    struct work *w = work;
    reset(w);
    run_pass(w);
    return outputs_check(&w->outputs, err);
}

static void buffers(void *work, const struct cb_entrant *e, cb_buffer_fn *visit, void *context)
{
    (void)e;
    const struct work *w = work;
    for (size_t i = 0; i < w->n_buffers; i++) visit(context, w->buffers[i], w->buffer_bytes[i]);
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    for (size_t i = 0; i < w->n_buffers; i++) free(w->buffers[i]);
    outputs_release(&w->outputs);
    free(w);
}

#define KERNEL(title, which, shapes)                                                                                   \
    {                                                                                                                  \
        .name = title, .pass = which, .form = &shapes, .enter = enter, .setup = setup, .prepare = prepare,             \
        .verify = verify, .run = run, .buffers = buffers, .release = release                                           \
    }

const struct cb_kernel cb_bench_norm[8] = {
    KERNEL("bn/stats", STATS, map_form),
    KERNEL("bn/apply", APPLY, map_form),
    KERNEL("bn/apply_residual", APPLY_RESIDUAL, map_form),
    KERNEL("bn/bwd_sums", BACKWARD_SUMS, map_form),
    KERNEL("bn/bwd_apply", BACKWARD_APPLY, map_form),
    KERNEL("pool/fwd", POOL_FORWARD, pool_form),
    KERNEL("pool/bwd", POOL_BACKWARD, pool_form),
    KERNEL("sgd", SGD, sgd_form),
};
