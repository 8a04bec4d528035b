#include "data/data.h"

#include <math.h>
#include <string.h>

/* The built-in set: ten shapes, each under a random position, size, rotation, stretch, colours, stripes, clutter and
 * noise, so that neither colour nor any linear template tells the class, yet a small convolutional network learns it.
 *
 * Same bytes on every machine: float arithmetic with + - * / and sqrt only (each exactly rounded), no libm, no
 * contraction, one order. A shape is a signed distance function (negative inside) over coordinates of about -1 .. 1;
 * the distance in pixels at a pixel's centre gives the covered share of its area, which smooths the edges. */

const char *const cb_synthetic_classes[10] = {"disc", "triangle", "square", "cross", "ring",
                                              "star", "crescent", "bars",   "elbow", "tee"};

enum { SIDE = CB_IMAGE_SIDE, AREA = SIDE * SIDE, CLASSES = 10 };
static const uint64_t synthetic_seed = 2018;

/* --- random numbers: one stream an image --- */
struct stream {
    uint64_t seed, image;
    uint32_t block, bits[4];
    int used;
};

static uint32_t next_bits(struct stream *stream)
{
    if (stream->used == 4) {
        cb_random_bits(stream->seed, CB_RANDOM_SYNTHETIC, stream->block++, stream->image, stream->bits);
        stream->used = 0;
    }
    return stream->bits[stream->used++];
}

static float between(struct stream *stream, float low, float high)
{
    return low + (high - low) * cb_random_unit(next_bits(stream));
}

static int below(struct stream *stream, int limit)
{
    return (int)((uint64_t)next_bits(stream) * (uint64_t)limit >> 32);
}

