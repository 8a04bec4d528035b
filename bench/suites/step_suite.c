/* A whole training step of a CIFAR ResNet: forward, loss, backward, SGD. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "suites.h"
#include "data/data.h"
#include "instruments.h"
#include "kernels.h"
#include "loop/feed.h"
#include "model/model.h"
#include "outputs.h"
#include "torch_side.h"

/* --- shapes --- */

static const size_t depths[] = {20, 32, 44, 56, 110};

static const char *depth_word(size_t i)
{
    static const char *const words[] = {"20", "32", "44", "56", "110"};
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static const char *shortcut_word(size_t i)
{
    static const char *const words[] = {"A", "B"};
    return i < 2 ? words[i] : NULL;
}

static const char *numerics_word(size_t i)
{
    return i < CB_NUMERICS_COUNT ? cb_numerics_name((enum cb_numerics)i) : NULL;
}

enum { DEPTH, SHORTCUT, NUMERICS, BATCH };
static const struct cb_shape_key keys[] = {
    [DEPTH] = {.name = "depth", .word = depth_word},
    [SHORTCUT] = {.name = "shortcut", .word = shortcut_word, .optional = true, .if_missing = 1},
    [NUMERICS] = {.name = "numerics", .word = numerics_word, .optional = true, .if_missing = CB_FP32_WINOGRAD},
    [BATCH] = {.name = "batch", .min = 1, .max = CB_MAX_BATCH, .step = 1},
};
static const struct cb_shape_form form = {.name = "step", .keys = keys, .n_keys = sizeof keys / sizeof *keys};

static struct cb_network network_of(const struct cb_shape *s)
{
    struct cb_network network = cb_network_resnet(depths[s->value[DEPTH]]);
    network.shortcut = *shortcut_word(s->value[SHORTCUT]);
    network.init = CB_INIT_TORCH03;
    network.numerics = (enum cb_numerics)s->value[NUMERICS];
    return network;
}

/* --- cost, for one image --- */

/* Multiply-adds of one forward pass by direct convolution: in 3x3 layers of stride 1 behind the first, and elsewhere.
 */
static void network_macs(const struct cb_network *network, double *inner, double *other)
{
    double n = (double)network->blocks[0];
    *inner = 2 * n * 16 * 16 * 9 * 1024;
    *other = 3 * 16 * 9 * 1024 + 64 * 10;
    for (double c = 16, map = 256; c < 64; c *= 2, map /= 4) {
        *inner += (2 * n - 1) * 4 * c * c * 9 * map;
        *other += c * 2 * c * 9 * map;
        if (network->shortcut == 'B') *other += c * 2 * c * map;
    }
}

/* Winograd's F(4x4, 3x3) multiplies a quarter as often; its transforms are not counted. */
static struct cb_cost cost_of(const struct cb_network *network, double batch)
{
    double inner, other;
    network_macs(network, &inner, &other);
    bool stored_bf16 = network->numerics == CB_BF16_STORAGE || network->numerics == CB_BF16_ALL;
    double passes = 2 * batch, winograd = network->numerics == CB_FP32_DIRECT ? inner : inner / 4;
    enum cb_format forward = network->numerics == CB_BF16_ALL ? CB_BF16 : CB_F32;
    enum cb_format backward = network->numerics >= CB_BF16_BACKWARD ? CB_BF16 : CB_F32;
    struct cb_cost cost = {
        .images = batch, .flops = 3 * passes * (inner + other), .least_flops = {[CB_F32] = 3 * passes * other}};
    cost.least_flops[forward] += passes * winograd;
    cost.least_flops[backward] += 2 * passes * winograd;
    /* An estimate: each layer's activation written and read forward, read backward, its gradient written and read. */
    cost.bytes = batch * (double)(cb_network_depth(network) - 1) / 3 * 16 * 1024 * (1 + 0.5 + 0.25) * 5 *
                 (double)cb_format_bytes(stored_bf16 ? CB_BF16 : CB_F32);
    return cost;
}

/* PyTorch's algorithms: fp32, and where ours takes bf16 also autocast, its way to bf16. */
enum { TORCH_FP32, TORCH_BF16 };

static void add_torch(struct cb_case *the_case, const struct cb_availability *available, unsigned algorithm,
                      const struct cb_cost *ours)
{
    struct cb_cost cost = *ours;
    cost.least_flops[CB_F32] = cost.least_flops[CB_BF16] = 0;
    cost.least_flops[algorithm == TORCH_BF16 ? CB_BF16 : CB_F32] = cost.flops;
    for (size_t i = 0; i < available->n_peers; i++) {
        if (available->peer[i] != &cb_peer_pytorch) continue;
        struct cb_implementation *torch =
            cb_add_peer(the_case, available, &cb_peer_pytorch, algorithm == TORCH_BF16 ? "bf16" : "", algorithm, &cost);
        if (torch) torch->unverified = "it begins with weights of its own";
    }
}

static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    struct cb_network network = network_of(the_case->shape);
    struct cb_cost cost = cost_of(&network, (double)the_case->shape->value[BATCH]);
    cb_add_ours(the_case, available, "", 0, &cost, network.numerics >= CB_BF16_BACKWARD);
    add_torch(the_case, available, TORCH_FP32, &cost);
    if (network.numerics >= CB_BF16_BACKWARD) add_torch(the_case, available, TORCH_BF16, &cost);
}

