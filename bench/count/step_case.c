/* A training step of a network small enough to be counted by single steps. */
#include <stdlib.h>

#include "bench.h"
#include "counted.h"
#include "model/model.h"

enum { IMAGES = 1, SIDE = 16, CLASSES = 10 };

static const char *numerics_word(size_t i)
{
    return i < CB_NUMERICS_COUNT ? cb_numerics_name((enum cb_numerics)i) : NULL;
}

static const struct cb_shape_key keys[] = {{.name = "numerics", .word = numerics_word}};
static const struct cb_shape_form form = {.name = "small_step", .keys = keys, .n_keys = 1};

/* Two stages of one block, both shortcuts' kind: the stem, 3x3 of both strides, the 1x1 of option B. */
static struct cb_network network_of(const struct cb_shape *shape)
{
    return (struct cb_network){.stages = 2,
                               .blocks = {1, 1},
                               .widths = {16, 32},
                               .side = SIDE,
                               .classes = CLASSES,
                               .shortcut = 'B',
                               .init = CB_INIT_TORCH03,
                               .numerics = (enum cb_numerics)shape->value[0]};
}

struct work {
    struct cb_team *team;
    struct cb_model *model;
    uint8_t labels[IMAGES];
};

static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    bool bf16 = the_case->shape->value[0] >= CB_BF16_BACKWARD;
    cb_add_ours(the_case, available, "", 0, &(struct cb_cost){.images = IMAGES}, bf16);
}

static size_t scratch_bytes(const struct cb_shape *shape)
{
    struct cb_network network = network_of(shape);
    return cb_model_scratch_bytes(&network);
}

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a step");
    w->team = team;
    struct cb_network network = network_of(the_case->shape);
    enum cb_status status = cb_model_create(&w->model, &network, IMAGES, err);
    if (status) return status;
    cb_model_init(w->model, 1);
    cb_fill_random(team, 1, CB_F32, cb_model_input(w->model), (size_t)IMAGES * 3 * SIDE * SIDE);
    return CB_OK;
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
    const struct cb_step_options options = {
        .n = IMAGES, .labels = w->labels, .lr = 0.01f, .momentum = 0.9f, .weight_decay = 1e-4f};
    cb_model_train_step(w->model, w->team, &options);
    cb_model_update(w->model, w->team, &options);
    return CB_OK;
}

static void release(void *work)
{
    struct work *w = work;
    if (w) cb_model_destroy(w->model);
    free(w);
}

const struct cb_kernel cb_suite_small_step[] = {{.name = "step/resnet6",
                                                 .form = &form,
                                                 .implement = implement,
                                                 .scratch_bytes = scratch_bytes,
                                                 .setup = setup,
                                                 .prepare = prepare,
                                                 .run = run,
                                                 .release = release},
                                                {0}};
