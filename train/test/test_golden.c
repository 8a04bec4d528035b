/* Five SGD steps of ResNet-20 that PyTorch computed in double (../shared/golden). fp32-direct: losses, gradients,
 * weights and logits must be at least as near to them as PyTorch's own float32 is; fp32-winograd, whose transforms
 * round more: within four times that. Skips, saying so, when the golden data or CIFAR-10 are not there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "checkpoint/checkpoint.h"
#include "loop/evaluate.h"
#include "pinned_steps.h"

enum { BATCH = 64, STEPS = 5, EVALUATED = 256, CLASSES = 10 };

static struct {
    double allowed; /* times PyTorch float32's distance */
    const char *dir;
    json_t *expected;
    struct cb_data_source source;
    struct cb_team *team;
    struct cb_model *model;
    struct cb_images train, test;
    struct cb_feed feed;
    double loss[STEPS];
    double grad_distance, after_distance, logit_distance[STEPS], eval_distance;
    char worst_grad[64], worst_after[64];
} g;

static void read_golden(struct cb_safetensors *file, const char *name)
{
    char path[512];
    struct cb_error err;
    snprintf(path, sizeof path, "%s/%s", g.dir, name);
    if (cb_safetensors_read(file, path, &err) != CB_OK) fail_msg("%s", err.text);
}

/* Largest |ours - golden| over the tensor, relative to the tensor's largest golden value; the worst over all trained
 * tensors of the file. */
static double distance(const struct cb_safetensors *file, enum cb_tensor_part part, char worst[64])
{
    double result = 0;
    for (size_t t = 0; t < cb_model_tensor_count(g.model); t++) {
        const struct cb_model_tensor *tensor = cb_model_tensor(g.model, t);
        if (part != CB_VALUE && !tensor->trained) continue;
        const struct cb_tensor *golden = cb_safetensors_find(file, tensor->name);
        assert_non_null(golden);
        assert_int_equal(golden->len, tensor->len);
        static float ours[64 * 64 * 9], theirs[64 * 64 * 9];
        memcpy(theirs, golden->data, golden->bytes);
        cb_model_export(g.model, t, part, ours);
        double largest = 0, gap = 0;
        for (size_t i = 0; i < tensor->len; i++) {
            largest = fmax(largest, fabs((double)theirs[i]));
            gap = fmax(gap, fabs((double)ours[i] - (double)theirs[i]));
        }
        if (!(gap / largest <= result)) {
            result = gap / largest;
            memcpy(worst, tensor->name, 64);
        }
    }
    return result;
}

static double logit_distance(const struct cb_safetensors *file, const char *name, const float *ours)
{
    const struct cb_tensor *golden = cb_safetensors_find(file, name);
    assert_non_null(golden);
    assert_int_equal(golden->dtype, CB_DTYPE_F64);
    double result = 0;
    for (size_t i = 0; i < golden->len; i++) {
        double value;
        memcpy(&value, (const char *)golden->data + i * sizeof value, sizeof value);
        result = fmax(result, fabs((double)ours[i] - value));
    }
    return result;
}

