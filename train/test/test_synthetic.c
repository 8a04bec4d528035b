/* The built-in set: pinned, balanced, not for linear models. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/data.h"
#include "test/hash.h"
static void synthetic_is_pinned(void **state)
{
    (void)state;
    struct cb_images images = {0}, slice = {0};
    assert_int_equal(cb_synthetic_draw(&images, 2018, 0, 200, NULL), CB_OK);
    uint64_t hash = fnv1a(fnv1a_start, images.labels, images.n);
    hash = fnv1a(hash, images.pixels, images.n * CB_IMAGE_PIXELS);
    assert_hash(hash, UINT64_C(0x9a55b30d41072df1));
    /* An image depends on its number alone. */
    assert_int_equal(cb_synthetic_draw(&slice, 2018, 57, 5, NULL), CB_OK);
    assert_memory_equal(slice.pixels, images.pixels + 57 * CB_IMAGE_PIXELS, 5 * CB_IMAGE_PIXELS);
    assert_memory_equal(slice.labels, images.labels + 57, 5);
    assert_int_equal(cb_synthetic_draw(&slice, 2019, 57, 5, NULL), CB_OK);
    assert_int_equal(slice.n, 10);
    assert_memory_not_equal(slice.pixels + 5 * CB_IMAGE_PIXELS, slice.pixels, 5 * CB_IMAGE_PIXELS);
    cb_images_free(&images);
    cb_images_free(&slice);
}

static void synthetic_is_balanced(void **state)
{
    (void)state;
    struct cb_images images = {0};
    struct cb_error err;
    assert_int_equal(cb_synthetic_file(&images, "data_batch_3.bin", 300, NULL), CB_OK);
    assert_int_equal(cb_synthetic_file(&images, "test_batch.bin", 300, NULL), CB_OK);
    size_t fixed = 0;
    for (size_t block = 0; block < 60; block++) {
        unsigned seen = 0;
        for (size_t i = 0; i < 10; i++) {
            seen |= 1u << images.labels[block * 10 + i];
            fixed += images.labels[block * 10 + i] == i;
        }
        assert_int_equal(seen, 0x3ff);
    }
    assert_in_range(fixed, 30, 90); /* 60 expected: the order within a block is drawn too */
    assert_int_equal(cb_synthetic_file(&images, "data_batch_6.bin", 300, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "data_batch_6.bin"));
    assert_int_equal(images.n, 600);
    cb_images_free(&images);
}

static void synthetic_is_recognised(void **state)
{
    (void)state;
    struct cb_images images = {0};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(cb_synthetic_file(
                             &images, i ? cb_dataset_test_file(&cb_datasets[CB_CIFAR10]) : "data_batch_4.bin", 3, NULL),
                         CB_OK);
    assert_true(cb_synthetic_recognise(images.labels[0], images.pixels));
    assert_true(cb_synthetic_recognise(images.labels[3], images.pixels + 3 * CB_IMAGE_PIXELS));
    assert_false(cb_synthetic_recognise((uint8_t)((images.labels[0] + 1) % 10), images.pixels));
    images.pixels[CB_IMAGE_PIXELS - 1] ^= 1;
    assert_false(cb_synthetic_recognise(images.labels[0], images.pixels));
    cb_images_free(&images);
}

/* Some of the images of several files, in their places. */
static void some_are_drawn(void **state)
{
    (void)state;
    static const uint32_t wanted[] = {10002, 3, 20001, 9999};
    static const char *const files[] = {"data_batch_2.bin", "data_batch_4.bin", "data_batch_1.bin"};
    struct cb_images some = {0}, whole = {0};
    assert_int_equal(
        cb_synthetic_draw_some(&some, "data_batch_2.bin, data_batch_4.bin,data_batch_1.bin", wanted, 4, NULL), CB_OK);
    assert_int_equal(some.n, 30000);
    for (size_t i = 0; i < 4; i++) {
        const size_t file = wanted[i] / 10000, place = wanted[i] % 10000;
        whole.n = 0;
        assert_int_equal(cb_synthetic_file(&whole, files[file], place + 1, NULL), CB_OK);
        assert_int_equal(some.labels[wanted[i]], whole.labels[place]);
        assert_memory_equal(some.pixels + (size_t)wanted[i] * CB_IMAGE_PIXELS, whole.pixels + place * CB_IMAGE_PIXELS,
                            CB_IMAGE_PIXELS);
    }
    cb_images_free(&some);
    cb_images_free(&whole);
}

/* Softmax regression on pixels, plain stochastic gradient descent; returns the share of right answers on the images
 * after the first `train`. */
static double linear_accuracy(const struct cb_images *images, size_t train, int epochs)
{
    enum { CLASSES = 10, INPUTS = CB_IMAGE_PIXELS };
    double(*weight)[CLASSES] = calloc(INPUTS + 1, sizeof *weight);
    assert_non_null(weight);
    size_t right = 0;
    for (int epoch = 0; epoch <= epochs; epoch++) { /* the last round only tests */
        size_t from = epoch < epochs ? 0 : train, to = epoch < epochs ? train : images->n;
        for (size_t i = from; i < to; i++) {
            const uint8_t *pixel = images->pixels + i * INPUTS;
            double score[CLASSES], sum = 0.0, best;
            size_t answer = 0;
            memcpy(score, weight[INPUTS], sizeof score);
            for (size_t p = 0; p < INPUTS; p++)
                for (size_t k = 0; k < CLASSES; k++) score[k] += (pixel[p] - 127.5) / 64.0 * weight[p][k];
            for (size_t k = 1; k < CLASSES; k++)
                if (score[k] > score[answer]) answer = k;
            right += epoch == epochs && answer == images->labels[i];
            if (epoch == epochs) continue;
            best = score[answer];
            for (size_t k = 0; k < CLASSES; k++) sum += score[k] = exp(score[k] - best);
            double rate = 2e-4 * (1.0 - (double)epoch / epochs);
            for (size_t k = 0; k < CLASSES; k++) score[k] = rate * ((k == images->labels[i]) - score[k] / sum);
            for (size_t p = 0; p < INPUTS; p++)
                for (size_t k = 0; k < CLASSES; k++) weight[p][k] += (pixel[p] - 127.5) / 64.0 * score[k];
            for (size_t k = 0; k < CLASSES; k++) weight[INPUTS][k] += score[k];
        }
    }
    free(weight);
    return (double)right / (double)(images->n - train);
}

static void synthetic_defeats_a_linear_model(void **state)
{
    (void)state;
    enum { TRAIN = 5000, TEST = 1000 };
    struct cb_images images = {0};
    assert_int_equal(cb_synthetic_draw(&images, 2018, 0, TRAIN + TEST, NULL), CB_OK);
    double accuracy = linear_accuracy(&images, TRAIN, 3);
    print_message("# softmax regression on the synthetic set: %.1f %%\n", 100.0 * accuracy);
    assert_true(accuracy < 0.50);
    /* The same regression must learn what is linear: one patch whose brightness gives the class away. */
    for (size_t i = 0; i < images.n; i++)
        for (size_t p = 0; p < 64; p++) images.pixels[i * CB_IMAGE_PIXELS + (images.labels[i] * 64 + p) % 1024] = 255;
    assert_true(linear_accuracy(&images, TRAIN, 2) > 0.90);
    cb_images_free(&images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_is_pinned),
        cmocka_unit_test(synthetic_is_balanced),
        cmocka_unit_test(synthetic_is_recognised),
        cmocka_unit_test(some_are_drawn),
        cmocka_unit_test(synthetic_defeats_a_linear_model),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("synthetic", tests, NULL, NULL);
}
