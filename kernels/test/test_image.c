#include "test/harness.h"

#include <math.h>

/* Augmentation against pad, flip, crop done one after the other, as the original does it; every view there is. */

enum { PADDED = CB_IMAGE_SIDE + 2 * CB_IMAGE_PAD, OFFSETS = 2 * CB_IMAGE_PAD + 1, VIEWS = 2 * OFFSETS * OFFSETS };

/* One plane, one step after the other; -1 stands for zero padding. */
static void pad_flip_crop(const uint8_t *plane, struct cb_view view, enum cb_pad pad,
                          int out[CB_IMAGE_SIDE][CB_IMAGE_SIDE])
{
    int padded[PADDED][PADDED], flipped[PADDED][PADDED];
    for (int i = 0; i < PADDED; i++)
        for (int j = 0; j < PADDED; j++) {
            int row = i - CB_IMAGE_PAD, column = j - CB_IMAGE_PAD;
            int outside = row < 0 || row > 31 || column < 0 || column > 31;
            if (row < 0) row = -row - 1; /* ... c b a | a b c ... */
            if (column < 0) column = -column - 1;
            if (row > 31) row = 31 - (row - 32);
            if (column > 31) column = 31 - (column - 32);
            padded[i][j] = outside && pad == CB_PAD_ZERO ? -1 : plane[row * 32 + column];
        }
    for (int i = 0; i < PADDED; i++)
        for (int j = 0; j < PADDED; j++) flipped[i][j] = padded[i][view.flip ? PADDED - 1 - j : j];
    for (int i = 0; i < CB_IMAGE_SIDE; i++)
        for (int j = 0; j < CB_IMAGE_SIDE; j++) out[i][j] = flipped[i + view.row][j + view.column];
}

struct data {
    struct cb_augment args;
    float *want, *out;
};

/* VIEWS copies of one random image, one in each view. */
static struct data make_data(enum cb_pad pad)
{
    static const double mean[3] = {0.4914, 0.48216, 0.44653}, std[3] = {0.24703, 0.24349, 0.26159};
    struct data d = {.want = check_floats(VIEWS * CB_IMAGE_PIXELS), .out = check_floats(VIEWS * CB_IMAGE_PIXELS)};
    float *table = check_floats(3 * 256);
    cb_image_table(mean, std, table);
    uint8_t *pixels = check_bytes(CB_IMAGE_PIXELS);
    for (size_t i = 0; i < CB_IMAGE_PIXELS; i++) pixels[i] = (uint8_t)check_random(1, i);
    const uint8_t **pointers = check_bytes(VIEWS * sizeof *pointers);
    struct cb_view *views = check_bytes(VIEWS * sizeof *views);
    for (size_t v = 0; v < VIEWS; v++) {
        pointers[v] = pixels;
        views[v] = (struct cb_view){(uint8_t)(v % 2), (uint8_t)(v / 2 % OFFSETS), (uint8_t)(v / 2 / OFFSETS)};
        for (size_t c = 0; c < 3; c++) {
            int plane[CB_IMAGE_SIDE][CB_IMAGE_SIDE];
            pad_flip_crop(pixels + c * 1024, views[v], pad, plane);
            float *want = d.want + v * CB_IMAGE_PIXELS + c * 1024;
            for (int i = 0; i < 1024; i++) {
                int u = plane[i / 32][i % 32];
                want[i] = u < 0 ? 0 : table[c * 256 + (size_t)u];
            }
        }
    }
    d.args = (struct cb_augment){VIEWS, pointers, views, pad, table, d.out};
    return d;
}

static void compare_with_steps(cb_augment_fn *fn)
{
    CHECK_COMPARED(fn);
    for (enum cb_pad pad = CB_PAD_REFLECT; pad <= CB_PAD_ZERO; pad++) {
        check_at("pad=%d", (int)pad);
        struct data d = make_data(pad);
        for (size_t v = 0; v < VIEWS; v++) fn(&d.args, v);
        check_equal("out", d.out, d.want, VIEWS * CB_IMAGE_PIXELS);
        check_release();
    }
}

/* --- wrong on purpose --- */

