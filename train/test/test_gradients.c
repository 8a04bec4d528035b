/* The gradients of one step, every entry, against a backward pass in double (double_resnet.c); this one against slopes
 * of the double loss. The checks themselves are fed spoiled gradients, which they must refuse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "double_resnet.h"
#include "pinned_steps.h"

enum { IMAGES = 4, DIRECTIONS = 2 };

/* A model after its first step, its gradients, and the double ones. */
struct fixture {
    struct cb_model *model;
    struct cb_double_tensors weights, exact, got;
    float images[IMAGES * CB_IMAGE_PIXELS];
    uint8_t labels[IMAGES];
};

/* The top left corner of each image. */
static void fill(float *input, const struct cb_images *images, const float *table, size_t side)
{
    for (size_t plane = 0; plane < IMAGES * 3; plane++)
        for (size_t i = 0; i < side * side; i++)
            *input++ = table[plane % 3 * 256 + images->pixels[plane * 1024 + i / side * 32 + i % side]];
}

static void make_network(struct fixture *f, struct cb_network network)
{
    struct cb_images images;
    struct cb_team *team;
    struct cb_error err;
    float table[3 * 256];
    assert_int_equal(pinned_images(&images, IMAGES, &err), CB_OK);
    cb_image_table(PINNED_MEAN, PINNED_STD, table);
    fill(f->images, &images, table, network.side);
    for (size_t i = 0; i < IMAGES; i++) f->labels[i] = (uint8_t)(images.labels[i] * network.classes / 10);
    cb_images_free(&images);
    assert_int_equal(cb_isa_select(NULL, &err), CB_OK);
    assert_int_equal(cb_team_create(&team, 2, cb_model_scratch_bytes(&network), &err), CB_OK);
    assert_int_equal(cb_model_create(&f->model, &network, IMAGES, &err), CB_OK);
    /* A seed with which no ReLU's input lies within a rounding of 0: of another sign there, it would be 1 % of a
     * tensor. */
    cb_model_init(f->model, 3);
    memcpy(cb_model_input(f->model), f->images, sizeof f->images);
    cb_double_read(&f->weights, f->model, CB_VALUE);
    cb_double_read(&f->exact, f->model, CB_GRADIENT);
    cb_model_train_step(f->model, team, &(struct cb_step_options){.n = IMAGES, .labels = f->labels});
    cb_double_read(&f->got, f->model, CB_GRADIENT);
    cb_double_step(f->model, &f->weights, f->images, f->labels, IMAGES, NULL, &f->exact);
    cb_team_destroy(team);
}

static void make(struct fixture *f, char shortcut, enum cb_init init, enum cb_numerics numerics)
{
    make_network(f, pinned_network(shortcut, init, numerics));
}

static void drop(struct fixture *f)
{
    cb_model_destroy(f->model);
    cb_double_free(&f->weights);
    cb_double_free(&f->exact);
    cb_double_free(&f->got);
}

static size_t len_of(const struct fixture *f, size_t t)
{
    const struct cb_model_tensor *tensor = cb_model_tensor(f->model, t);
    return tensor->trained ? tensor->len : 0;
}

static double dot(const double *a, const double *b, size_t len)
{
    double sum = 0;
    for (size_t i = 0; i < len; i++) sum += a[i] * b[i];
    return sum;
}

/* +1 or -1 for each entry, fixed. */
static double sign(uint32_t direction, size_t tensor, size_t i)
{
    uint32_t bits[4];
    cb_random_bits(direction, CB_RANDOM_SYNTHETIC, (uint32_t)tensor, i, bits);
    return bits[0] & 1 ? 1 : -1;
}

/* --- the double backward pass against the double loss ------------------------------------------------------------- */

static void move(struct fixture *f, uint32_t direction, double by)
{
    for (size_t t = 0; t < f->exact.count; t++) {
        size_t len = len_of(f, t);
        double norm = sqrt(dot(f->exact.value[t], f->exact.value[t], len));
        for (size_t i = 0; i < len; i++) f->weights.value[t][i] += by * sign(direction, t, i) / norm;
    }
}

/* Along +-1 over all parameters, each tensor divided by the length of its gradient, so that none hides behind another:
 * each adds about 1 to the slope. Returns the distance between slope and gradient. */
static double slope_distance(struct fixture *f, uint32_t direction)
{
    const double step = 1e-10;
    double expected = 0;
    for (size_t t = 0; t < f->exact.count; t++) {
        size_t len = len_of(f, t);
        double norm = sqrt(dot(f->exact.value[t], f->exact.value[t], len));
        for (size_t i = 0; i < len; i++) expected += f->exact.value[t][i] * sign(direction, t, i) / norm;
    }
    move(f, direction, step);
    double above = cb_double_loss(f->model, &f->weights, f->images, f->labels, IMAGES, NULL);
    move(f, direction, -2 * step);
    double below = cb_double_loss(f->model, &f->weights, f->images, f->labels, IMAGES, NULL);
    move(f, direction, step);
    return fabs((above - below) / (2 * step) - expected);
}

