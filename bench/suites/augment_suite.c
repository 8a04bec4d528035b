/* Augmentation: flip, pad, crop and normalise a batch. */
#include <stdlib.h>

#include "bench.h"
#include "suites.h"
#include "kernels.h"
#include "outputs.h"

static const char *pad_word(size_t i)
{
    static const char *const words[] = {[CB_PAD_REFLECT] = "reflect", [CB_PAD_ZERO] = "zero"};
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static const struct cb_shape_key keys[] = {
    {.name = "pad", .word = pad_word},
    {.name = "batch", .min = 1, .max = 4096, .step = 1},
};
static const struct cb_shape_form form = {.name = "augment", .keys = keys, .n_keys = sizeof keys / sizeof *keys};

/* No arithmetic: a table has the normalised values. */
static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    double pixels = (double)cb_shape_value(the_case->shape, "batch") * CB_IMAGE_PIXELS;
    cb_add_ours(the_case, available, "", 0, &(struct cb_cost){.bytes = pixels * (sizeof(uint8_t) + sizeof(float))},
                false);
}

struct work {
    struct cb_team *team;
    struct cb_augment args;
    uint8_t *pixels;
    const uint8_t **images;
    struct cb_view *views;
    float table[3 * 256], *out;
    struct outputs outputs;
};

/* Pixels, and how each image is seen, at random. */
static void draw(struct work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits[4];
        uint8_t *image = w->pixels + i * CB_IMAGE_PIXELS;
        for (size_t p = 0; p < CB_IMAGE_PIXELS; p += 4) {
            cb_random_bits(1, CB_RANDOM_SYNTHETIC, (uint32_t)i, p, bits);
            for (size_t j = 0; j < 4; j++) image[p + j] = (uint8_t)(bits[j] >> 24);
        }
        cb_random_bits(1, CB_RANDOM_AUGMENT, 0, i, bits);
        w->images[i] = image;
        w->views[i] = (struct cb_view){.flip = bits[0] & 1,
                                       .row = (uint8_t)(bits[1] % (2 * CB_IMAGE_PAD + 1)),
                                       .column = (uint8_t)(bits[2] % (2 * CB_IMAGE_PAD + 1))};
    }
}

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a batch");
    size_t n = cb_shape_value(the_case->shape, "batch");
    w->team = team;
    w->pixels = malloc(n * CB_IMAGE_PIXELS);
    w->images = calloc(n, sizeof *w->images);
    w->views = calloc(n, sizeof *w->views);
    w->out = cb_alloc_tensor(n * CB_IMAGE_PIXELS * sizeof(float));
    if (!w->pixels || !w->images || !w->views || !w->out)
        return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu images", n);
    draw(w, n);
    cb_image_table((double[3]){0.4914, 0.48216, 0.44653}, (double[3]){0.24703, 0.24349, 0.26159}, w->table);
    w->args = (struct cb_augment){.n = n,
                                  .pixels = w->images,
                                  .views = w->views,
                                  .pad = (enum cb_pad)cb_shape_value(the_case->shape, "pad"),
                                  .table = w->table,
                                  .out = w->out};
    outputs_add(&w->outputs, "out", CB_F32, w->out, n * CB_IMAGE_PIXELS);
    cb_use_isa(CB_ISA_SCALAR);
    cb_augment(team, &w->args);
    return outputs_expect(&w->outputs, err);
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
    cb_augment(w->team, &w->args);
    return CB_OK;
}

static enum cb_status verify(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    (void)e;
    struct work *w = work;
    outputs_poison(&w->outputs);
    cb_augment(w->team, &w->args);
    return outputs_check(&w->outputs, err);
}

static void buffers(void *work, const struct cb_implementation *e, cb_buffer_fn *visit, void *context)
{
    (void)e;
    const struct work *w = work;
    visit(context, w->pixels, w->args.n * CB_IMAGE_PIXELS);
    visit(context, w->out, w->args.n * CB_IMAGE_PIXELS * sizeof(float));
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    free(w->pixels);
    free(w->images);
    free(w->views);
    free(w->out);
    outputs_release(&w->outputs);
    free(w);
}

const struct cb_kernel cb_suite_augment[] = {{
                                                 .name = "augment",
                                                 .form = &form,
                                                 .implement = implement,
                                                 .setup = setup,
                                                 .prepare = prepare,
                                                 .verify = verify,
                                                 .run = run,
                                                 .buffers = buffers,
                                                 .release = release,
                                             },
                                             {0}};
