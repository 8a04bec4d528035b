/* Batch norm, pooling, shortcut, loss, sums over groups, SGD: the operations that do a little for each element. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "kernels.h"
#include "outputs.h"
#include "suites.h"

/* --- shapes --- */

/* numerics: the format of activations and gradients; vectors of channels are floats. */
static const struct cb_shape_key map_keys[] = {
    {.name = "c", .min = 16, .max = 1024, .step = 16},
    {.name = "hw", .min = 1, .max = 128, .step = 1},
    {.name = "batch", .min = 1, .max = 4096, .step = 1},
    {.name = "numerics", .word = format_word, .optional = true},
};
static const struct cb_shape_key shortcut_keys[] = {
    {.name = "c", .min = 16, .max = 1024, .step = 16},
    {.name = "hw", .min = 2, .max = 128, .step = 2},
    {.name = "batch", .min = 1, .max = 4096, .step = 1},
    {.name = "numerics", .word = format_word, .optional = true},
};
static const struct cb_shape_key dense_keys[] = {{.name = "c", .min = 1, .max = 1024, .step = 1},
                                                 {.name = "classes", .min = 1, .max = 64, .step = 1},
                                                 {.name = "batch", .min = 1, .max = 4096, .step = 1}};
static const struct cb_shape_key len_keys[] = {{.name = "len", .min = 1, .max = (size_t)1 << 28, .step = 1}};

#define FORM(name, keys)                                                                                               \
    {                                                                                                                  \
        name, keys, sizeof keys / sizeof *keys, NULL                                                                   \
    }
static const struct cb_shape_form map_form = FORM("map", map_keys), pool_form = FORM("pool", map_keys),
                                  shortcut_form = FORM("shortcut", shortcut_keys),
                                  dense_form = FORM("dense", dense_keys), reduce_form = FORM("reduce", len_keys),
                                  sgd_form = FORM("sgd", len_keys);

static double of_map(const struct cb_shape *s)
{
    double hw = (double)cb_shape_value(s, "hw");
    return (double)cb_shape_value(s, "c") * hw * hw * (double)cb_shape_value(s, "batch");
}

static double of_channels(const struct cb_shape *s)
{
    return (double)cb_shape_value(s, "c") * (double)cb_shape_value(s, "batch");
}

static double of_weights(const struct cb_shape *s)
{
    return of_channels(s) * (double)cb_shape_value(s, "classes");
}

static double of_len(const struct cb_shape *s)
{
    return (double)cb_shape_value(s, "len");
}

static enum cb_format format_of(const struct cb_shape *s)
{
    return s->form->keys == map_keys || s->form->keys == shortcut_keys ? (enum cb_format)cb_shape_value(s, "numerics")
                                                                       : CB_F32;
}

/* --- buffers --- */

enum { MAX_BUFFERS = 16 };

struct pass;

struct work {
    struct cb_team *team;
    const struct pass *pass;
    enum cb_format storage;
    size_t n, c, hw, len, classes, map;
    union {
        struct cb_bn_pass bn;
        struct {
            struct cb_bn coefficients;
            float *stats;
        } finish;
        struct cb_pool_fwd pool_fwd;
        struct cb_pool_bwd pool_bwd;
        struct cb_shortcut_a shortcut;
        struct cb_dense_loss dense;
        struct {
            float *parts, *sum;
        } reduce;
        struct cb_sgd sgd;
    };
    struct outputs outputs;
    bool out_of_memory;
    size_t n_buffers;
    struct buffer {
        void *data;
        size_t n;
        enum cb_format format;
        bool read; /* filled again before each call whose result is checked: an operand that is overwritten */
    } buffers[MAX_BUFFERS];
};