static void wrong_flip_after_crop(const struct cb_augment *args, size_t image)
{
    struct cb_view unflipped[VIEWS];
    struct cb_augment copy = *args;
    copy.views = unflipped;
    unflipped[image] = args->views[image];
    unflipped[image].flip = 0;
    cb_augment_u8_f32__scalar(&copy, image);
    float *out = args->out + image * CB_IMAGE_PIXELS;
    for (int row = 0; args->views[image].flip && row < 3 * CB_IMAGE_SIDE; row++, out += CB_IMAGE_SIDE)
        for (int j = 0; j < CB_IMAGE_SIDE / 2; j++) {
            float swap = out[j];
            out[j] = out[CB_IMAGE_SIDE - 1 - j];
            out[CB_IMAGE_SIDE - 1 - j] = swap;
        }
}

static void wrong_edge(const struct cb_augment *args, size_t image)
{
    cb_augment_u8_f32__scalar(args, image);
    /* PyTorch's "reflect" does not repeat the edge: ... d c b | a b c ... */
    if (args->views[image].flip || args->views[image].column != 0 || args->views[image].row != CB_IMAGE_PAD) return;
    args->out[image * CB_IMAGE_PIXELS + CB_IMAGE_PAD - 1] = args->table[args->pixels[image][1]];
}

static void wrong_zero_of_table(const struct cb_augment *args, size_t image)
{
    cb_augment_u8_f32__scalar(args, image);
    /* A black pixel in place of the mean: padded before normalisation. */
    for (size_t i = 0; args->pad == CB_PAD_ZERO && i < CB_IMAGE_PIXELS; i++) {
        float *out = args->out + image * CB_IMAGE_PIXELS + i;
        if (*out == 0) *out = args->table[i / 1024 * 256];
    }
}

static void test_wrong_kernels(void)
{
    static const struct {
        const char *name;
        cb_augment_fn *fn;
    } cases[] = {{"flip after the crop", wrong_flip_after_crop},
                 {"reflection without the edge", wrong_edge},
                 {"padding before normalisation", wrong_zero_of_table}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "%s", cases[i].name);
        compare_with_steps(cases[i].fn);
        check_end();
    }
}

static void test_table(void)
{
    static const double mean[3] = {0.25, 0.5, 0.75}, std[3] = {0.5, 1, 2};
    float table[3 * 256];
    cb_image_table(mean, std, table);
    check_begin(CB_ISA_SCALAR, "the table is (u/255 - mean)/std, rounded once");
    for (size_t i = 0; i < 3 * 256; i++) {
        long double exact = ((long double)(i % 256) / 255 - (long double)mean[i / 256]) / (long double)std[i / 256];
        check_near1("entry", (double)table[i], (double)exact, fabs((double)exact) * 0x1.00001p-24);
    }
    check_true(table[0] == -0.5f && table[255] == 1.5f && table[256] == -0.5f && table[512 + 255] == 0.125f, "ends");
    check_end();
}

static void test_plain(enum cb_isa isa)
{
    check_begin(isa, "without views: the image itself");
    struct data d = make_data(CB_PAD_REFLECT);
    d.args.views = NULL;
    cb_ops_of(isa)->augment_u8_f32(&d.args, 1);
    float *want = check_floats(CB_IMAGE_PIXELS);
    for (size_t i = 0; i < CB_IMAGE_PIXELS; i++) want[i] = d.args.table[i / 1024 * 256 + d.args.pixels[1][i]];
    check_equal("out", d.out + CB_IMAGE_PIXELS, want, CB_IMAGE_PIXELS);
    check_end();
}

static void test_driver(enum cb_isa isa)
{
    check_begin(isa, "the driver, for any number of threads");
    check_select(isa);
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_at("%zu threads", check_threads[t]);
        struct cb_team *team = check_team(check_threads[t], 0);
        struct data d = make_data(CB_PAD_ZERO);
        cb_augment(team, &d.args);
        cb_team_destroy(team);
        check_equal("out", d.out, d.want, VIEWS * CB_IMAGE_PIXELS);
        check_release();
    }
    check_end();
}

int main(void)
{
    test_table();
    CHECK_EACH_ISA(isa)
    {
        const struct cb_ops *ops = cb_ops_of(isa);
#define CB_OP(name, type, ...)                                                                                         \
    check_begin(isa, #name " equals pad, flip, crop");                                                                 \
    compare_with_steps(ops->name);                                                                                     \
    check_end();
#include "image/image.inc"
#undef CB_OP
        test_plain(isa);
        test_driver(isa);
    }
    test_wrong_kernels();
    return check_finish();
}
