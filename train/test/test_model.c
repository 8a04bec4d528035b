/* The model against an independent pass in double: losses, logits, running statistics; both shortcuts. And what the
 * plan promises: tensors in and out. Its gradients: test_gradients; the same bits for any ISA and thread count:
 * test_pins. */
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

enum { IMAGES = 6, CLASSES = 10 };

struct fixture {
    struct cb_model *model;
    struct cb_team *team;
    float images[IMAGES * CB_IMAGE_PIXELS];
    uint8_t labels[IMAGES];
};

/* Smooth images: class-dependent waves plus noise, so that neither activations nor gradients vanish. */
static void draw_images(struct fixture *f)
{
    for (size_t n = 0; n < IMAGES; n++) {
        f->labels[n] = (uint8_t)(n * 3 % CLASSES);
        for (size_t i = 0; i < CB_IMAGE_PIXELS; i++) {
            uint32_t bits[4];
            cb_random_bits(7, CB_RANDOM_SYNTHETIC, (uint32_t)n, i, bits);
            f->images[n * CB_IMAGE_PIXELS + i] =
                sinf((float)(i % 32) * 0.2f * (float)(n + 1)) + cb_random_unit(bits[0]) - 0.5f;
        }
    }
}

static void make(struct fixture *f, struct cb_network network, size_t threads, const char *isa)
{
    struct cb_error err;
    assert_int_equal(cb_isa_select(isa, &err), CB_OK);
    assert_int_equal(cb_team_create(&f->team, threads, cb_model_scratch_bytes(&network), &err), CB_OK);
    assert_int_equal(cb_model_create(&f->model, &network, IMAGES, &err), CB_OK);
    cb_model_init(f->model, 5);
    draw_images(f);
    memcpy(cb_model_input(f->model), f->images, sizeof f->images);
}

static void drop(struct fixture *f)
{
    cb_model_destroy(f->model);
    cb_team_destroy(f->team);
}

static double norm_of(const float *v, size_t len)
{
    double sum = 0;
    for (size_t i = 0; i < len; i++) sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

static void check_running(const struct fixture *f, const struct cb_double_tensors *w)
{
    for (size_t t = 0; t < w->count; t++) {
        const struct cb_model_tensor *tensor = cb_model_tensor(f->model, t);
        if (tensor->trained) continue;
        float data[64];
        cb_model_export(f->model, t, CB_VALUE, data);
        for (size_t i = 0; i < tensor->len; i++)
            if (!(fabs((double)data[i] - w->value[t][i]) <= 1e-5 * (1 + fabs(w->value[t][i]))))
                fail_msg("%s[%zu]: %.9g, in double %.9g", tensor->name, i, (double)data[i], w->value[t][i]);
    }
}

static void against_double(char shortcut, enum cb_init init, enum cb_numerics numerics)
{
    static struct fixture f;
    make(&f, pinned_network(shortcut, init, numerics), 2, NULL);
    struct cb_double_tensors w, gradient; /* test_gradients looks at this */
    cb_double_read(&w, f.model, CB_VALUE);
    cb_double_read(&gradient, f.model, CB_GRADIENT);
    double logits[IMAGES * CLASSES];
    double loss = cb_model_train_step(f.model, f.team, &(struct cb_step_options){.n = IMAGES, .labels = f.labels}).loss;
    double expected = cb_double_step(f.model, &w, f.images, f.labels, IMAGES, logits, &gradient);
    if (!(fabs(loss - expected) <= 1e-5 * expected)) fail_msg("loss %.9g, in double %.9g", loss, expected);
    for (size_t i = 0; i < IMAGES * CLASSES; i++)
        if (!(fabs((double)cb_model_logits(f.model)[i] - logits[i]) <= 1e-4))
            fail_msg("logit %zu: %.9g, in double %.9g", i, (double)cb_model_logits(f.model)[i], logits[i]);
    check_running(&f, &w);
    cb_double_free(&w);
    cb_double_free(&gradient);
    drop(&f);
}

static void option_a_agrees_with_double(void **state)
{
    (void)state;
    against_double('A', CB_INIT_HE_FAN_IN, CB_FP32_DIRECT);
}

static void option_b_agrees_with_double(void **state)
{
    (void)state;
    against_double('B', CB_INIT_TORCH03, CB_FP32_DIRECT);
}

static void winograd_agrees_with_double(void **state)
{
    (void)state;
    against_double('A', CB_INIT_TORCH03, CB_FP32_WINOGRAD);
    against_double('B', CB_INIT_HE_FAN_IN, CB_FP32_WINOGRAD);
}

/* The gradient of the first step over all parameters, in one array; freed by the caller. */
static float *first_gradient(enum cb_numerics numerics, size_t *len)
{
    static struct fixture f;
    make(&f, pinned_network('B', CB_INIT_TORCH03, numerics), 1, NULL);
    cb_model_train_step(f.model, f.team, &(struct cb_step_options){.n = IMAGES, .labels = f.labels});
    float *all = malloc(cb_model_parameter_count(f.model) * sizeof *all);
    assert_non_null(all);
    *len = 0;
    for (size_t t = 0; t < cb_model_tensor_count(f.model); t++) {
        if (!cb_model_tensor(f.model, t)->trained) continue;
        cb_model_export(f.model, t, CB_GRADIENT, all + *len);
        *len += cb_model_tensor(f.model, t)->len;
    }
    drop(&f);
    return all;
}

/* How far bf16 may turn the gradient; what it does to accuracy only training shows. The angles found are printed. */
static void bf16_keeps_the_direction_of_the_gradient(void **state)
{
    (void)state;
    static const struct {
        enum cb_numerics numerics;
        double cosine;
    } versions[] = {
        {CB_FP32_WINOGRAD, 0.99999}, {CB_BF16_BACKWARD, 0.998}, {CB_BF16_STORAGE, 0.95}, {CB_BF16_ALL, 0.85}};
    size_t len, other_len;
    float *exact = first_gradient(CB_FP32_DIRECT, &len);
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        float *g = first_gradient(versions[i].numerics, &other_len);
        assert_int_equal(len, other_len);
        double dot = 0;
        for (size_t k = 0; k < len; k++) dot += (double)exact[k] * (double)g[k];
        double cosine = dot / (norm_of(exact, len) * norm_of(g, len));
        printf("# %s: cosine with fp32-direct's gradient %.6f\n", cb_numerics_name(versions[i].numerics), cosine);
        if (!(cosine >= versions[i].cosine))
            fail_msg("%s: cosine %.6f", cb_numerics_name(versions[i].numerics), cosine);
        free(g);
    }
    free(exact);
}