static size_t scratch_bytes(const struct cb_shape *shape)
{
    struct cb_network network = network_of(shape);
    return cb_model_scratch_bytes(&network);
}

/* --- work --- */

enum { VERIFY_IMAGES = 4, MODEL_SEED = 1 };

struct work {
    const struct cb_case *the_case;
    struct cb_team *team;
    struct torch_side *torch;
    struct cb_model *model;
    struct cb_images images;
    struct cb_feed feed;
    uint32_t order[CB_MAX_BATCH];
    uint8_t labels[CB_MAX_BATCH];
    size_t batch;
    float *parameters; /* after a step of VERIFY_IMAGES, and the loss */
    struct outputs outputs;
};

static void fill_input(struct work *w, size_t n)
{
    cb_feed_batch(&w->feed, w->team, w->model, w->order, n, 0, 1, w->labels);
}

static double step(struct work *w, size_t n)
{
    const struct cb_step_options options = {
        .n = n, .labels = w->labels, .lr = 0.01f, .momentum = 0.9f, .weight_decay = 1e-4f};
    const struct cb_step_result result = cb_model_train_step(w->model, w->team, &options);
    cb_model_update(w->model, w->team, &options);
    return result.loss;
}

/* From the initial weights, one step of a few images; its loss and the parameters after it. */
static void short_step(struct work *w)
{
    cb_model_init(w->model, MODEL_SEED);
    fill_input(w, VERIFY_IMAGES);
    float *to = w->parameters;
    *to++ = (float)step(w, VERIFY_IMAGES);
    for (size_t i = 0; i < cb_model_tensor_count(w->model); to += cb_model_tensor(w->model, i++)->len)
        cb_model_export(w->model, i, CB_VALUE, to);
}

static enum cb_status create(struct work *w, const struct cb_shape *shape, struct cb_error *err)
{
    struct cb_network network = network_of(shape);
    size_t batch = w->batch > VERIFY_IMAGES ? w->batch : VERIFY_IMAGES, all = 1;
    enum cb_status status = cb_model_create(&w->model, &network, batch, err);
    if (!status) status = cb_synthetic_draw(&w->images, 1, 0, batch, err);
    if (status) return status;
    for (uint32_t i = 0; i < batch; i++) w->order[i] = i;
    w->feed = (struct cb_feed){
        .images = &w->images, .seed = 1, .augmentation = {.flip = 1, .crop = 1, .pad = CB_PAD_REFLECT}};
    cb_image_table((double[3]){0.4914, 0.48216, 0.44653}, (double[3]){0.24703, 0.24349, 0.26159}, w->feed.table);
    for (size_t i = 0; i < cb_model_tensor_count(w->model); i++) all += cb_model_tensor(w->model, i)->len;
    w->parameters = malloc(all * sizeof *w->parameters);
    if (!w->parameters) return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu parameters", all);
    outputs_add(&w->outputs, "loss and parameters after a step", CB_F32, w->parameters, all);
    return CB_OK;
}

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a step");
    w->the_case = the_case;
    w->team = team;
    w->batch = the_case->shape->value[BATCH];
    enum cb_status status = create(w, the_case->shape, err);
    if (status) return status;
    cb_use_isa(CB_ISA_SCALAR);
    short_step(w);
    return outputs_expect(&w->outputs, err);
}

