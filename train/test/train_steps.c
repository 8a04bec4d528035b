/* train_steps: the first iterations of a training with nothing but libkernels, the model and the CIFAR reader, so that
 * it also runs cross-compiled under qemu. Writes the stream that weights_sha256 hashes (every tensor, in order,
 * little-endian F32) and prints each loss. train_steps DIR DEPTH BATCH ITERATIONS ISA THREADS OUTPUT      (DIR holds
 * data_batch_1.bin) Settings: option B, torch03, seed 1, shuffle, flip+crop+reflect, the notebook's normalisation, lr
 * 0.1, momentum 0.9, weight decay 1e-4: the same as `cyclebench train smoke` with these values. */
#include <stdio.h>
#include <stdlib.h>

#include "loop/feed.h"

static int fail(const char *text)
{
    fprintf(stderr, "train_steps: %s\n", text);
    return 1;
}

static size_t number(const char *text)
{
    return (size_t)strtoul(text, NULL, 10);
}

static void train(struct cb_model *model, struct cb_team *team, const struct cb_feed *feed, size_t batch,
                  size_t iterations)
{
    size_t n = feed->images->n, per_epoch = (n + batch - 1) / batch;
    uint32_t *order = malloc(n * sizeof *order);
    uint8_t labels[CB_MAX_BATCH];
    for (size_t k = 0; order && k < iterations; k++) {
        uint32_t epoch = (uint32_t)(k / per_epoch);
        size_t first = k % per_epoch * batch, len = n - first < batch ? n - first : batch, correct;
        if (first == 0) cb_epoch_order(feed->seed, epoch, 1, n, order);
        cb_feed_batch(feed, team, model, order + first, len, epoch, 1, labels);
        double loss;
        cb_model_train_step(model, team, len, labels, &loss, &correct);
        cb_model_update(model, team, 0.1f, 0.9f, 1e-4f, 0);
        printf("%zu %.9g\n", k, loss);
    }
    free(order);
}

static int write_weights(const struct cb_model *model, const char *path)
{
    FILE *f = fopen(path, "wb");
    if (!f) return fail("cannot write the output");
    static float data[64 * 64 * 9];
    int ok = 1;
    for (size_t i = 0; i < cb_model_tensor_count(model); i++) {
        size_t len = cb_model_tensor(model, i)->len;
        cb_model_export(model, i, CB_VALUE, data);
        ok &= fwrite(data, sizeof *data, len, f) == len;
    }
    return fclose(f) == 0 && ok ? 0 : fail("cannot write the output");
}

int main(int argc, char **argv)
{
    if (argc != 9) return fail("usage: train_steps DIR NUMERICS DEPTH BATCH ITERATIONS ISA THREADS OUTPUT") + 1;
    struct cb_error err;
    struct cb_network network = {
        .depth = number(argv[3]), .shortcut = 'B', .init = CB_INIT_TORCH03, .numerics = cb_numerics_find(argv[2])};
    size_t batch = number(argv[4]);
    struct cb_images images = {0};
    struct cb_feed feed = {.images = &images, .seed = 1, .augmentation = {.flip = 1, .crop = 1, .pad = CB_PAD_REFLECT}};
    cb_image_table((double[3]){0.4914, 0.48216, 0.44653}, (double[3]){0.24703, 0.24349, 0.26159}, feed.table);
    struct cb_team *team;
    struct cb_model *model;
    if (cb_isa_select(argv[6], &err) != CB_OK) return fail(err.text);
    if (cb_cifar_read(&images, argv[1], cb_cifar_train_files, 1, &err) != CB_OK) return fail(err.text);
    if (cb_team_create(&team, number(argv[7]), cb_model_scratch_bytes(&network), &err) != CB_OK) return fail(err.text);
    if (cb_model_create(&model, &network, batch, &err) != CB_OK) return fail(err.text);
    cb_model_init(model, feed.seed);
    train(model, team, &feed, batch, number(argv[5]));
    int status = write_weights(model, argv[8]);
    cb_model_destroy(model);
    cb_team_destroy(team);
    cb_images_free(&images);
    return status;
}