/* n numbers in +-1. */
static void *buffer(struct work *w, enum cb_format format, size_t n)
{
    void *p = cb_alloc_tensor(n * cb_format_bytes(format));
    if (!p) {
        w->out_of_memory = true;
        return NULL;
    }
    w->buffers[w->n_buffers++] = (struct buffer){.data = p, .n = n, .format = format};
    cb_fill_random(w->team, (uint32_t)w->n_buffers, format, p, n);
    return p;
}

static float *floats(struct work *w, size_t n)
{
    return buffer(w, CB_F32, n);
}

static void *map_of(struct work *w)
{
    return buffer(w, w->storage, w->map);
}

static float *output(struct work *w, const char *name, size_t n)
{
    float *p = floats(w, n);
    outputs_add(&w->outputs, name, CB_F32, p, n);
    return p;
}

static void *output_map(struct work *w, const char *name)
{
    void *p = map_of(w);
    outputs_add(&w->outputs, name, w->storage, p, w->map);
    return p;
}

/* What a call reads and overwrites. */
static float *updated(struct work *w, const char *name, size_t n)
{
    float *p = output(w, name, n);
    if (p) w->buffers[w->n_buffers - 1].read = true;
    return p;
}

static struct cb_source normalised(struct work *w)
{
    struct cb_source source = {.x = map_of(w)};
    source.scale = floats(w, w->c);
    source.shift = floats(w, w->c);
    return source;
}

/* --- the operations: how a call is prepared, and the call --- */

static void plan_bn(struct work *w)
{
    w->bn = (struct cb_bn_pass){.n = w->n, .c = w->c, .h = w->hw, .w = w->hw, .storage = w->storage};
}

static void plan_stats(struct work *w)
{
    plan_bn(w);
    w->bn.source.x = map_of(w);
    w->bn.stats = output(w, "sums", w->n * w->c * 2);
}

static void run_stats(struct work *w)
{
    cb_bn_stats(w->team, &w->bn);
}

static void plan_apply(struct work *w)
{
    plan_bn(w);
    w->bn.source = normalised(w);
    w->bn.source.z = output_map(w, "out");
}

static void plan_apply_residual(struct work *w)
{
    plan_apply(w);
    w->bn.source.residual = map_of(w);
}

static void run_apply(struct work *w)
{
    cb_bn_apply(w->team, &w->bn);
}

static void plan_bwd_sums(struct work *w)
{
    plan_bn(w);
    w->bn.dy.g = map_of(w);
    w->bn.dy.y = map_of(w);
    w->bn.bn_mean = floats(w, w->c);
    w->bn.stats = output(w, "sums", w->n * w->c * 2);
}

static void run_bwd_sums(struct work *w)
{
    cb_bn_backward_sums(w->team, &w->bn);
}

static void plan_bwd_apply(struct work *w)
{
    plan_bn(w);
    w->bn.dy.g = map_of(w);
    w->bn.dy.y = map_of(w);
    w->bn.dy.a = floats(w, w->c);
    w->bn.dy.b = floats(w, w->c);
    w->bn.dy.c = floats(w, w->c);
    w->bn.out = output_map(w, "out");
}

static void run_bwd_apply(struct work *w)
{
    cb_bn_backward_apply(w->team, &w->bn);
}

static void plan_finish_fwd(struct work *w)
{
    struct cb_bn *bn = &w->finish.coefficients;
    bn->c = w->c;
    bn->gamma = floats(w, w->c);
    bn->beta = floats(w, w->c);
    w->finish.stats = floats(w, w->n * w->c * 2);
    bn->mean = floats(w, w->c);
    bn->invstd = floats(w, w->c);
    bn->scale = output(w, "scale", w->c);
    bn->shift = output(w, "shift", w->c);
    bn->running_mean = updated(w, "running mean", w->c);
    bn->running_var = updated(w, "running variance", w->c);
}

static void run_finish_fwd(struct work *w)
{
    cb_bn_finish_forward(&w->finish.coefficients, w->finish.stats, w->n, w->hw * w->hw, 0.1f, 1e-5f);
}