/* --- signed distances --- */
static float length(float u, float v)
{
    return sqrtf(u * u + v * v);
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

static float box(float u, float v, float half_width, float half_height)
{
    return larger(fabsf(u) - half_width, fabsf(v) - half_height);
}

static float disc(float u, float v)
{
    return length(u, v) - 0.85f;
}

static float triangle(float u, float v)
{
    float sides = fabsf(u) * 0.8660254f - v * 0.5f;
    return larger(sides, v) - 0.55f;
}

static float square(float u, float v)
{
    return box(u, v, 0.75f, 0.75f);
}

static float cross(float u, float v)
{
    return smaller(box(u, v, 0.95f, 0.3f), box(u, v, 0.3f, 0.95f));
}

static float ring(float u, float v)
{
    return fabsf(length(u, v) - 0.72f) - 0.22f;
}

/* A pentagram is what lies inside at least four of the five lines through its edges. */
static float star(float u, float v)
{
    static const float normal[5][2] = {{0.0f, 1.0f},
                                       {0.95105652f, 0.30901699f},
                                       {0.58778525f, -0.80901699f},
                                       {-0.58778525f, -0.80901699f},
                                       {-0.95105652f, 0.30901699f}};
    float first = -INFINITY, second = -INFINITY;
    for (int i = 0; i < 5; i++) {
        float d = normal[i][0] * u + normal[i][1] * v;
        second = larger(second, smaller(first, d));
        first = larger(first, d);
    }
    return second - 0.36f;
}

static float crescent(float u, float v)
{
    return larger(length(u, v) - 0.95f, 0.8f - length(u - 0.5f, v));
}

static float bars(float u, float v)
{
    return box(u, fabsf(v) - 0.5f, 0.9f, 0.24f);
}

static float elbow(float u, float v)
{
    return smaller(box(u + 0.62f, v, 0.24f, 0.9f), box(u, v - 0.66f, 0.86f, 0.24f));
}

static float tee(float u, float v)
{
    return smaller(box(u, v - 0.62f, 0.95f, 0.25f), box(u, v + 0.15f, 0.25f, 0.85f));
}

typedef float distance_fn(float u, float v);
static distance_fn *const shapes[CLASSES] = {disc, triangle, square, cross, ring, star, crescent, bars, elbow, tee};

/* --- painting --- */
struct canvas {
    float pixel[3][AREA];
};

struct paint {
    float colour[3];
    float along_u, along_v, phase, depth; /* stripes: a triangle wave over the layer's own coordinates */
};

struct pose {
    float x, y, cosine, sine, scale_u, scale_v; /* centre and scales in pixels */
};

static float triangle_wave(float t)
{
    t -= (float)(int)t; /* callers keep t >= 0 */
    return 4.0f * fabsf(t - 0.5f) - 1.0f;
}

/* Uniform enough and without sin or cos: t = tan(angle / 2) within 45 degrees either way, then a random quarter turn.
 */
static void random_rotation(struct stream *stream, struct pose *pose)
{
    float t = between(stream, -0.41421356f, 0.41421356f), norm = 1.0f + t * t;
    float cosine = (1.0f - t * t) / norm, sine = 2.0f * t / norm;
    int turns = below(stream, 4);
    pose->cosine = turns == 0 ? cosine : turns == 1 ? -sine : turns == 2 ? -cosine : sine;
    pose->sine = turns == 0 ? sine : turns == 1 ? cosine : turns == 2 ? -sine : -cosine;
}

static void random_paint(struct stream *stream, struct paint *paint, float depth)
{
    for (int c = 0; c < 3; c++) paint->colour[c] = between(stream, 20.0f, 235.0f);
    paint->along_u = between(stream, 0.0f, 1.5f);
    paint->along_v = between(stream, 0.0f, 1.5f);
    paint->phase = between(stream, 8.0f, 9.0f); /* positive wherever a layer is painted */
    paint->depth = between(stream, -depth, depth);
}

static float contrast(const struct paint *a, const struct paint *b)
{
    float sum = 0.0f;
    for (int c = 0; c < 3; c++) sum += (a->colour[c] - b->colour[c]) * (a->colour[c] - b->colour[c]);
    return sqrtf(sum);
}

static void paint_pixel(struct canvas *canvas, int at, const struct paint *paint, float u, float v, float share)
{
    float wave = paint->depth * triangle_wave(paint->along_u * u + paint->along_v * v + paint->phase);
    for (int c = 0; c < 3; c++) {
        float *pixel = &canvas->pixel[c][at];
        *pixel += share * (paint->colour[c] + wave - *pixel);
    }
}

static int clamp_to_side(float position)
{
    return position < 0.0f ? 0 : position > (float)SIDE ? SIDE : (int)position;
}

static void paint_layer(struct canvas *canvas, const struct pose *pose, const struct paint *paint,
                        distance_fn *distance)
{
    float pixels = smaller(pose->scale_u, pose->scale_v), reach = 1.3f * larger(pose->scale_u, pose->scale_v) + 1.0f;
    int top = clamp_to_side(pose->y - reach), bottom = clamp_to_side(pose->y + reach + 1.0f);
    int left = clamp_to_side(pose->x - reach), right = clamp_to_side(pose->x + reach + 1.0f);
    for (int row = top; row < bottom; row++) {
        for (int column = left; column < right; column++) {
            float x = (float)column + 0.5f - pose->x, y = (float)row + 0.5f - pose->y;
            float u = (pose->cosine * x + pose->sine * y) / pose->scale_u;
            float v = (pose->cosine * y - pose->sine * x) / pose->scale_v;
            float share = 0.5f - pixels * distance(u, v);
            if (share > 0.0f) paint_pixel(canvas, row * SIDE + column, paint, u, v, smaller(share, 1.0f));
        }
    }
}

/* Two colours that blend across the image, with stripes. */
static void paint_background(struct stream *stream, struct canvas *canvas, struct paint *mean)
{
    struct paint from, to;
    struct pose pose = {.x = 0.5f * SIDE, .y = 0.5f * SIDE};
    random_rotation(stream, &pose);
    random_paint(stream, &from, 30.0f);
    random_paint(stream, &to, 0.0f);
    for (int c = 0; c < 3; c++) {
        to.colour[c] = 0.6f * from.colour[c] + 0.4f * to.colour[c];
        mean->colour[c] = 0.5f * (from.colour[c] + to.colour[c]);
    }
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            float x = (float)column + 0.5f - pose.x, y = (float)row + 0.5f - pose.y;
            float u = (pose.cosine * x + pose.sine * y) / 24.0f, v = (pose.cosine * y - pose.sine * x) / 24.0f;
            float wave = from.depth * triangle_wave(2.0f * (from.along_u * u + from.along_v * v) + from.phase);
            for (int c = 0; c < 3; c++)
                canvas->pixel[c][row * SIDE + column] =
                    from.colour[c] + (u + 0.5f) * (to.colour[c] - from.colour[c]) + wave;
        }
    }
}

