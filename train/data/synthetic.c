#include "data/data.h"

#include <string.h>

/* The built-in set. A class has a few patterns of coloured spots; an image is a piece of one of them, mixed with a
 * piece of a pattern of no class, under noise. Integers only, so the bytes are the same on every machine. */

enum { SIDE = CB_IMAGE_SIDE, AREA = SIDE * SIDE, CLASSES = 10, FILES = 6 };
enum { PATTERNS = 9 /* of a class */, SPOT = 8 /* pixels apart */, GRID = 7 /* spots a side */ };
/* How hard the set is: strengths in 256ths, noise in levels. */
enum { WEAKEST = 40, STRONGEST = 100, MIXED_IN = 100, NOISE = 60 };
static const uint64_t synthetic_seed = 2018;
/* The random numbers of the classes' patterns begin here, far above those of any image. */
static const uint64_t first_pattern = UINT64_C(1) << 60;

struct stream {
    uint64_t seed, image;
    uint32_t block, bits[4];
    int used;
};

static struct stream stream_of(uint64_t seed, uint64_t image)
{
    return (struct stream){.seed = seed, .image = image, .used = 4};
}

/* low .. high, both included */
static int between(struct stream *stream, int low, int high)
{
    if (stream->used == 4) {
        cb_random_bits(stream->seed, CB_RANDOM_SYNTHETIC, stream->block++, stream->image, stream->bits);
        stream->used = 0;
    }
    return low + (int)((uint64_t)stream->bits[stream->used++] * (uint64_t)(high - low + 1) >> 32);
}

/* The class of an image: its place in a permutation of the ten classes drawn for its block of ten images. */
static int class_of(uint64_t seed, uint64_t image)
{
    struct stream stream = stream_of(seed, ~(image / CLASSES));
    int classes[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
        int j = between(&stream, 0, i);
        classes[i] = classes[j];
        classes[j] = i;
    }
    return classes[image % CLASSES];
}

/* Adds a piece of a pattern: the colours of its spots, blended between them, times strength / 256. */
static void add_piece(int canvas[3][AREA], struct stream *place, struct stream *pattern, int strength)
{
    enum { LAST_OFFSET = (GRID - 1) * SPOT - SIDE };
    int left = between(place, 0, LAST_OFFSET), top = between(place, 0, LAST_OFFSET), spot[3][GRID][GRID];
    for (int c = 0; c < 3; c++)
        for (int row = 0; row < GRID; row++)
            for (int column = 0; column < GRID; column++) spot[c][row][column] = between(pattern, -255, 255);
    for (int at = 0; at < AREA; at++) {
        int x = left + at % SIDE, y = top + at / SIDE, right = x % SPOT, down = y % SPOT;
        for (int c = 0; c < 3; c++) {
            const int *upper = &spot[c][y / SPOT][x / SPOT], *lower = &spot[c][y / SPOT + 1][x / SPOT];
            int blend = (SPOT - down) * ((SPOT - right) * upper[0] + right * upper[1]) +
                        down * ((SPOT - right) * lower[0] + right * lower[1]);
            canvas[c][at] += strength * blend / (256 * SPOT * SPOT);
        }
    }
}

static void draw_image(uint64_t seed, uint64_t image, uint8_t *label, uint8_t *pixels)
{
    int canvas[3][AREA] = {0}, class = class_of(seed, image);
    struct stream stream = stream_of(seed, image);
    int number = class * PATTERNS + between(&stream, 0, PATTERNS - 1);
    struct stream pattern = stream_of(seed, first_pattern + (uint64_t)number);
    add_piece(canvas, &stream, &pattern, between(&stream, WEAKEST, STRONGEST));
    add_piece(canvas, &stream, &stream, between(&stream, 0, MIXED_IN));
    for (int c = 0; c < 3; c++) {
        for (int at = 0; at < AREA; at++) {
            int value = 128 + canvas[c][at] + between(&stream, -NOISE, NOISE);
            pixels[c * AREA + at] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
    *label = (uint8_t) class;
}

enum cb_status cb_synthetic_draw(struct cb_images *images, uint64_t seed, uint64_t first, size_t n,
                                 struct cb_error *err)
{
    enum cb_status status = cb_images_reserve(images, n, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < n; i++, images->n++)
        draw_image(seed, first + i, images->labels + images->n, images->pixels + images->n * CB_IMAGE_PIXELS);
    return CB_OK;
}

/* As CIFAR-10's: files 0 .. 4 are for training, 5 is the test file. */
static uint64_t first_of_file(size_t file)
{
    return file * UINT64_C(1000000000);
}

enum cb_status cb_synthetic_file(struct cb_images *images, const char *name, size_t n, struct cb_error *err)
{
    const struct cb_dataset *set = &cb_datasets[CB_CIFAR10];
    for (size_t file = 0; file < FILES; file++)
        if (strcmp(name, set->file[file].name) == 0)
            return cb_synthetic_draw(images, synthetic_seed, first_of_file(file), n, err);
    return cb_fail(err, CB_BAD_INPUT, "the synthetic set has no file %s, expected one of %s's", name, set->title);
}

enum cb_status cb_synthetic_draw_some(struct cb_images *images, const char *names, const uint32_t *wanted, size_t count,
                                      struct cb_error *err)
{
    const struct cb_dataset *set = &cb_datasets[CB_CIFAR10];
    const size_t all = cb_dataset_images(set, names);
    enum cb_status status = cb_images_reserve(images, all, err);
    if (status != CB_OK) return status;
    for (size_t i = 0; i < count; i++) {
        size_t place = wanted[i];
        const size_t file = cb_dataset_file_of(set, names, &place);
        draw_image(synthetic_seed, first_of_file(file) + place, images->labels + wanted[i],
                   images->pixels + (size_t)wanted[i] * CB_IMAGE_PIXELS);
    }
    images->n = all;
    return CB_OK;
}

int cb_synthetic_recognise(uint8_t label, const uint8_t *pixels)
{
    for (size_t file = 0; file < FILES; file++) {
        uint8_t own_label, own_pixels[CB_IMAGE_PIXELS];
        draw_image(synthetic_seed, first_of_file(file), &own_label, own_pixels);
        if (own_label == label && memcmp(own_pixels, pixels, sizeof own_pixels) == 0) return 1;
    }
    return 0;
}
