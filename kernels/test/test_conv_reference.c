/* The scalar convolutions against plain double-precision sums with derived bounds, and their fused loaders and
 * epilogues against the same steps done one by one, bit for bit. */
#include "test/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KINDS 4

static const struct cb_conv_shape shapes[] = {
    {CB_CONV_3X3, 2, 16, 32, 32, 16},  {CB_CONV_3X3, 2, 64, 8, 8, 64},      {CB_CONV_3X3, 3, 32, 5, 3, 16},
    {CB_CONV_3X3, 1, 16, 1, 1, 48},    {CB_CONV_3X3_S2, 2, 16, 16, 16, 32}, {CB_CONV_3X3_S2, 3, 32, 2, 6, 16},
    {CB_CONV_1X1_S2, 2, 32, 8, 8, 64}, {CB_CONV_1X1_S2, 1, 16, 2, 4, 16},   {CB_CONV_STEM, 2, 3, 32, 32, 16},
    {CB_CONV_STEM, 3, 3, 3, 5, 32},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const char *text_of(const struct cb_conv_shape *s)
{
    static const char *const kinds[KINDS] = {"3x3", "3x3s2", "1x1s2", "stem"};
    static char text[96];
    snprintf(text, sizeof text, "%s n=%zu c=%zu h=%zu w=%zu k=%zu", kinds[s->kind], s->n, s->c, s->h, s->w, s->k);
    return text;
}

static size_t input_size(const struct cb_conv_shape *s)
{
    return s->n * s->c * s->h * s->w;
}

/* The projection's dX is compact: even rows and columns. */
static size_t dx_size(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_1X1_S2 ? input_size(s) / 4 : input_size(s);
}

static size_t output_size(const struct cb_conv_shape *s)
{
    return s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
}

/* Index into the activation of `channels` channels: planar where they are fewer than a block. */
static size_t at(size_t channels, size_t h_end, size_t w_end, size_t n, size_t c, size_t h, size_t w)
{
    size_t lanes = channels < CB_LANES ? 1 : CB_LANES;
    return (((n * channels / lanes + c / lanes) * h_end + h) * w_end + w) * lanes + c % lanes;
}

/* Calls visit for every multiplication of the convolution: elements of x, dX (where it is not compact: the same), dY
 * and the OIHW weights. */
typedef void visit_fn(void *context, size_t x, size_t dx, size_t y, size_t w);

static void each_product(const struct cb_conv_shape *s, visit_fn *visit, void *context)
{
    size_t p_end = cb_conv_out_h(s), q_end = cb_conv_out_w(s), filter = cb_conv_filter(s), stride = s->h / p_end;
    for (size_t n = 0; n < s->n; n++)
        for (size_t k = 0; k < s->k; k++)
            for (size_t c = 0; c < s->c; c++)
                for (size_t p = 0; p < p_end; p++)
                    for (size_t q = 0; q < q_end; q++)
                        for (size_t r = 0; r < filter; r++)
                            for (size_t t = 0; t < filter; t++) {
                                size_t h = p * stride + r - filter / 2, w = q * stride + t - filter / 2;
                                if (h >= s->h || w >= s->w) continue; /* also what wraps below 0 */
                                size_t x = at(s->c, s->h, s->w, n, c, h, w);
                                size_t dx = filter == 1 ? at(s->c, p_end, q_end, n, c, p, q) : x;
                                visit(context, x, dx, at(s->k, p_end, q_end, n, k, p, q),
                                      ((k * s->c + c) * filter + r) * filter + t);
                            }
}

/* One of the three sums a convolution can be: y from x and w, dx from dy and w, dw from x and dy. */
struct sum {
    const float *x, *y, *w;
    double *to, *magnitude;
    char result;
};

static void add_product(void *context, size_t x, size_t dx, size_t y, size_t w)
{
    struct sum *s = context;
    size_t i = s->result == 'y' ? y : s->result == 'x' ? dx : w;
    double term = s->result == 'y'   ? (double)s->x[x] * (double)s->w[w]
                  : s->result == 'x' ? (double)s->y[y] * (double)s->w[w]
                                     : (double)s->x[x] * (double)s->y[y];
    s->to[i] += term;
    s->magnitude[i] += fabs(term);
}

/* got is one of the sums, made with so many roundings an element. */
static void check_sum(const struct cb_conv_shape *shape, const char *what, struct sum s, const float *got, size_t n,
                      size_t roundings)
{
    s.to = check_doubles(n);
    s.magnitude = check_doubles(n);
    for (size_t i = 0; i < n; i++) s.to[i] = s.magnitude[i] = 0;
    each_product(shape, add_product, &s);
    for (size_t i = 0; i < n; i++) s.magnitude[i] *= gamma_of(roundings);
    check_near(what, got, s.to, s.magnitude, n);
}

static void run_forward(const struct cb_conv_fwd *args)
{
    void *scratch = check_bytes(cb_conv_scratch_bytes(&args->shape));
    cb_conv_fwd_fn *forward = cb_conv_fwd_op(cb_ops_of(CB_ISA_SCALAR), &args->shape);
    for (size_t i = 0; i < args->shape.n; i++) forward(args, i, scratch);
}

static void run_backward(const struct cb_conv_bwd *args)
{
    void *scratch = check_bytes(cb_conv_scratch_bytes(&args->shape));
    cb_conv_bwd_fn *backward = cb_conv_bwd_op(cb_ops_of(CB_ISA_SCALAR), &args->shape);
    for (size_t g = 0; g < CB_IMAGE_GROUPS; g++) backward(args, g, scratch);
}

static void test_forward(void)
{
    check_begin(CB_ISA_SCALAR, "conv forward against double precision");
    for (size_t i = 0; i < SHAPES; i++) {
        const struct cb_conv_shape *s = &shapes[i];
        check_at("%s", text_of(s));
        size_t weights = cb_conv_weights(s), out = output_size(s), map = cb_conv_out_h(s) * cb_conv_out_w(s);
        float *x = filled(input_size(s), CHECK_NORMAL, i), *oihw = filled(weights, CHECK_NORMAL, 100 + i),
              *w = check_floats(weights);
        float *y = check_floats(out), *stats = check_floats(s->n * s->k * 2);
        cb_conv_pack_oihw(s, oihw, w);
        run_forward(&(struct cb_conv_fwd){.shape = *s, .source = {.x = x}, .w = w, .y = y, .stats = stats});
        check_sum(s, "y", (struct sum){.x = x, .w = oihw, .result = 'y'}, y, out,
                  s->c * cb_conv_filter(s) * cb_conv_filter(s));

        for (size_t n = 0; n < s->n; n++)
            for (size_t k = 0; k < s->k; k++) {
                double sum = 0, absolute = 0, squares = 0;
                for (size_t m = 0; m < map; m++) {
                    double v = (double)y[at(s->k, 1, map, n, k, 0, m)];
                    sum += v;
                    absolute += fabs(v);
                    squares += v * v;
                }
                const float *got = stats + (n * s->k / CB_LANES + k / CB_LANES) * 2 * CB_LANES + k % CB_LANES;
                check_near1("sum of y", (double)got[0], sum, gamma_of(map) * absolute);
                check_near1("sum of y*y", (double)got[CB_LANES], squares, gamma_of(map) * squares);
            }
        check_release();
    }
    check_end();
}

static void test_backward(void)
{
    check_begin(CB_ISA_SCALAR, "conv backward against double precision");
    for (size_t i = 0; i < SHAPES; i++) {
        const struct cb_conv_shape *s = &shapes[i];
        check_at("%s", text_of(s));
        size_t weights = cb_conv_weights(s), in = input_size(s), out = output_size(s),
               taps = cb_conv_filter(s) * cb_conv_filter(s);
        bool stem = s->kind == CB_CONV_STEM;
        float *x = filled(in, CHECK_NORMAL, i), *dy = filled(out, CHECK_NORMAL, 100 + i),
              *oihw = filled(weights, CHECK_NORMAL, 200 + i);
        float *w = check_floats(weights), *wt = stem ? NULL : check_floats(weights),
              *dx = stem ? NULL : check_floats(dx_size(s));
        float *groups = check_floats(CB_IMAGE_GROUPS * weights), *dw = check_floats(weights),
              *got = check_floats(weights);
        cb_conv_pack_oihw(s, oihw, w);
        if (!stem) cb_conv_transpose(s, w, wt);
        run_backward(&(struct cb_conv_bwd){
            .shape = *s, .dy = {.g = dy}, .source = {.x = x}, .wt = wt, .dx = dx, .dw_groups = groups, .dw = dw});
        if (!stem) check_sum(s, "dx", (struct sum){.y = dy, .w = oihw, .result = 'x'}, dx, dx_size(s), s->k * taps);

        struct cb_team *team = check_team(1, 0);
        cb_group_reduce(team, groups, weights, dw);
        cb_team_destroy(team);
        cb_conv_unpack_oihw(s, dw, got);
        size_t roundings =
            cb_conv_out_h(s) * cb_conv_out_w(s) + s->n + 5; /* image, images of a group, tree of 32 groups */
        check_sum(s, "dw", (struct sum){.x = x, .y = dy, .result = 'w'}, got, weights, roundings);
        check_release();
    }
    check_end();
}

static void mark_infinite(void *context, size_t x, size_t dx, size_t y, size_t w)
{
    (void)x;
    struct sum *s = context;
    size_t i = s->result == 'y' ? y : s->result == 'x' ? dx : w;
    if (isinf(s->result == 'w' ? s->y[y] : s->w[w])) s->to[i] = 1;
}

/* Infinite is what an infinite operand has a product in, and nothing else: no product with padding. */
static void check_infinite(const struct cb_conv_shape *shape, const char *what, struct sum s, const float *got,
                           size_t n)
{
    s.to = check_doubles(n);
    for (size_t i = 0; i < n; i++) s.to[i] = 0;
    each_product(shape, mark_infinite, &s);
    for (size_t i = 0; i < n; i++)
        check_true(!isfinite(got[i]) == (s.to[i] != 0), "%s: element %zu is %g", what, i, (double)got[i]);
}

static void test_left_out(void)
{
    check_begin(CB_ISA_SCALAR, "conv 3x3s2 leaves padding out");
    const struct cb_conv_shape s = {CB_CONV_3X3_S2, 1, 16, 6, 4, 16};
    size_t weights = cb_conv_weights(&s), in = input_size(&s), out = output_size(&s), p_end = 3, q_end = 2;
    for (size_t tap = 0; tap < 9; tap++) {
        check_at("tap %zu", tap);
        float *x = filled(in, CHECK_NORMAL, 1), *dy = filled(out, CHECK_NORMAL, 2),
              *oihw = filled(weights, CHECK_NORMAL, 3);
        float *w = check_floats(weights), *wt = check_floats(weights), *y = check_floats(out), *dx = check_floats(in),
              *groups = check_floats(CB_IMAGE_GROUPS * weights), *dw = check_floats(weights);
        for (size_t i = 0; i < weights; i++)
            if (i % 9 == tap) oihw[i] = INFINITY;
        for (size_t i = 0; i < out; i++)
            if (i / CB_LANES % (p_end * q_end) == tap % (p_end * q_end)) dy[i] = INFINITY;
        cb_conv_pack_oihw(&s, oihw, w);
        cb_conv_transpose(&s, w, wt);
        run_forward(&(struct cb_conv_fwd){.shape = s, .source = {.x = x}, .w = w, .y = y});
        check_infinite(&s, "y", (struct sum){.w = oihw, .result = 'y'}, y, out);
        struct cb_conv_bwd bwd = {
            .shape = s, .dy = {.g = dy}, .source = {.x = x}, .wt = wt, .dx = dx, .dw_groups = groups};
        run_backward(&bwd);
        struct cb_team *team = check_team(1, 0);
        cb_group_reduce(team, groups, weights, w);
        cb_team_destroy(team);
        cb_conv_unpack_oihw(&s, w, dw);
        check_infinite(&s, "dw", (struct sum){.y = dy, .result = 'w'}, dw, weights);
        bwd.dy.g = filled(out, CHECK_NORMAL, 2);
        run_backward(&bwd);
        check_infinite(&s, "dx", (struct sum){.w = oihw, .result = 'x'}, dx, in);
        check_release();
    }
    check_end();
}

static float relu(float v)
{
    return 0.0f > v ? 0.0f : v;
}

/* Normalising while loading gives what a convolution of the normalised tensor gives. */
static void test_source(void)
{
    check_begin(CB_ISA_SCALAR, "conv source equals separate steps");
    struct cb_conv_shape s = {CB_CONV_3X3, 2, 32, 5, 6, 16};
    size_t in = input_size(&s), out = output_size(&s), weights = cb_conv_weights(&s);
    for (int form = 1; form <= 3; form++) {
        check_at("form %d", form);
        float *x = filled(in, CHECK_NORMAL, 1), *scale = filled(s.c, CHECK_NORMAL, 2),
              *shift = filled(s.c, CHECK_NORMAL, 3), *w = filled(weights, CHECK_NORMAL, 4);
        float *residual = filled(in, CHECK_NORMAL, 5), *rscale = filled(s.c, CHECK_NORMAL, 6),
              *rshift = filled(s.c, CHECK_NORMAL, 7);
        float *z = check_floats(in), *want_z = check_floats(in), *y = check_floats(out), *want_y = check_floats(out);
        for (size_t n = 0; n < s.n; n++)
            for (size_t c = 0; c < s.c; c++)
                for (size_t h = 0; h < s.h; h++)
                    for (size_t q = 0; q < s.w; q++) {
                        size_t i = at(s.c, s.h, s.w, n, c, h, q);
                        float v = fmaf(x[i], scale[c], shift[c]);
                        if (form == 2) v = v + residual[i];
                        if (form == 3) v = v + fmaf(residual[i], rscale[c], rshift[c]);
                        want_z[i] = relu(v);
                    }
        struct cb_source source = {.x = x, .scale = scale, .shift = shift, .z = z};
        if (form >= 2) source.residual = residual;
        if (form == 3) source.residual_scale = rscale, source.residual_shift = rshift;
        run_forward(&(struct cb_conv_fwd){.shape = s, .source = source, .w = w, .y = y});
        run_forward(&(struct cb_conv_fwd){.shape = s, .source = {.x = want_z}, .w = w, .y = want_y});
        check_equal("z", z, want_z, in);
        check_equal("y", y, want_y, out);
        check_release();
    }
    check_end();
}

/* The fused backward pass against: dY made first, a plain backward pass, then skip, skip_even, mask and sums one by
 * one. */
static void test_fused_backward(enum cb_conv_kind kind)
{
    struct cb_conv_shape s = {kind, 2, 32, 6, 4, 16};
    check_begin(CB_ISA_SCALAR, "conv fused backward equals separate steps, kind %d", kind);
    size_t in = input_size(&s), out = output_size(&s), weights = cb_conv_weights(&s), map = s.h * s.w;
    float *x = filled(in, CHECK_NORMAL, 1), *scale = filled(s.c, CHECK_NORMAL, 2),
          *shift = filled(s.c, CHECK_NORMAL, 3), *wt = filled(weights, CHECK_NORMAL, 4);
    float *g = filled(out, CHECK_NORMAL, 5), *y = filled(out, CHECK_NORMAL, 6), *a = filled(s.k, CHECK_NORMAL, 7),
          *b = filled(s.k, CHECK_NORMAL, 8), *c = filled(s.k, CHECK_NORMAL, 9);
    float *skip = filled(in, CHECK_NORMAL, 10), *skip_even = filled(in / 4, CHECK_NORMAL, 11),
          *bn_y = filled(in, CHECK_NORMAL, 12), *mean = filled(s.c, CHECK_NORMAL, 13);
    float *dx = check_floats(in), *sums = check_floats(s.n * s.c * 2),
          *groups = check_floats(CB_IMAGE_GROUPS * weights);
    float *want = check_floats(in), *want_sums = check_floats(s.n * s.c * 2),
          *want_groups = check_floats(CB_IMAGE_GROUPS * weights);
    float *value = check_floats(in), *dy = check_floats(out);
    run_backward(&(struct cb_conv_bwd){.shape = s,
                                       .dy = {.g = g, .y = y, .a = a, .b = b, .c = c},
                                       .source = {.x = x, .scale = scale, .shift = shift},
                                       .wt = wt,
                                       .skip = skip,
                                       .skip_even = skip_even,
                                       .masked = 1,
                                       .bn_y = bn_y,
                                       .bn_mean = mean,
                                       .dx = dx,
                                       .sums = sums,
                                       .dw_groups = groups});

    size_t p_end = cb_conv_out_h(&s), q_end = cb_conv_out_w(&s);
    for (size_t n = 0; n < s.n; n++) {
        for (size_t k = 0; k < s.k; k++)
            for (size_t m = 0; m < p_end * q_end; m++) {
                size_t i = at(s.k, 1, p_end * q_end, n, k, 0, m);
                dy[i] = fmaf(a[k], g[i], fmaf(b[k], y[i], c[k]));
            }
        for (size_t k = 0; k < s.c; k++)
            for (size_t m = 0; m < map; m++) {
                size_t i = at(s.c, 1, map, n, k, 0, m);
                value[i] = relu(fmaf(x[i], scale[k], shift[k]));
            }
    }
    run_backward(&(struct cb_conv_bwd){
        .shape = s, .dy = {.g = dy}, .source = {.x = value}, .wt = wt, .dx = want, .dw_groups = want_groups});
    for (size_t n = 0; n < s.n; n++)
        for (size_t k = 0; k < s.c; k++) {
            float sum = 0, sum2 = 0;
            for (size_t h = 0; h < s.h; h++)
                for (size_t w = 0; w < s.w; w++) {
                    size_t i = at(s.c, s.h, s.w, n, k, h, w);
                    float d = want[i] + skip[i];
                    if (h % 2 == 0 && w % 2 == 0) d = d + skip_even[at(s.c, s.h / 2, s.w / 2, n, k, h / 2, w / 2)];
                    want[i] = value[i] > 0 ? d : 0;
                    sum = sum + want[i];
                    sum2 = fmaf(want[i], bn_y[i] - mean[k], sum2);
                }
            float *to = want_sums + (n * s.c / CB_LANES + k / CB_LANES) * 2 * CB_LANES + k % CB_LANES;
            to[0] = sum;
            to[CB_LANES] = sum2;
        }
    check_equal("dx", dx, want, in);
    check_equal("sums", sums, want_sums, s.n * s.c * 2);
    check_equal("dw_groups", groups, want_groups, CB_IMAGE_GROUPS * weights);
    check_end();
}

static void test_packing(void)
{
    check_begin(CB_ISA_SCALAR, "conv weights: pack, unpack, layout");
    for (size_t i = 0; i < SHAPES; i++) {
        const struct cb_conv_shape *s = &shapes[i];
        check_at("%s", text_of(s));
        size_t n = cb_conv_weights(s);
        float *oihw = filled(n, CHECK_NORMAL, i), *w = check_floats(n), *back = check_floats(n);
        cb_conv_pack_oihw(s, oihw, w);
        cb_conv_unpack_oihw(s, w, back);
        check_equal("unpack(pack)", back, oihw, n);
        check_release();
    }
    /* One weight by hand: k = 17, c = 19, r = 2, s = 1 of w[2][2][3][16][3][16]. */
    struct cb_conv_shape s = {CB_CONV_3X3, 1, 32, 1, 1, 32};
    float *oihw = filled(cb_conv_weights(&s), CHECK_NORMAL, 1), *w = check_floats(cb_conv_weights(&s)),
          *wt = check_floats(cb_conv_weights(&s));
    cb_conv_pack_oihw(&s, oihw, w);
    cb_conv_transpose(&s, w, wt);
    float want = oihw[((17 * 32 + 19) * 3 + 2) * 3 + 1];
    check_equal("w", &w[((((1 * 2 + 1) * 3 + 2) * 16 + 3) * 3 + 1) * 16 + 1], &want, 1);
    check_equal("wt", &wt[((((1 * 2 + 1) * 3 + 0) * 16 + 1) * 3 + 1) * 16 + 3], &want, 1);
    check_end();
}

int main(void)
{
    test_packing();
    test_forward();
    test_backward();
    test_left_out();
    test_source();
    test_fused_backward(CB_CONV_3X3);
    test_fused_backward(CB_CONV_3X3_S2);
    return check_finish();
}