static float stroke(float u, float v)
{
    return box(u, v, 1.0f, 1.0f);
}

static void paint_strokes(struct stream *stream, struct canvas *canvas, int count)
{
    for (int i = 0; i < count; i++) {
        struct pose pose = {.x = between(stream, 0.0f, SIDE), .y = between(stream, 0.0f, SIDE)};
        struct paint paint;
        random_rotation(stream, &pose);
        random_paint(stream, &paint, 0.0f);
        pose.scale_u = between(stream, 1.0f, 6.0f);
        pose.scale_v = between(stream, 0.4f, 1.0f);
        paint_layer(canvas, &pose, &paint, stroke);
    }
}

static void paint_shape(struct stream *stream, struct canvas *canvas, int class, const struct paint *background)
{
    struct pose pose = {.x = between(stream, 11.0f, 21.0f), .y = between(stream, 11.0f, 21.0f)};
    struct paint paint;
    random_rotation(stream, &pose);
    float scale = between(stream, 7.5f, 12.0f), stretch = between(stream, 0.85f, 1.15f);
    pose.scale_u = scale * stretch;
    pose.scale_v = scale / stretch;
    do random_paint(stream, &paint, 30.0f);
    while (contrast(&paint, background) < 95.0f);
    paint_layer(canvas, &pose, &paint, shapes[class]);
}

/* Adds noise of the sum of two uniform bytes and rounds to 0 .. 255. */
static void develop(struct stream *stream, const struct canvas *canvas, uint8_t *pixels)
{
    float strength = between(stream, 0.02f, 0.10f);
    for (int c = 0; c < 3; c++) {
        for (int at = 0; at < AREA; at += 2) {
            uint32_t bits = next_bits(stream);
            for (int half = 0; half < 2; half++, bits >>= 16) {
                int noise = (int)(bits & 255) + (int)(bits >> 8 & 255) - 255;
                float value = canvas->pixel[c][at + half] + strength * (float)noise + 0.5f;
                pixels[c * AREA + at + half] = (uint8_t)(value < 0.0f ? 0.0f : value > 255.0f ? 255.0f : value);
            }
        }
    }
}

/* The class of an image: its place in a permutation of the ten classes drawn for its block of ten images. */
static int class_of(uint64_t seed, uint64_t image)
{
    struct stream stream = {.seed = seed, .image = ~(image / CLASSES), .used = 4};
    int classes[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
        int j = below(&stream, i + 1);
        classes[i] = classes[j];
        classes[j] = i;
    }
    return classes[image % CLASSES];
}

static void draw_image(uint64_t seed, uint64_t image, uint8_t *label, uint8_t *pixels)
{
    struct stream stream = {.seed = seed, .image = image, .used = 4};
    struct canvas canvas;
    struct paint background;
    int class = class_of(seed, image);
    paint_background(&stream, &canvas, &background);
    paint_strokes(&stream, &canvas, 2 + below(&stream, 4));
    paint_shape(&stream, &canvas, class, &background);
    paint_strokes(&stream, &canvas, below(&stream, 2));
    develop(&stream, &canvas, pixels);
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

/* File 0 .. 4: for training, 5: the test file. The numbers of two files never meet. */
static uint64_t first_of_file(size_t file)
{
    return file * UINT64_C(1000000000);
}

enum cb_status cb_synthetic_file(struct cb_images *images, const char *name, size_t n, struct cb_error *err)
{
    for (size_t file = 0; file < 6; file++)
        if (strcmp(name, file < 5 ? cb_cifar_train_files[file] : cb_cifar_test_file) == 0)
            return cb_synthetic_draw(images, synthetic_seed, first_of_file(file), n, err);
    return cb_fail(err, CB_BAD_INPUT,
                   "the synthetic set has no file %s, expected data_batch_1.bin .. data_batch_5.bin or %s", name,
                   cb_cifar_test_file);
}

int cb_synthetic_recognise(uint8_t label, const uint8_t *pixels)
{
    for (size_t file = 0; file < 6; file++) {
        uint8_t own_label, own_pixels[CB_IMAGE_PIXELS];
        draw_image(synthetic_seed, first_of_file(file), &own_label, own_pixels);
        if (own_label == label && memcmp(own_pixels, pixels, sizeof own_pixels) == 0) return 1;
    }
    return 0;
}