static void plan_finish_bwd(struct work *w)
{
    struct cb_bn *bn = &w->finish.coefficients;
    bn->c = w->c;
    bn->gamma = floats(w, w->c);
    bn->mean = floats(w, w->c);
    bn->invstd = floats(w, w->c);
    w->finish.stats = floats(w, w->n * w->c * 2);
    bn->a = floats(w, w->c);
    bn->b = output(w, "b", w->c);
    bn->coef = output(w, "coef", w->c);
    bn->dgamma = output(w, "dgamma", w->c);
    bn->dbeta = output(w, "dbeta", w->c);
}

static void run_finish_bwd(struct work *w)
{
    cb_bn_finish_backward(&w->finish.coefficients, w->finish.stats, w->n, w->hw * w->hw);
}

static void plan_pool_fwd(struct work *w)
{
    w->pool_fwd = (struct cb_pool_fwd){.n = w->n, .c = w->c, .h = w->hw, .w = w->hw, .storage = w->storage};
    w->pool_fwd.pooled = output(w, "pooled", w->n * w->c);
    w->pool_fwd.source = normalised(w);
}

static void run_pool_fwd(struct work *w)
{
    cb_pool_forward(w->team, &w->pool_fwd);
}

static void plan_pool_bwd(struct work *w)
{
    w->pool_bwd = (struct cb_pool_bwd){.n = w->n, .c = w->c, .h = w->hw, .w = w->hw, .storage = w->storage};
    w->pool_bwd.g = output_map(w, "g");
    w->pool_bwd.sums = output(w, "sums", w->n * w->c * 2);
    w->pool_bwd.dpooled = floats(w, w->n * w->c);
    w->pool_bwd.z = map_of(w);
    w->pool_bwd.bn_y = map_of(w);
    w->pool_bwd.bn_mean = floats(w, w->c);
}

static void run_pool_bwd(struct work *w)
{
    cb_pool_backward(w->team, &w->pool_bwd);
}

/* Half of the elements: a quarter of the pixels of twice the channels, or a quarter of the pixels. */
static void plan_shortcut(struct work *w, size_t from, size_t to)
{
    w->shortcut = (struct cb_shortcut_a){.n = w->n, .c = w->c, .h = w->hw, .w = w->hw, .storage = w->storage};
    w->shortcut.from = buffer(w, w->storage, from);
    w->shortcut.to = buffer(w, w->storage, to);
    outputs_add(&w->outputs, "out", w->storage, w->shortcut.to, to);
}

static void plan_shortcut_fwd(struct work *w)
{
    plan_shortcut(w, w->map, w->map / 2);
}

static void run_shortcut_fwd(struct work *w)
{
    cb_shortcut_a_forward(w->team, &w->shortcut);
}

static void plan_shortcut_bwd(struct work *w)
{
    plan_shortcut(w, w->map / 2, w->map / 4);
}

static void run_shortcut_bwd(struct work *w)
{
    cb_shortcut_a_backward(w->team, &w->shortcut);
}

static void plan_dense(struct work *w)
{
    size_t n = w->n, c = w->c, j = w->classes;
    uint8_t *labels = (uint8_t *)floats(w, n); /* 4 bytes each: more than enough */
    for (size_t i = 0; labels && i < n; i++) labels[i] = (uint8_t)(i % j);
    w->dense = (struct cb_dense_loss){.n = n, .c = c, .j = j, .labels = labels};
    w->dense.pooled = floats(w, n * c);
    w->dense.weight = floats(w, j * c);
    w->dense.bias = floats(w, j);
    w->dense.logits = floats(w, n * j);
    w->dense.correct = (uint8_t *)floats(w, n);
    w->dense.groups = floats(w, CB_IMAGE_GROUPS * (j * c + j));
    w->dense.loss = output(w, "loss", n);
    w->dense.dpooled = output(w, "dpooled", n * c);
    w->dense.dweight = output(w, "dweight", j * c);
    w->dense.dbias = output(w, "dbias", j);
}