/* Rounding of the loss is 1e-16 / step; where a ReLU's input changes sign on the way, the slope is off by as much as
 * the step. A tenth of one tensor's entries is 0.3 of its part. */
static const double slope_bound = 1e-3;

static void double_gradients_are_slopes_of_the_loss(void **state)
{
    (void)state;
    for (int b = 0; b < 2; b++) {
        static struct fixture f;
        make(&f, b ? 'B' : 'A', b ? CB_INIT_TORCH03 : CB_INIT_HE_FAN_IN, CB_FP32_WINOGRAD);
        for (uint32_t d = 0; d < DIRECTIONS; d++) {
            double distance = slope_distance(&f, d);
            printf("# option %c, direction %u: slope and gradient differ by %.2g\n", b ? 'B' : 'A', d, distance);
            if (!(distance <= slope_bound)) fail_msg("slope and gradient differ by %.3g", distance);
        }
        drop(&f);
    }
}

/* --- the model's gradients against the double ones ---------------------------------------------------------------- */

struct verdict {
    double distance; /* largest |got - exact| / |exact| of a tensor (2-norms) */
    double scale[2]; /* least and largest <got, exact> / <exact, exact> of the tensors of 1000 entries or more */
    size_t missing;  /* entries that are 0 where the exact one is not */
    const char *farthest;
};

static struct verdict judge(const struct fixture *f, const struct cb_double_tensors *got)
{
    struct verdict v = {.scale = {INFINITY, -INFINITY}};
    for (size_t t = 0; t < got->count; t++) {
        size_t len = len_of(f, t);
        if (len == 0) continue;
        const double *g = got->value[t], *e = f->exact.value[t];
        double norm = dot(e, e, len), gap = 0;
        for (size_t i = 0; i < len; i++) {
            gap += (g[i] - e[i]) * (g[i] - e[i]);
            v.missing += g[i] == 0 && e[i] != 0;
        }
        double distance = sqrt(gap / norm), scale = dot(g, e, len) / norm;
        if (!(distance <= v.distance)) {
            v.distance = distance;
            v.farthest = cb_model_tensor(f->model, t)->name;
        }
        if (len < 1000) continue;
        v.scale[0] = fmin(v.scale[0], scale);
        v.scale[1] = fmax(v.scale[1], scale);
    }
    return v;
}

/* What is allowed of a version. fp32: some sqrt(n) roundings of 2^-24 in a sum of n, amplified by the layers above: ten
 * times what is found, a hundredth of the smallest error that must be seen. bf16 rounds each factor by up to 2^-9,
 * which shortens the gradient and turns it; so there single entries are asked only whether they are there. */
static const struct allowed {
    enum cb_numerics numerics;
    double distance, scale[2];
} versions[CB_NUMERICS_COUNT] = {{CB_FP32_DIRECT, 1e-4, {0.9999, 1.0001}},
                                 {CB_FP32_WINOGRAD, 1e-4, {0.9999, 1.0001}},
                                 {CB_BF16_BACKWARD, 0.1, {0.98, 1.02}},
                                 {CB_BF16_STORAGE, 0.6, {0.91, 1.02}},
                                 {CB_BF16_ALL, 0.95, {0.83, 1.02}}};

static int refused(const struct verdict *v, const struct allowed *allowed)
{
    return !(v->distance <= allowed->distance) || !(v->scale[0] >= allowed->scale[0]) ||
           !(v->scale[1] <= allowed->scale[1]) || v->missing > 0;
}

static void every_version_agrees_with_double(void **state)
{
    (void)state;
    for (size_t i = 0; i < CB_NUMERICS_COUNT; i++)
        for (int b = 0; b < 2; b++) {
            static struct fixture f;
            make(&f, b ? 'B' : 'A', b ? CB_INIT_TORCH03 : CB_INIT_HE_FAN_IN, versions[i].numerics);
            struct verdict v = judge(&f, &f.got);
            printf("# %s, option %c: distance %.3g (%s), scale %.5f .. %.5f, missing %zu\n",
                   cb_numerics_name(versions[i].numerics), b ? 'B' : 'A', v.distance, v.farthest, v.scale[0],
                   v.scale[1], v.missing);
            if (refused(&v, &versions[i])) fail_msg("%s: refused", cb_numerics_name(versions[i].numerics));
            drop(&f);
        }
}

/* Other sides, classes, widths and numbers of stages than those of the CIFAR ResNets. */
static void other_shapes_agree_with_double(void **state)
{
    (void)state;
    struct cb_network networks[5];
    for (size_t i = 0; i < 5; i++)
        networks[i] = pinned_network(i % 2 ? 'B' : 'A', CB_INIT_TORCH03, i < 3 ? CB_FP32_WINOGRAD : CB_FP32_DIRECT);
    networks[0].side = 24; /* 6 in the last stage, where Winograd's tiles do not fit */
    networks[1].side = 16;
    networks[2].classes = 100;
    /* The largest map, width and filter are those of the second stage. */
    networks[3] = (struct cb_network){
        .stages = 4, .blocks = {1, 2, 1, 1}, .widths = {16, 96, 32, 48}, .side = 16, .classes = 100, .shortcut = 'B'};
    networks[4].side = 12;
    for (size_t i = 0; i < 5; i++) {
        static struct fixture f;
        make_network(&f, networks[i]);
        struct verdict v = judge(&f, &f.got);
        printf("# side %zu, %zu classes, %zu stages, %s: distance %.3g (%s)\n", networks[i].side, networks[i].classes,
               networks[i].stages, cb_numerics_name(networks[i].numerics), v.distance, v.farthest);
        if (refused(&v, &versions[networks[i].numerics])) fail_msg("refused");
        drop(&f);
    }
}