/* Losses and gradient of two steps of a network on one instruction set; the gradient has `len` floats. */
static double two_steps(struct cb_network network, const char *isa, size_t threads, float *gradient)
{
    static struct fixture f;
    make(&f, network, threads, isa);
    for (size_t i = 0; i < IMAGES; i++) f.labels[i] = (uint8_t)(17 * i % network.classes);
    const struct cb_step_options options = {
        .n = IMAGES, .labels = f.labels, .lr = 0.1f, .momentum = 0.9f, .weight_decay = 1e-4f};
    cb_model_train_step(f.model, f.team, &options);
    cb_model_update(f.model, f.team, &options);
    const double loss = cb_model_train_step(f.model, f.team, &options).loss;
    for (size_t t = 0; t < cb_model_tensor_count(f.model); t++) {
        if (!cb_model_tensor(f.model, t)->trained) continue;
        cb_model_export(f.model, t, CB_GRADIENT, gradient);
        gradient += cb_model_tensor(f.model, t)->len;
    }
    drop(&f);
    return loss;
}

/* What test_pins shows of the CIFAR ResNets' shapes. */
static void other_shapes_give_the_same_bits(void **state)
{
    (void)state;
    static float expected[300000], got[300000];
    struct cb_network networks[3];
    for (size_t i = 0; i < 3; i++) networks[i] = pinned_network('B', CB_INIT_TORCH03, CB_FP32_WINOGRAD);
    networks[0].side = 24;
    networks[1].side = 16;
    networks[2].classes = 100;
    for (size_t i = 0; i < 3; i++) {
        const double loss = two_steps(networks[i], "scalar", 1, expected);
        assert_true(isfinite(loss));
        for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++) {
            if (!cb_isa_available(isa)) continue;
            memset(got, 0, sizeof got);
            assert_true(two_steps(networks[i], cb_isa_name(isa), isa == CB_ISA_SCALAR ? 3 : 2, got) == loss);
            assert_memory_equal(got, expected, sizeof got);
        }
    }
}

static void tensors_come_back_as_they_went_in(void **state)
{
    (void)state;
    static struct fixture f;
    make(&f, pinned_network('B', CB_INIT_HE_FAN_OUT, CB_FP32_DIRECT), 1, NULL);
    static float in[64 * 64 * 9], out[64 * 64 * 9];
    for (size_t t = 0; t < cb_model_tensor_count(f.model); t++) {
        size_t len = cb_model_tensor(f.model, t)->len;
        for (size_t i = 0; i < len; i++) in[i] = (float)(i + t);
        cb_model_import(f.model, t, CB_VALUE, in);
        cb_model_export(f.model, t, CB_VALUE, out);
        assert_memory_equal(in, out, len * sizeof *in);
    }
    drop(&f);
}