static void run_dense(struct work *w)
{
    cb_dense_loss(w->team, &w->dense);
}

static void plan_reduce(struct work *w)
{
    w->reduce.parts = floats(w, CB_IMAGE_GROUPS * w->len);
    if (w->reduce.parts) w->buffers[w->n_buffers - 1].read = true;
    w->reduce.sum = output(w, "sum", w->len);
}

static void run_reduce(struct work *w)
{
    cb_group_reduce(w->team, w->reduce.parts, w->len, w->reduce.sum);
}

static void plan_sgd(struct work *w)
{
    w->sgd = (struct cb_sgd){.len = w->len, .lr = 0.01f, .momentum = 0.9f, .weight_decay = 1e-4f};
    w->sgd.w = updated(w, "w", w->len);
    w->sgd.v = updated(w, "v", w->len);
    w->sgd.grad = floats(w, w->len);
}

static void run_sgd(struct work *w)
{
    cb_sgd_update(w->team, &w->sgd);
}

static bool takes_all(const struct cb_shape *s)
{
    (void)s;
    return true;
}

/* Coefficients come from sums, whatever the format of the map, of two values at least. */
static bool takes_finish(const struct cb_shape *s)
{
    return format_of(s) == CB_F32 && of_map(s) > (double)cb_shape_value(s, "c");
}

/* A row an operation: name, shapes, flops (an fma is two), values that are read or written, whether there is a variant
 * for each ISA. */
#define PASSES(PASS)                                                                                                   \
    PASS("bn/stats", map_form, takes_all, of_map, 3, of_map, 1, true, plan_stats, run_stats)                           \
    PASS("bn/apply", map_form, takes_all, of_map, 3, of_map, 2, true, plan_apply, run_apply)                           \
    PASS("bn/apply_residual", map_form, takes_all, of_map, 4, of_map, 3, true, plan_apply_residual, run_apply)         \
    PASS("bn/bwd_sums", map_form, takes_all, of_map, 4, of_map, 2, true, plan_bwd_sums, run_bwd_sums)                  \
    PASS("bn/bwd_apply", map_form, takes_all, of_map, 4, of_map, 3, true, plan_bwd_apply, run_bwd_apply)               \
    PASS("bn/finish_fwd", map_form, takes_finish, of_channels, 2, of_channels, 2, false, plan_finish_fwd,              \
         run_finish_fwd)                                                                                               \
    PASS("bn/finish_bwd", map_form, takes_finish, of_channels, 2, of_channels, 2, false, plan_finish_bwd,              \
         run_finish_bwd)                                                                                               \
    PASS("pool/fwd", pool_form, takes_all, of_map, 4, of_map, 1, true, plan_pool_fwd, run_pool_fwd)                    \
    PASS("pool/bwd", pool_form, takes_all, of_map, 5, of_map, 3, true, plan_pool_bwd, run_pool_bwd)                    \
    PASS("shortcut/fwd", shortcut_form, takes_all, of_map, 0, of_map, 0.75, false, plan_shortcut_fwd,                  \
         run_shortcut_fwd)                                                                                             \
    PASS("shortcut/bwd", shortcut_form, takes_all, of_map, 0, of_map, 0.5, false, plan_shortcut_bwd, run_shortcut_bwd) \
    PASS("dense", dense_form, takes_all, of_weights, 6, of_channels, 2, false, plan_dense, run_dense)                  \
    PASS("reduce", reduce_form, takes_all, of_len, CB_IMAGE_GROUPS - 1, of_len, CB_IMAGE_GROUPS + 1, false,            \
         plan_reduce, run_reduce)                                                                                      \
    PASS("sgd", sgd_form, takes_all, of_len, 6, of_len, 5, true, plan_sgd, run_sgd)

