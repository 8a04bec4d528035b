/* Five SGD steps that PyTorch computed in float64, in golden_steps.txt (made by golden_steps.py): losses, and of every
 * tensor its 2-norm and its products with two vectors of +-1. fp32-direct, whose sums go in
 * order, must be within three times the distance of PyTorch's own float32, which adds in blocks; fp32-winograd, whose
 * transforms round more, within eight times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pinned_steps.h"

#define GOLDEN "train/test/golden_steps.txt"
enum { STEPS = 5, SUMS = 3, MAX_ROWS = 256 };

struct row {
    char name[64];
    double sum[SUMS];
};

static struct {
    size_t batch, seed, losses, gradients, after;
    double lr, momentum, decay, loss[STEPS];
    double torch_loss, torch_gradient, torch_after; /* PyTorch float32's distances */
    struct row gradient[MAX_ROWS], tensor[MAX_ROWS];
} golden;

static int read_row(const char *line, const char *format, struct row *rows, size_t *count)
{
    struct row *r = &rows[*count];
    if (*count == MAX_ROWS || sscanf(line, format, r->name, &r->sum[0], &r->sum[1], &r->sum[2]) != 4) return 0;
    return (int)++*count;
}

static int read_line(const char *line)
{
    if (line[0] == '#') return 1;
    if (sscanf(line, "settings %zu %zu %lf %lf %lf", &golden.batch, &golden.seed, &golden.lr, &golden.momentum,
               &golden.decay) == 5)
        return 1;
    if (sscanf(line, "float32 %lf %lf %lf", &golden.torch_loss, &golden.torch_gradient, &golden.torch_after) == 3)
        return 1;
    if (golden.losses < STEPS && sscanf(line, "loss %lf", &golden.loss[golden.losses]) == 1)
        return (int)++golden.losses;
    return read_row(line, "gradient %63s %lf %lf %lf", golden.gradient, &golden.gradients) ||
           read_row(line, "after %63s %lf %lf %lf", golden.tensor, &golden.after);
}

static int read_golden(void **state)
{
    (void)state;
    FILE *file = fopen(GOLDEN, "r");
    char line[256];
    int good = file != NULL;
    while (good && fgets(line, sizeof line, file)) good = read_line(line);
    if (file) fclose(file);
    if (!good) fprintf(stderr, GOLDEN ": cannot be read, or a line in it\n");
    return good ? 0 : -1;
}

static double sign(uint32_t direction, size_t tensor, size_t i)
{
    uint32_t bits[4];
    cb_random_bits(direction, CB_RANDOM_SYNTHETIC, (uint32_t)tensor, i, bits);
    return bits[0] & 1 ? 1 : -1;
}

/* Largest difference of the sums of a tensor, relative to its norm. */
static double row_distance(const struct cb_model *model, size_t t, enum cb_tensor_part part, const struct row *row)
{
    static float data[64 * 64 * 9];
    double sum[SUMS] = {0}, gap = 0;
    assert_string_equal(cb_model_tensor(model, t)->name, row->name);
    cb_model_export(model, t, part, data);
    for (size_t i = 0; i < cb_model_tensor(model, t)->len; i++) {
        sum[0] += (double)data[i] * (double)data[i];
        for (uint32_t d = 0; d < 2; d++) sum[1 + d] += sign(d, t, i) * (double)data[i];
    }
    sum[0] = sqrt(sum[0]);
    for (size_t s = 0; s < SUMS; s++) gap = fmax(gap, fabs(sum[s] - row->sum[s]));
    return gap / row->sum[0];
}

static double distance(const struct cb_model *model, enum cb_tensor_part part, const struct row *rows, size_t count)
{
    size_t next = 0;
    double result = 0;
    for (size_t t = 0; t < cb_model_tensor_count(model); t++) {
        if (part != CB_VALUE && !cb_model_tensor(model, t)->trained) continue;
        assert_true(next < count);
        double d = row_distance(model, t, part, &rows[next++]);
        if (!(d <= result)) result = d;
    }
    assert_int_equal(next, count);
    return result;
}

static int near(const char *what, double ours, double torch, double allowed)
{
    printf("# %s: %.2e from float64, PyTorch float32 %.2e\n", what, ours, torch);
    return ours <= allowed * torch;
}

static void five_steps(enum cb_numerics numerics, double allowed)
{
    struct cb_network network = pinned_network('B', CB_INIT_TORCH03, numerics);
    struct cb_images images;
    float table[3 * 256];
    struct cb_team *team;
    struct cb_model *model;
    struct cb_error err;
    double loss_gap = 0, gradient_gap = 0;
    assert_int_equal(golden.losses, STEPS);
    assert_int_equal(pinned_images(&images, STEPS * golden.batch, &err), CB_OK);
    cb_image_table(PINNED_MEAN, PINNED_STD, table);
    assert_int_equal(cb_isa_select(NULL, &err), CB_OK);
    assert_int_equal(cb_team_create(&team, 2, cb_model_scratch_bytes(&network), &err), CB_OK);
    assert_int_equal(cb_model_create(&model, &network, golden.batch, &err), CB_OK);
    cb_model_init(model, golden.seed);
    for (size_t k = 0; k < STEPS; k++) {
        const uint8_t *pixels = images.pixels + k * golden.batch * CB_IMAGE_PIXELS;
        for (size_t i = 0; i < golden.batch * CB_IMAGE_PIXELS; i++)
            cb_model_input(model)[i] = table[i / 1024 % 3 * 256 + pixels[i]];
        const struct cb_step_options options = {.n = golden.batch,
                                                .labels = images.labels + k * golden.batch,
                                                .lr = (float)golden.lr,
                                                .momentum = (float)golden.momentum,
                                                .weight_decay = (float)golden.decay};
        const double loss = cb_model_train_step(model, team, &options).loss;
        loss_gap = fmax(loss_gap, fabs(loss - golden.loss[k]));
        if (k == 0) gradient_gap = distance(model, CB_GRADIENT, golden.gradient, golden.gradients);
        cb_model_update(model, team, &options);
    }
    double after_gap = distance(model, CB_VALUE, golden.tensor, golden.after);
    printf("# %s\n", cb_numerics_name(numerics));
    int good = near("losses", loss_gap, golden.torch_loss, allowed);
    good &= near("gradients of step 0", gradient_gap, golden.torch_gradient, allowed);
    good &= near("weights and statistics after step 4", after_gap, golden.torch_after, allowed);
    cb_model_destroy(model);
    cb_team_destroy(team);
    cb_images_free(&images);
    if (!good)
        fail_msg("%s is farther from float64 than %g times PyTorch's float32", cb_numerics_name(numerics), allowed);
}

static void direct(void **state)
{
    (void)state;
    five_steps(CB_FP32_DIRECT, 3);
}

static void winograd(void **state)
{
    (void)state;
    five_steps(CB_FP32_WINOGRAD, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(direct), cmocka_unit_test(winograd)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("golden steps", tests, read_golden, NULL);
}
