#include "pinned_steps.h"

#include <stdlib.h>
#include <string.h>

#include "loop/feed.h"

const struct pinned_setting pinned_settings[3] = {
    {"A-he", 'A', CB_INIT_HE_FAN_IN, CB_PAD_ZERO, 1, 20, 8, 0.05f, 0.9f, 5e-4f},
    {"B-torch03", 'B', CB_INIT_TORCH03, CB_PAD_REFLECT, 0, 20, 8, 0.1f, 0.9f, 1e-4f},
    {"B-wide", 'B', CB_INIT_HE_FAN_OUT, CB_PAD_REFLECT, 0, 100, 100, 0.1f, 0.9f, 1e-4f},
};

const struct pinned_setting *pinned_setting(const char *name)
{
    for (size_t i = 0; i < sizeof pinned_settings / sizeof *pinned_settings; i++)
        if (!strcmp(pinned_settings[i].name, name)) return &pinned_settings[i];
    return NULL;
}

struct cb_network pinned_network(char shortcut, enum cb_init init, enum cb_numerics numerics)
{
    struct cb_network network = cb_network_resnet(20);
    network.shortcut = shortcut;
    network.init = init;
    network.numerics = numerics;
    return network;
}

static unsigned wave(unsigned x)
{
    x %= 256;
    return x < 128 ? 2 * x : 511 - 2 * x;
}

static void draw(uint32_t image, uint8_t *label, uint8_t *pixels)
{
    uint32_t bits[4];
    cb_random_bits(PINNED_SEED, CB_RANDOM_SYNTHETIC, image, UINT64_MAX, bits);
    unsigned class = bits[0] % 10;
    *label = (uint8_t) class;
    for (unsigned i = 0; i < CB_IMAGE_PIXELS; i++) {
        unsigned row = i / 32 % 32, column = i % 32, channel = i / 1024;
        cb_random_bits(PINNED_SEED, CB_RANDOM_SYNTHETIC, image, i / 4, bits);
        unsigned signal = wave(8 * (row * (class % 4) + column * (class / 4 + 1) + 5 * channel));
        pixels[i] = (uint8_t)((signal + (bits[i % 4] >> 24)) / 2);
    }
}

enum cb_status pinned_images(struct cb_images *images, size_t n, struct cb_error *err)
{
    *images = (struct cb_images){0};
    enum cb_status status = cb_images_reserve(images, n, err);
    if (status != CB_OK) return status;
    for (images->n = 0; images->n < n; images->n++)
        draw((uint32_t)images->n, &images->labels[images->n], images->pixels + images->n * CB_IMAGE_PIXELS);
    return CB_OK;
}

static void step(struct cb_model *model, struct cb_team *team, const struct cb_feed *feed,
                 const struct pinned_setting *setting, size_t k, double *loss)
{
    size_t n = setting->images, per_epoch = (n + setting->batch - 1) / setting->batch;
    size_t first = k % per_epoch * setting->batch, len = n - first < setting->batch ? n - first : setting->batch;
    uint32_t order[PINNED_MAX_IMAGES], epoch = (uint32_t)(k / per_epoch);
    uint8_t labels[PINNED_MAX_IMAGES];
    cb_epoch_order(feed->seed, epoch, 1, n, order);
    cb_feed_batch(feed, team, model, order + first, len, epoch, 1, labels);
    const struct cb_step_options options = {.n = len,
                                            .labels = labels,
                                            .lr = setting->lr,
                                            .momentum = setting->momentum,
                                            .weight_decay = setting->weight_decay,
                                            .nesterov = setting->nesterov};
    *loss = cb_model_train_step(model, team, &options).loss;
    cb_model_update(model, team, &options);
}

static enum cb_status export_all(struct pinned_result *result, const struct cb_model *model, struct cb_error *err)
{
    size_t count = cb_model_tensor_count(model), used = 0;
    for (size_t t = 0; t < count; t++) result->len += cb_model_tensor(model, t)->len;
    result->weights = malloc(result->len * sizeof *result->weights);
    if (!result->weights) return cb_fail(err, CB_NO_MEMORY, "out of memory for the weights");
    for (size_t t = 0; t < count; used += cb_model_tensor(model, t)->len, t++)
        cb_model_export(model, t, CB_VALUE, result->weights + used);
    return CB_OK;
}

enum cb_status pinned_steps(struct pinned_result *result, const struct pinned_setting *setting,
                            enum cb_numerics numerics, size_t steps, const char *isa, size_t threads,
                            struct cb_error *err)
{
    memset(result, 0, sizeof *result);
    if (steps > PINNED_MAX_STEPS) return cb_fail(err, CB_BAD_INPUT, "at most %d steps", PINNED_MAX_STEPS);
    struct cb_network network = pinned_network(setting->shortcut, setting->init, numerics);
    struct cb_images images;
    struct cb_feed feed = {
        .images = &images, .seed = PINNED_SEED, .augmentation = {.flip = 1, .crop = 1, .pad = setting->pad}};
    cb_image_table(PINNED_MEAN, PINNED_STD, feed.table);
    struct cb_team *team = NULL;
    struct cb_model *model = NULL;
    enum cb_status status = cb_isa_select(isa, err);
    if (status != CB_OK || (status = pinned_images(&images, setting->images, err)) != CB_OK) return status;
    status = cb_team_create(&team, threads, cb_model_scratch_bytes(&network), err);
    if (status == CB_OK) status = cb_model_create(&model, &network, setting->batch, err);
    if (status == CB_OK) {
        cb_model_init(model, feed.seed);
        for (size_t k = 0; k < steps; k++) step(model, team, &feed, setting, k, &result->loss[k]);
        status = export_all(result, model, err);
    }
    cb_model_destroy(model);
    cb_team_destroy(team);
    cb_images_free(&images);
    return status;
}

void pinned_result_free(struct pinned_result *result)
{
    free(result->weights);
    result->weights = NULL;
}