static const struct pass {
    double (*elements)(const struct cb_shape *shape);
    double flops; /* of each */
    double (*moved)(const struct cb_shape *shape);
    double values; /* for each */
    bool has_isas;
    void (*plan)(struct work *work);
    void (*run)(struct work *work);
} passes[] = {
#define PASS(title, shapes, accepts, ...) {__VA_ARGS__},
    PASSES(PASS)
#undef PASS
};

static const struct pass *pass_of(const struct cb_case *the_case)
{
    return &passes[the_case->kernel - cb_suite_norm];
}

/* --- the functions of the table --- */

static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    const struct cb_shape *s = the_case->shape;
    const struct pass *pass = pass_of(the_case);
    double flops = pass->elements(s) * pass->flops;
    struct cb_cost cost = {.flops = flops,
                           .least_flops = {[CB_F32] = flops},
                           .bytes = pass->moved(s) * pass->values * (double)cb_format_bytes(format_of(s))};
    static const struct cb_availability scalar = {.isa = {CB_ISA_SCALAR}, .n_isas = 1};
    cb_add_ours(the_case, pass->has_isas ? available : &scalar, "", 0, &cost, format_of(s) == CB_BF16);
}

static void read_shape(struct work *w, const struct cb_shape *s)
{
    w->storage = format_of(s);
    for (size_t i = 0; i < s->form->n_keys; i++) {
        const struct cb_shape_key *key = &s->form->keys[i];
        size_t value = s->value[i];
        if (!strcmp(key->name, "batch")) w->n = value;
        if (!strcmp(key->name, "c")) w->c = value;
        if (!strcmp(key->name, "hw")) w->hw = value;
        if (!strcmp(key->name, "len")) w->len = value;
        if (!strcmp(key->name, "classes")) w->classes = value;
    }
    w->map = w->n * w->c * w->hw * w->hw;
}

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a pass");
    w->team = team;
    w->pass = pass_of(the_case);
    read_shape(w, the_case->shape);
    w->pass->plan(w);
    if (w->out_of_memory) return cb_fail(err, CB_NO_MEMORY, "out of memory for the tensors of %s", the_case->name);
    cb_use_isa(CB_ISA_SCALAR);
    w->pass->run(w);
    return outputs_expect(&w->outputs, err);
}

static enum cb_status prepare(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    (void)work, (void)e, (void)err;
    return CB_OK;
}

static enum cb_status run(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    (void)e, (void)err;
    struct work *w = work;
    w->pass->run(w);
    return CB_OK;
}

static enum cb_status verify(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    (void)e;
    struct work *w = work;
    outputs_poison(&w->outputs);
    for (size_t i = 0; i < w->n_buffers; i++) {
        const struct buffer *b = &w->buffers[i];
        if (b->read) cb_fill_random(w->team, (uint32_t)i + 1, b->format, b->data, b->n);
    }
    w->pass->run(w);
    return outputs_check(&w->outputs, err);
}

static void buffers(void *work, const struct cb_implementation *e, cb_buffer_fn *visit, void *context)
{
    (void)e;
    const struct work *w = work;
    for (size_t i = 0; i < w->n_buffers; i++)
        visit(context, w->buffers[i].data, w->buffers[i].n * cb_format_bytes(w->buffers[i].format));
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    for (size_t i = 0; i < w->n_buffers; i++) free(w->buffers[i].data);
    outputs_release(&w->outputs);
    free(w);
}

const struct cb_kernel cb_suite_norm[] = {
#define PASS(title, shapes, accepts, ...)                                                                              \
    {.name = title,                                                                                                    \
     .form = &shapes,                                                                                                  \
     .takes = accepts,                                                                                                 \
     .implement = implement,                                                                                           \
     .setup = setup,                                                                                                   \
     .prepare = prepare,                                                                                               \
     .verify = verify,                                                                                                 \
     .run = run,                                                                                                       \
     .buffers = buffers,                                                                                               \
     .release = release},
    PASSES(PASS)
#undef PASS
        {0}};