static double number(const char *group, const char *key)
{
    json_t *from = group ? json_object_get(g.expected, group) : g.expected;
    json_t *value = json_object_get(from, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void five_steps(void)
{
    struct cb_safetensors grad, after, logits;
    read_golden(&grad, "grad_step0.safetensors");
    read_golden(&after, "after.safetensors");
    read_golden(&logits, "logits.safetensors");
    for (uint32_t k = 0; k < STEPS; k++) {
        uint32_t order[BATCH];
        uint8_t labels[BATCH];
        for (uint32_t i = 0; i < BATCH; i++) order[i] = k * BATCH + i;
        cb_feed_batch(&g.feed, g.team, g.model, order, BATCH, 0, 0, labels);
        const struct cb_step_options options = {.n = BATCH,
                                                .labels = labels,
                                                .lr = (float)number(NULL, "lr"),
                                                .momentum = (float)number(NULL, "momentum"),
                                                .weight_decay = (float)number(NULL, "weight_decay")};
        g.loss[k] = cb_model_train_step(g.model, g.team, &options).loss;
        char name[32];
        snprintf(name, sizeof name, "train_step%u", k);
        g.logit_distance[k] = logit_distance(&logits, name, cb_model_logits(g.model));
        if (k == 0) g.grad_distance = distance(&grad, CB_GRADIENT, g.worst_grad);
        cb_model_update(g.model, g.team, &options);
    }
    g.after_distance = distance(&after, CB_VALUE, g.worst_after);
    g.test.n = EVALUATED;
    g.feed.images = &g.test;
    static float eval_logits[EVALUATED * CLASSES];
    cb_evaluate(&g.feed, g.team, g.model, BATCH, eval_logits, NULL);
    g.eval_distance = logit_distance(&logits, "eval_test_0_255", eval_logits);
    cb_safetensors_free(&grad);
    cb_safetensors_free(&after);
    cb_safetensors_free(&logits);
}

static int set_up(enum cb_numerics numerics, double allowed)
{
    memset(&g, 0, sizeof g);
    g.allowed = allowed;
    printf("# %s\n", cb_numerics_name(numerics));
    g.dir = getenv("CYCLEBENCH_GOLDEN") ? getenv("CYCLEBENCH_GOLDEN") : "../shared/golden/resnet20";
    char path[512];
    struct cb_error err;
    snprintf(path, sizeof path, "%s/expected.json", g.dir);
    g.expected = json_load_file(path, 0, NULL);
    if (!g.expected || cb_data_find(&g.source, &cb_datasets[CB_CIFAR10], NULL, &err) != CB_OK) return 0;
    struct cb_network network = pinned_network('A', CB_INIT_HE_FAN_IN, numerics);
    snprintf(path, sizeof path, "%s/init.safetensors", g.dir);
    if (cb_isa_select(NULL, &err) != CB_OK ||
        cb_team_create(&g.team, 2, cb_model_scratch_bytes(&network), &err) != CB_OK ||
        cb_model_create(&g.model, &network, BATCH, &err) != CB_OK ||
        cb_checkpoint_load_weights(g.model, path, 0, &err) != CB_OK ||
        cb_data_load(&g.train, &g.source, &cb_datasets[CB_CIFAR10].file[0].name, 1, &err) != CB_OK ||
        cb_data_load(&g.test, &g.source, &cb_datasets[CB_CIFAR10].file[5].name, 1, &err) != CB_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    double normal[2][3];
    for (int i = 0; i < 3; i++) {
        normal[0][i] = json_number_value(json_array_get(json_object_get(g.expected, "mean"), (size_t)i));
        normal[1][i] = json_number_value(json_array_get(json_object_get(g.expected, "std"), (size_t)i));
    }
    cb_image_table(normal[0], normal[1], g.feed.table);
    g.feed.images = &g.train;
    five_steps();
    return 0;
}

static int set_up_direct(void **state)
{
    (void)state;
    return set_up(CB_FP32_DIRECT, 1);
}

static int set_up_winograd(void **state)
{
    (void)state;
    return set_up(CB_FP32_WINOGRAD, 4);
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(g.expected);
    cb_model_destroy(g.model);
    cb_team_destroy(g.team);
    cb_images_free(&g.train);
    cb_images_free(&g.test);
    return 0;
}

static void need_golden(const char *test)
{
    if (g.model) return;
    printf("# SKIP %s: %s\n", test, g.expected ? "[cifar10] no CIFAR-10" : "[golden] no golden steps in ../shared");
    skip();
}

static void losses(void **state)
{
    (void)state;
    need_golden("losses");
    json_t *exact = json_object_get(g.expected, "loss_float64"),
           *torch = json_object_get(g.expected, "loss_torch_float32");
    double ours = 0, theirs = 0;
    printf("# step  float64          ours - float64  PyTorch float32 - float64\n");
    for (size_t k = 0; k < STEPS; k++) {
        double value = json_number_value(json_array_get(exact, k));
        double a = g.loss[k] - value, b = json_number_value(json_array_get(torch, k)) - value;
        printf("# %zu     %.12f  %+.3e      %+.3e\n", k, value, a, b);
        ours = fmax(ours, fabs(a));
        theirs = fmax(theirs, fabs(b));
    }
    if (!(ours <= g.allowed * theirs)) fail_msg("largest distance %.3e, PyTorch float32's %.3e", ours, theirs);
}

static void compare(const char *what, double ours, double torch, const char *where)
{
    printf("# %s: %.3e %s, PyTorch float32 %.3e\n", what, ours, where, torch);
    if (!(ours <= g.allowed * torch))
        fail_msg("%s: distance to float64 is %.3e, PyTorch float32's %.3e", what, ours, torch);
}

static void gradients_of_step_0(void **state)
{
    (void)state;
    need_golden("gradients_of_step_0");
    compare("gradients of step 0", g.grad_distance, number("torch_float32_vs_float64", "max_rel_grad_step0"),
            g.worst_grad);
}

static void weights_after_five_steps(void **state)
{
    (void)state;
    need_golden("weights_after_five_steps");
    compare("weights and statistics after step 4", g.after_distance,
            number("torch_float32_vs_float64", "max_rel_after"), g.worst_after);
}

static void training_logits(void **state)
{
    (void)state;
    need_golden("training_logits");
    json_t *torch = json_object_get(json_object_get(g.expected, "torch_float32_vs_float64"), "max_abs_logits");
    double worst = 0, torch_worst = 0;
    for (size_t k = 0; k < STEPS; k++) {
        printf("# step %zu: logits off by %.3e, PyTorch float32 %.3e\n", k, g.logit_distance[k],
               json_number_value(json_array_get(torch, k)));
        worst = fmax(worst, g.logit_distance[k]);
        torch_worst = fmax(torch_worst, json_number_value(json_array_get(torch, k)));
    }
    compare("training logits, worst step", worst, torch_worst, "");
}

static void evaluation_logits(void **state)
{
    (void)state;
    need_golden("evaluation_logits");
    compare("evaluation logits", g.eval_distance, number("torch_float32_vs_float64", "max_abs_eval_logits"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses),
        cmocka_unit_test(gradients_of_step_0),
        cmocka_unit_test(weights_after_five_steps),
        cmocka_unit_test(training_logits),
        cmocka_unit_test(evaluation_logits),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("golden fp32-direct", tests, set_up_direct, tear_down);
    return failed + cmocka_run_group_tests_name("golden fp32-winograd", tests, set_up_winograd, tear_down);
}