/* --- spoiled gradients must be refused ---------------------------------------------------------------------------- */

static void zero_a_tenth(const struct fixture *f, double *g, size_t t)
{
    for (size_t i = 3 % len_of(f, t); i < len_of(f, t); i += 10) g[i] = 0;
}

/* An error of 1 % of the length, at right angles to the gradient. */
static void turn(const struct fixture *f, double *g, size_t t)
{
    size_t len = len_of(f, t);
    double *error = malloc(len * sizeof *error);
    assert_non_null(error);
    for (size_t i = 0; i < len; i++) error[i] = sign(9, t, i);
    double along = dot(error, g, len) / dot(g, g, len);
    for (size_t i = 0; i < len; i++) error[i] -= along * g[i];
    double size = 0.01 * sqrt(dot(g, g, len) / dot(error, error, len));
    for (size_t i = 0; i < len; i++) g[i] += size * error[i];
    free(error);
}

static void stretch(const struct fixture *f, double *g, size_t t)
{
    for (size_t i = 0; i < len_of(f, t); i++) g[i] *= 1.01;
}

static void move_entries(const struct fixture *f, double *g, size_t t)
{
    double first = g[0];
    memmove(g, g + 1, (len_of(f, t) - 1) * sizeof *g);
    g[len_of(f, t) - 1] = first;
}

typedef void spoil_fn(const struct fixture *f, double *g, size_t t);

/* One tensor spoiled, each in turn. */
static void must_refuse(struct fixture *f, const struct allowed *allowed, spoil_fn *spoil, const char *what)
{
    for (size_t t = 0; t < f->got.count; t++) {
        size_t len = len_of(f, t);
        if (len == 0) continue;
        double *saved = malloc(len * sizeof *saved);
        assert_non_null(saved);
        memcpy(saved, f->got.value[t], len * sizeof *saved);
        spoil(f, f->got.value[t], t);
        struct verdict v = judge(f, &f->got);
        if (!refused(&v, allowed))
            fail_msg("%s: %s: %s is not seen (distance %.3g)", cb_numerics_name(allowed->numerics),
                     cb_model_tensor(f->model, t)->name, what, v.distance);
        memcpy(f->got.value[t], saved, len * sizeof *saved);
        free(saved);
    }
}

static void spoiled_gradients_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CB_NUMERICS_COUNT; i++) {
        static struct fixture f;
        make(&f, 'B', CB_INIT_TORCH03, versions[i].numerics);
        must_refuse(&f, &versions[i], zero_a_tenth, "a tenth of the entries set to zero");
        if (versions[i].distance < 0.2) must_refuse(&f, &versions[i], move_entries, "entries moved by one");
        if (versions[i].distance < 0.01) {
            must_refuse(&f, &versions[i], turn, "an error of 1 % at right angles");
            must_refuse(&f, &versions[i], stretch, "1 % too long");
        }
        drop(&f);
    }
}

/* The slopes must see what the double backward pass could leave out. */
static void slopes_refuse_a_spoiled_double_gradient(void **state)
{
    (void)state;
    static struct fixture f;
    make(&f, 'B', CB_INIT_TORCH03, CB_FP32_WINOGRAD);
    static const char *const spoiled[] = {"layer1.1.bn1.bias", "layer2.0.downsample.0.weight", "linear.bias"};
    for (size_t t = 0; t < f.exact.count; t++)
        for (size_t s = 0; s < sizeof spoiled / sizeof *spoiled; s++) {
            if (strcmp(cb_model_tensor(f.model, t)->name, spoiled[s])) continue;
            size_t bytes = len_of(&f, t) * sizeof(double);
            double *saved = malloc(bytes);
            assert_non_null(saved);
            memcpy(saved, f.exact.value[t], bytes);
            zero_a_tenth(&f, f.exact.value[t], t);
            if (slope_distance(&f, 0) <= slope_bound) fail_msg("%s: a tenth set to zero is not seen", spoiled[s]);
            memcpy(f.exact.value[t], saved, bytes);
            turn(&f, f.exact.value[t], t);
            if (slope_distance(&f, 0) <= slope_bound) fail_msg("%s: an error of 1 %% is not seen", spoiled[s]);
            memcpy(f.exact.value[t], saved, bytes);
            free(saved);
        }
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(double_gradients_are_slopes_of_the_loss),
        cmocka_unit_test(slopes_refuse_a_spoiled_double_gradient),
        cmocka_unit_test(every_version_agrees_with_double),
        cmocka_unit_test(other_shapes_agree_with_double),
        cmocka_unit_test(spoiled_gradients_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