static void known_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        char shortcut;
        size_t parameters, tensors;
    } known[] = {{20, 'A', 269722, 97}, {56, 'A', 853018, 277}, {56, 'B', 855770, 287}, {110, 'A', 1727962, 547}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct cb_model *model;
        struct cb_error err;
        struct cb_network network = cb_network_resnet(known[i].depth);
        network.shortcut = known[i].shortcut;
        assert_int_equal(cb_model_create(&model, &network, 1, &err), CB_OK);
        assert_int_equal(cb_model_parameter_count(model), known[i].parameters);
        assert_int_equal(cb_model_tensor_count(model), known[i].tensors);
        cb_model_destroy(model);
    }
}

/* Each from ResNet-20 by one change; what the message must name. */
static void bad_networks_are_refused(void **state)
{
    (void)state;
    struct cb_network bad[12];
    for (size_t i = 0; i < 12; i++) bad[i] = pinned_network('B', CB_INIT_HE_FAN_IN, CB_FP32_WINOGRAD);
    static const char *const named[12] = {"depths 20 32 44 56 110",
                                          "shortcut",
                                          "1 to 4 stages, got 5",
                                          "54 blocks, got 0",
                                          "54 blocks, got 58",
                                          "stage 2",
                                          "channels",
                                          "got 0",
                                          "multiple of 2, got 15",
                                          "classes",
                                          "classes, got 129",
                                          "multiple of 8"};
    bad[0] = cb_network_resnet(21);
    bad[0].shortcut = 'A';
    bad[0].classes = 10;
    bad[1].shortcut = 'C';
    bad[2].stages = 5;
    bad[3].blocks[1] = 0;
    bad[4].blocks[2] = 52;
    bad[5].shortcut = 'A';
    bad[5].widths[1] = 48;
    bad[6].widths[2] = 60;
    bad[7].side = 0;
    bad[8].side = 30;
    bad[9].classes = 0;
    bad[10].classes = CB_MAX_CLASSES + 1;
    bad[11].side = 24;
    bad[11].numerics = CB_BF16_BACKWARD;
    struct cb_model *model;
    struct cb_error err;
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(cb_model_create(&model, &bad[i], 8, &err), CB_BAD_INPUT);
        assert_null(model);
        if (!strstr(err.text, named[i])) fail_msg("expected \"%s\" in: %s", named[i], err.text);
        assert_true(cb_model_scratch_bytes(&bad[i]) == SIZE_MAX);
    }
    const struct cb_network good = pinned_network('A', CB_INIT_HE_FAN_IN, CB_FP32_DIRECT);
    assert_int_equal(cb_model_create(&model, &good, 0, &err), CB_BAD_INPUT);
    assert_int_equal(cb_model_create(&model, &good, CB_MAX_BATCH + 1, &err), CB_BAD_INPUT);
    assert_null(model);
}

/* Means and deviations of the three initialisations, against their definitions. */
static void initialisations_have_their_spread(void **state)
{
    (void)state;
    static const double expected[] = {
        [CB_INIT_HE_FAN_IN] = 0.058925565, [CB_INIT_HE_FAN_OUT] = 0.058925565, [CB_INIT_TORCH03] = 0.024056261};
    for (enum cb_init init = CB_INIT_HE_FAN_IN; init <= CB_INIT_TORCH03; init++) {
        static struct fixture f;
        make(&f, pinned_network('A', init, CB_FP32_DIRECT), 1, NULL);
        for (size_t t = 0; t < cb_model_tensor_count(f.model); t++) {
            if (strcmp(cb_model_tensor(f.model, t)->name, "layer3.2.conv2.weight")) continue;
            static float w[64 * 64 * 9];
            cb_model_export(f.model, t, CB_VALUE, w);
            double sum = 0, len = (double)cb_model_tensor(f.model, t)->len;
            for (size_t i = 0; i < (size_t)len; i++) sum += (double)w[i];
            double deviation = norm_of(w, (size_t)len) / sqrt(len);
            assert_true(fabs(sum / len) < 4 * expected[init] / sqrt(len));
            assert_true(fabs(deviation / expected[init] - 1) < 0.015);
        }
        drop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sizes),
        cmocka_unit_test(bad_networks_are_refused),
        cmocka_unit_test(tensors_come_back_as_they_went_in),
        cmocka_unit_test(initialisations_have_their_spread),
        cmocka_unit_test(option_a_agrees_with_double),
        cmocka_unit_test(option_b_agrees_with_double),
        cmocka_unit_test(winograd_agrees_with_double),
        cmocka_unit_test(other_shapes_give_the_same_bits),
        cmocka_unit_test(bf16_keeps_the_direction_of_the_gradient),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