static enum cb_status prepare(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    struct cb_network network = network_of(w->the_case->shape);
    if (!e->peer || w->torch) return CB_OK;
    return torch_side_start(&w->torch, &network, w->batch, w->the_case->threads, err);
}

/* With a few images: the scalar reference needs minutes for a batch. */
static enum cb_status verify(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->peer) return CB_OK;
    short_step(w);
    enum cb_status status = outputs_check(&w->outputs, err);
    cb_model_init(w->model, MODEL_SEED);
    fill_input(w, w->batch);
    return status;
}

static enum cb_status run(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->peer) return torch_side_step(w->torch, e->algorithm == TORCH_BF16, err);
    step(w, w->batch);
    return CB_OK;
}

/* The libraries that are loaded for other cases are in it. */
static double memory_bytes(void *work, const struct cb_implementation *e)
{
    struct work *w = work;
    if (e->peer) return torch_side_memory_bytes(w->torch);
    if (!cb_peak_memory_reset()) return 0;
    step(w, w->batch);
    return (double)cb_peak_memory_bytes();
}

static json_t *operations_of_a_step(const struct cb_model *model, double steps)
{
    size_t rows;
    json_t *operations = json_array();
    const struct cb_model_profile_row *row = cb_model_profile(model, &rows);
    for (size_t i = 0; i < rows; i++)
        if (row[i].calls)
            json_array_append_new(operations, json_pack("{s:s, s:f, s:f, s:f}", "name", row[i].name, "seconds",
                                                        row[i].seconds / steps, "flops", row[i].flops / steps, "calls",
                                                        (double)row[i].calls / steps));
    return operations;
}

static json_t *profile(void *work, const struct cb_implementation *e, size_t calls)
{
    struct work *w = work;
    if (e->peer) return json_null();
    double augmentation_s = cb_now_s(), steps = (double)calls;
    fill_input(w, w->batch);
    augmentation_s = cb_now_s() - augmentation_s;
    step(w, w->batch);
    struct cb_team_times before = cb_team_times(w->team), after;
    cb_model_profile_reset(w->model);
    for (size_t i = 0; i < calls; i++) step(w, w->batch);
    after = cb_team_times(w->team);
    double wall = (after.wall - before.wall) * (double)cb_team_threads(w->team), busy = after.busy - before.busy;
    return json_pack("{s:i, s:o, s:f, s:f, s:f}", "calls", (int)calls, "operations",
                     operations_of_a_step(w->model, steps), "parallel_regions",
                     (double)(after.runs - before.runs) / steps, "waiting_share", wall > 0 ? 1 - busy / wall : 0,
                     "augmentation_seconds", augmentation_s);
}

static const char *label(void *work, const struct cb_implementation *e)
{
    const struct work *w = work;
    return e->peer ? torch_side_about(w->torch) : NULL;
}

static const char *library_version(void *work, const struct cb_implementation *e)
{
    const struct work *w = work;
    return e->peer && w->torch ? torch_side_version(w->torch) : NULL;
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    torch_side_stop(w->torch);
    cb_model_destroy(w->model);
    cb_images_free(&w->images);
    free(w->parameters);
    outputs_release(&w->outputs);
    free(w);
}

const struct cb_kernel cb_suite_step[] = {{
                                              .name = "step",
                                              .form = &form,
                                              .implement = implement,
                                              .scratch_bytes = scratch_bytes,
                                              .setup = setup,
                                              .prepare = prepare,
                                              .verify = verify,
                                              .run = run,
                                              .memory_bytes = memory_bytes,
                                              .profile = profile,
                                              .label = label,
                                              .library_version = library_version,
                                              .release = release,
                                          },
                                          {0}};
