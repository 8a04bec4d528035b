#include "test/data.h"

#include "core/bf16.h"

#include <math.h>
#include <string.h>

/* Batch norm and the option-A shortcut. Every pass of norm.inc is run on the same full set of arguments as the scalar
 * one, and all that either may write is compared: outputs, and what must stay as it was. */

static const float U = 0x1p-24f; /* unit roundoff of float */

static const struct shape {
    size_t n, c, h, w;
} shapes[] = {{1, 16, 1, 1},   {2, 16, 3, 5},   {3, 48, 7, 2},  {1, 64, 8, 8},
              {2, 32, 16, 16}, {1, 16, 31, 33}, {1, 16, 32, 32}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* How source and gradient are read: raw, normalised, plus residual, plus normalised residual. */
enum { KINDS = 4 };

struct pass_data {
    struct cb_bn_pass args;
    size_t len, sums;
    void *z, *out;
    float *stats;
};

static struct pass_data make_pass(const struct shape *s, enum cb_format storage, int kind, enum check_fill fill)
{
    size_t len = s->n * s->c * s->h * s->w, sums = s->n * s->c * 2;
    struct pass_data d = {.len = len, .sums = sums};
    d.z = filled_stored(storage, len, CHECK_NORMAL, 13); /* no pass writes both */
    d.out = filled_stored(storage, len, CHECK_NORMAL, 14);
    d.stats = check_floats(sums);
    struct cb_source source = {.x = filled_stored(storage, len, fill, 1), .z = d.z};
    struct cb_grad_source dy = {.g = filled_stored(storage, len, fill, 2), .y = filled_stored(storage, len, fill, 3)};
    if (kind > 0) {
        source.scale = filled(s->c, fill, 4);
        source.shift = filled(s->c, fill, 5);
        dy.a = filled(s->c, fill, 6);
        dy.b = filled(s->c, fill, 7);
        dy.c = filled(s->c, fill, 8);
    }
    if (kind > 1) source.residual = filled_stored(storage, len, fill, 9);
    if (kind > 2) {
        source.residual_scale = filled(s->c, fill, 10);
        source.residual_shift = filled(s->c, fill, 11);
    }
    d.args = (struct cb_bn_pass){s->n, s->c, s->h, s->w, storage, source, dy, filled(s->c, fill, 12), d.stats, d.out};
    return d;
}

static void compare_pass(const struct pass_data *got, const struct pass_data *want)
{
    enum cb_format storage = want->args.storage;
    check_equal_stored("z", storage, got->z, want->z, want->len);
    check_equal_stored("out", storage, got->out, want->out, want->len);
    check_equal("stats", got->stats, want->stats, want->sums);
    check_equal_stored("x afterwards", storage, got->args.source.x, want->args.source.x, want->len);
    check_equal_stored("g afterwards", storage, got->args.dy.g, want->args.dy.g, want->len);
}

static void compare_with_scalar(cb_bn_pass_fn *variant, cb_bn_pass_fn *scalar, enum cb_format storage)
{
    CHECK_COMPARED(variant);
    for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++)
        for (size_t i = 0; i < SHAPES; i++)
            for (int kind = 0; kind < KINDS; kind++) {
                const struct shape *s = &shapes[i];
                check_at("n=%zu c=%zu h=%zu w=%zu kind=%d fill=%d", s->n, s->c, s->h, s->w, kind, (int)fill);
                struct pass_data got = make_pass(s, storage, kind, fill), want = make_pass(s, storage, kind, fill);
                for (size_t image = 0; image < s->n; image++) {
                    variant(&got.args, image);
                    scalar(&want.args, image);
                }
                compare_pass(&got, &want);
                check_release();
            }
}

/* --- kernels that are wrong on purpose --- */

static void wrong_stats_short(const struct cb_bn_pass *args, size_t image)
{
    struct cb_bn_pass copy = *args;
    if (copy.h > 1) copy.h--; /* the last row is not summed */
    copy.source.x = floats(copy.source.x) + image * args->c * args->w * (args->h - copy.h);
    cb_bn_stats_f32__scalar(&copy, image);
}

static void wrong_apply_unfused(const struct cb_bn_pass *args, size_t image)
{
    cb_bn_apply_f32__scalar(args, image);
    size_t block = args->h * args->w * CB_LANES;
    for (size_t i = 0; args->source.scale && i < block; i++) {
        size_t at = image * args->c * args->h * args->w + i, c = i % CB_LANES;
        float product = floats(args->source.x)[at] * args->source.scale[c];
        float v = product + args->source.shift[c];
        if (!args->source.residual) ((float *)args->source.z)[at] = 0 > v ? 0 : v;
    }
}

static void wrong_apply_nan(const struct cb_bn_pass *args, size_t image)
{
    cb_bn_apply_f32__scalar(args, image);
    size_t len = args->c * args->h * args->w;
    float *z = (float *)args->source.z + image * len;
    for (size_t i = 0; i < len; i++)
        if (isnan(z[i])) z[i] = 0; /* a maximum that prefers the number */
}

static void wrong_apply_overrun(const struct cb_bn_pass *args, size_t image)
{
    cb_bn_apply_f32__scalar(args, image);
    ((float *)args->source.z)[(image + 1) * args->c * args->h * args->w] = 0;
}

static void wrong_sums_order(const struct cb_bn_pass *args, size_t image)
{
    cb_bn_bwd_sums_f32__scalar(args, image);
    size_t map = args->h * args->w, first = image * args->c * map;
    float even = 0, odd = 0; /* two chains instead of one */
    for (size_t i = 0; i < map; i++) *(i % 2 ? &odd : &even) += floats(args->dy.g)[first + i * CB_LANES];
    args->stats[image * args->c * 2] = even + odd;
}

static void wrong_backward_unfused(const struct cb_bn_pass *args, size_t image)
{
    const struct cb_grad_source *d = &args->dy;
    cb_bn_bwd_apply_f32__scalar(args, image);
    size_t at = image * args->c * args->h * args->w;
    if (!d->a) return;
    float inner = d->b[0] * floats(d->y)[at];
    ((float *)args->out)[at] = fmaf(d->a[0], floats(d->g)[at], inner + d->c[0]);
}

static void test_wrong_kernels(void)
{
    static const struct {
        const char *name;
        cb_bn_pass_fn *wrong, *scalar;
    } cases[] = {{"stats without the last row", wrong_stats_short, cb_bn_stats_f32__scalar},
                 {"apply with two roundings", wrong_apply_unfused, cb_bn_apply_f32__scalar},
                 {"apply that loses NaN", wrong_apply_nan, cb_bn_apply_f32__scalar},
                 {"apply past the end", wrong_apply_overrun, cb_bn_apply_f32__scalar},
                 {"backward sums in another order", wrong_sums_order, cb_bn_bwd_sums_f32__scalar},
                 {"backward with another rounding", wrong_backward_unfused, cb_bn_bwd_apply_f32__scalar}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "%s", cases[i].name);
        compare_with_scalar(cases[i].wrong, cases[i].scalar, CB_F32);
        check_end();
    }
}

/* --- the scalar passes against double; bounds: one unit roundoff for each operation of a chain, of the sum of
 * magnitudes --- */

static size_t sum_at(const struct shape *s, size_t image, size_t c)
{
    return (image * s->c / CB_LANES + c / CB_LANES) * 2 * CB_LANES + c % CB_LANES;
}

static void sums_in_double(const struct shape *s)
{
    struct pass_data stats = make_pass(s, CB_F32, 1, CHECK_NORMAL), back = make_pass(s, CB_F32, 1, CHECK_NORMAL);
    double *want = check_doubles(stats.sums), *bound = check_doubles(stats.sums);
    double *want_back = check_doubles(stats.sums), *bound_back = check_doubles(stats.sums);
    double each = 1.001 * (double)U * (double)(s->h * s->w + 1);
    for (size_t image = 0; image < s->n; image++) {
        cb_bn_stats_f32__scalar(&stats.args, image);
        cb_bn_bwd_sums_f32__scalar(&back.args, image);
        for (size_t c = 0; c < s->c; c++) {
            double sum = 0, size = 0, squares = 0, g_sum = 0, g_size = 0, product = 0, product_size = 0;
            for (size_t i = 0; i < s->h * s->w; i++) {
                size_t at = element(s->c, s->h * s->w, image, c, i);
                double x = (double)floats(stats.args.source.x)[at], g = (double)floats(back.args.dy.g)[at];
                double centered = (double)floats(back.args.dy.y)[at] - (double)back.args.bn_mean[c];
                sum += x;
                size += fabs(x);
                squares += x * x;
                g_sum += g;
                g_size += fabs(g);
                product += g * centered;
                product_size += fabs(g * centered);
            }
            size_t at = sum_at(s, image, c);
            want[at] = sum, bound[at] = each * size;
            want[at + CB_LANES] = squares, bound[at + CB_LANES] = each * squares;
            want_back[at] = g_sum, bound_back[at] = each * g_size;
            want_back[at + CB_LANES] = product, bound_back[at + CB_LANES] = each * product_size;
        }
    }
    check_near("stats", stats.stats, want, bound, stats.sums);
    check_near("backward sums", back.stats, want_back, bound_back, stats.sums);
}

static void values_in_double(const struct shape *s, int kind)
{
    struct pass_data d = make_pass(s, CB_F32, kind, CHECK_NORMAL);
    double *z = check_doubles(d.len), *z_bound = check_doubles(d.len);
    double *out = check_doubles(d.len), *out_bound = check_doubles(d.len);
    for (size_t image = 0; image < s->n; image++) {
        cb_bn_apply_f32__scalar(&d.args, image);
        cb_bn_bwd_apply_f32__scalar(&d.args, image);
        for (size_t c = 0; c < s->c; c++)
            for (size_t i = 0; i < s->h * s->w; i++) {
                size_t at = element(s->c, s->h * s->w, image, c, i);
                const struct cb_source *x = &d.args.source;
                const struct cb_grad_source *g = &d.args.dy;
                double v = (double)floats(x->x)[at], r = 0, size = 0;
                if (kind > 0) v = v * (double)x->scale[c] + (double)x->shift[c], size = fabs(v);
                if (kind > 1) r = (double)floats(x->residual)[at];
                if (kind > 2) r = r * (double)x->residual_scale[c] + (double)x->residual_shift[c], size += fabs(r);
                z[at] = kind > 0 ? fmax(v + r, 0) : v;
                z_bound[at] = 1.001 * (double)U * (size + (kind > 1 ? fabs(v + r) : 0));
                double inner = 0, outer = (double)floats(g->g)[at];
                if (kind > 0) {
                    inner = (double)g->b[c] * (double)floats(g->y)[at] + (double)g->c[c];
                    outer = (double)g->a[c] * outer + inner;
                }
                out[at] = outer;
                out_bound[at] = kind > 0 ? 1.001 * (double)U * (fabs(inner) + fabs(outer)) : 0;
            }
    }
    check_near("z", d.z, z, z_bound, d.len);
    check_near("dY", d.out, out, out_bound, d.len);
}

static void test_scalar_in_double(void)
{
    check_begin(CB_ISA_SCALAR, "sums within their bound of double precision");
    for (size_t i = 0; i < SHAPES; i++) {
        sums_in_double(&shapes[i]);
        check_release();
    }
    check_end();
    check_begin(CB_ISA_SCALAR, "values within their bound of double precision");
    for (size_t i = 0; i < SHAPES; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            check_at("shape %zu kind %d", i, kind);
            values_in_double(&shapes[i], kind);
            check_release();
        }
    check_end();
}

static void test_aliases(enum cb_isa isa)
{
    const struct cb_ops *ops = cb_ops_of(isa);
    const struct shape *s = &shapes[2];
    check_begin(isa, "z may be x or the residual, out may be g");
    for (int kind = 1; kind < KINDS; kind++) {
        struct pass_data want = make_pass(s, CB_F32, kind, CHECK_NORMAL), in_x = want, in_r = want, in_g = want;
        in_x.z = check_copy(want.args.source.x, want.len);
        in_x.args.source.x = in_x.args.source.z = in_x.z;
        if (kind > 1) {
            in_r.z = check_copy(want.args.source.residual, want.len);
            in_r.args.source.residual = in_r.args.source.z = in_r.z;
        }
        in_g.out = check_copy(want.args.dy.g, want.len);
        in_g.args.dy.g = in_g.args.out = in_g.out;
        for (size_t image = 0; image < s->n; image++) {
            cb_bn_apply_f32__scalar(&want.args, image);
            cb_bn_bwd_apply_f32__scalar(&want.args, image);
            ops->bn_apply_f32(&in_x.args, image);
            ops->bn_apply_f32(&in_r.args, image);
            ops->bn_bwd_apply_f32(&in_g.args, image);
        }
        check_equal("z = x", in_x.z, want.z, want.len);
        check_equal("z = residual", in_r.z, want.z, want.len);
        check_equal("out = g", in_g.out, want.out, want.len);
        check_release();
    }
    check_end();
}

/* --- whole layers --- */

static struct cb_bn make_layer(size_t c)
{
    struct cb_bn bn = {.c = c};
    float *gamma = filled(c, CHECK_NORMAL, 21);
    bn.gamma = gamma;
    bn.beta = filled(c, CHECK_NORMAL, 22);
    bn.running_mean = filled(c, CHECK_NORMAL, 23);
    bn.running_var = filled(c, CHECK_NORMAL, 24);
    for (size_t i = 0; i < c; i++) bn.running_var[i] = fabsf(bn.running_var[i]) + 0.1f;
    float **vectors[] = {&bn.mean, &bn.invstd, &bn.scale, &bn.shift, &bn.a, &bn.b, &bn.coef, &bn.dgamma, &bn.dbeta};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) *vectors[i] = check_floats(c);
    return bn;
}

/* One step of a layer, through the drivers: y -> relu(n) = z and, from the gradient g of n, dY = out. */
static void run_layer(struct cb_team *team, const struct cb_bn *bn, struct pass_data *d)
{
    size_t map = d->args.h * d->args.w;
    d->args.dy.y = d->args.source.x;
    d->args.bn_mean = bn->mean;
    cb_bn_stats(team, &d->args);
    cb_bn_finish_forward(bn, d->stats, d->args.n, map, 0.1f, 1e-5f);
    d->args.source.scale = bn->scale;
    d->args.source.shift = bn->shift;
    cb_bn_apply(team, &d->args);
    cb_bn_backward_sums(team, &d->args);
    cb_bn_finish_backward(bn, d->stats, d->args.n, map);
    d->args.dy.a = bn->a;
    d->args.dy.b = bn->b;
    d->args.dy.c = bn->coef;
    cb_bn_backward_apply(team, &d->args);
}

static void test_threads(enum cb_isa isa)
{
    static const struct shape s = {5, 32, 6, 7};
    check_begin(isa, "a layer's step has the same bits for any number of threads");
    struct pass_data want = {0};
    struct cb_bn want_bn = {0};
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_at("%zu threads", check_threads[t]);
        check_select(t == 0 ? CB_ISA_SCALAR : isa);
        struct cb_team *team = check_team(check_threads[t], 0);
        struct pass_data got = make_pass(&s, CB_F32, 0, CHECK_NORMAL);
        struct cb_bn bn = make_layer(s.c);
        run_layer(team, &bn, &got);
        cb_team_destroy(team);
        if (t == 0) {
            want = got;
            want_bn = bn;
            continue;
        }
        check_equal("z", got.z, want.z, want.len);
        check_equal("dY", got.out, want.out, want.len);
        check_equal("dgamma", bn.dgamma, want_bn.dgamma, s.c);
        check_equal("running_var", bn.running_var, want_bn.running_var, s.c);
    }
    check_end();
}

/* Loss = sum of r * n over the batch, n = batch norm of y, in double. */
static double loss_in_double(const struct shape *s, const double *y, const double *gamma, const double *beta,
                             const float *r)
{
    double loss = 0, count = (double)(s->n * s->h * s->w);
    for (size_t c = 0; c < s->c; c++) {
        double mean = 0, var = 0;
        for (size_t image = 0; image < s->n; image++)
            for (size_t i = 0; i < s->h * s->w; i++) mean += y[element(s->c, s->h * s->w, image, c, i)] / count;
        for (size_t image = 0; image < s->n; image++)
            for (size_t i = 0; i < s->h * s->w; i++) {
                double off = y[element(s->c, s->h * s->w, image, c, i)] - mean;
                var += off * off / count;
            }
        for (size_t image = 0; image < s->n; image++)
            for (size_t i = 0; i < s->h * s->w; i++) {
                size_t at = element(s->c, s->h * s->w, image, c, i);
                loss += (double)r[at] * (gamma[c] * (y[at] - mean) / sqrt(var + (double)1e-5f) + beta[c]);
            }
    }
    return loss;
}

static double difference(const struct shape *s, double *value, const double *y, const double *gamma, const double *beta,
                         const float *r)
{
    static const double step = 1e-4;
    double at = *value;
    *value = at + step;
    double above = loss_in_double(s, y, gamma, beta, r);
    *value = at - step;
    double below = loss_in_double(s, y, gamma, beta, r);
    *value = at;
    return (above - below) / (2 * step);
}

static void test_gradients(void)
{
    static const struct shape s = {3, 16, 4, 3};
    check_begin(CB_ISA_SCALAR, "gradients agree with central differences in double");
    check_select(CB_ISA_SCALAR);
    struct cb_team *team = check_team(1, 0);
    struct pass_data d = make_pass(&s, CB_F32, 0, CHECK_NORMAL);
    struct cb_bn bn = make_layer(s.c);
    run_layer(team, &bn, &d);
    cb_team_destroy(team);
    double *y = check_doubles(d.len), gamma[16], beta[16];
    for (size_t i = 0; i < d.len; i++) y[i] = (double)floats(d.args.source.x)[i];
    for (size_t c = 0; c < s.c; c++) gamma[c] = (double)bn.gamma[c], beta[c] = (double)bn.beta[c];
    for (size_t i = 0; i < d.len; i += 5)
        check_near1("dY", (double)floats(d.out)[i], difference(&s, &y[i], y, gamma, beta, d.args.dy.g), 1e-5);
    for (size_t c = 0; c < s.c; c++) {
        check_at("channel %zu", c);
        check_near1("dgamma", (double)bn.dgamma[c], difference(&s, &gamma[c], y, gamma, beta, d.args.dy.g), 1e-4);
        check_near1("dbeta", (double)bn.dbeta[c], difference(&s, &beta[c], y, gamma, beta, d.args.dy.g), 1e-4);
    }
    check_end();
}

/* Two images of two pixels with the values 1, 2, 3, 6 in every channel: mean 3, biased variance 3.5, unbiased 14/3. */
static void test_conventions(void)
{
    check_begin(CB_ISA_SCALAR,
                "PyTorch's conventions: biased variance normalises, unbiased one is kept, eps under the root");
    struct cb_bn bn = make_layer(16);
    float *stats = check_floats(2 * 2 * 16), old_mean = bn.running_mean[5], old_var = bn.running_var[5];
    for (size_t lane = 0; lane < 16; lane++) {
        stats[lane] = 3, stats[16 + lane] = 5;       /* 1 + 2, 1 + 4 */
        stats[32 + lane] = 9, stats[48 + lane] = 45; /* 3 + 6, 9 + 36 */
    }
    cb_bn_finish_forward(&bn, stats, 2, 2, 0.25f, 0.5f);
    double scale = (double)bn.gamma[5] / 2; /* sqrt(3.5 + 0.5) = 2 */
    check_near1("mean", (double)bn.mean[5], 3, 0);
    check_near1("invstd", (double)bn.invstd[5], 0.5, 0);
    check_near1("scale", (double)bn.scale[5], scale, 0);
    check_near1("shift", (double)bn.shift[5], (double)(float)((double)bn.beta[5] - 3 * scale), 0);
    check_near1("running_mean", (double)bn.running_mean[5], 0.75 * (double)old_mean + 0.25 * 3, 1e-6);
    check_near1("running_var", (double)bn.running_var[5], 0.75 * (double)old_var + 0.25 * 14 / 3, 1e-6);
    bn.running_mean[5] = 7, bn.running_var[5] = 8;
    cb_bn_inference(&bn, 1.0f);
    check_near1("inference scale", (double)bn.scale[5], (double)bn.gamma[5] / 3, 1e-6);
    check_near1("inference shift", (double)bn.shift[5], (double)bn.beta[5] - 7 * (double)bn.gamma[5] / 3, 1e-5);
    check_end();
}

static void test_nan_stays_in_its_channel(void)
{
    static const struct shape s = {2, 32, 3, 3};
    check_begin(CB_ISA_SCALAR, "NaN and infinity show in their channel and in no other");
    check_select(CB_ISA_SCALAR);
    struct cb_team *team = check_team(1, 0);
    struct pass_data d = make_pass(&s, CB_F32, 0, CHECK_NORMAL);
    struct cb_bn bn = make_layer(s.c);
    float *x = check_copy(d.args.source.x, d.len);
    x[element(s.c, s.h * s.w, 1, 20, 4)] = NAN;
    x[element(s.c, s.h * s.w, 0, 3, 8)] = INFINITY;
    d.args.source.x = x;
    run_layer(team, &bn, &d);
    cb_team_destroy(team);
    for (size_t c = 0; c < s.c; c++) {
        int broken = c == 20 || c == 3;
        check_at("channel %zu", c);
        check_true(isnan(bn.scale[c]) == broken && isnan(bn.running_var[c]) == broken, "scale %g, running_var %g",
                   (double)bn.scale[c], (double)bn.running_var[c]);
        check_true(isnan(floats(d.z)[element(s.c, s.h * s.w, 0, c, 0)]) == broken &&
                       isnan(floats(d.out)[element(s.c, s.h * s.w, 1, c, 2)]) == broken,
                   "NaN expected: %d", broken);
    }
    check_end();
}

/* --- option A --- */

static uint16_t *as_bf16(const float *from, size_t n)
{
    uint16_t *to = check_stored(CB_BF16, n);
    for (size_t i = 0; i < n; i++) to[i] = cb_bf16_of(from[i]);
    return to;
}

/* The same shortcut of the same numbers, as bf16. */
static struct cb_shortcut_a shortcut_as_bf16(const struct cb_shortcut_a *f32, size_t from, size_t to)
{
    struct cb_shortcut_a args = *f32;
    args.storage = CB_BF16;
    args.from = as_bf16(f32->from, from);
    args.to = check_stored(CB_BF16, to);
    return args;
}

static void check_shortcut(const struct shape *s, size_t threads)
{
    struct shape half = {s->n, 2 * s->c, s->h / 2, s->w / 2}, back = {s->n, s->c, s->h / 2, s->w / 2};
    size_t map = half.h * half.w;
    float *z = filled(s->n * s->c * s->h * s->w, CHECK_SPECIALS, 31),
          *g = filled(s->n * half.c * map, CHECK_SPECIALS, 32);
    float *r = check_floats(s->n * half.c * map), *d = check_floats(s->n * s->c * map);
    float *want_r = check_floats(s->n * half.c * map), *want_d = check_floats(s->n * s->c * map);
    for (size_t image = 0; image < s->n; image++)
        for (size_t i = 0; i < map; i++)
            for (size_t k = 0; k < half.c; k++) {
                size_t pixel = i / half.w * 2 * s->w + i % half.w * 2,
                       at = element(half.c, half.h * half.w, image, k, i);
                int inside = k >= s->c / 2 && k < s->c / 2 + s->c;
                want_r[at] = inside ? z[element(s->c, s->h * s->w, image, k - s->c / 2, pixel)] : 0;
                if (inside) want_d[element(back.c, back.h * back.w, image, k - s->c / 2, i)] = g[at];
            }
    struct cb_team *team = check_team(threads, 0);
    struct cb_shortcut_a forward = {s->n, s->c, s->h, s->w, CB_F32, z, r},
                         backward = {s->n, s->c, s->h, s->w, CB_F32, g, d};
    cb_shortcut_a_forward(team, &forward);
    cb_shortcut_a_backward(team, &backward);
    check_equal("r", r, want_r, s->n * half.c * map);
    check_equal("d", d, want_d, s->n * s->c * map);
    forward = shortcut_as_bf16(&forward, s->n * s->c * s->h * s->w, s->n * half.c * map);
    backward = shortcut_as_bf16(&backward, s->n * half.c * map, s->n * s->c * map);
    cb_shortcut_a_forward(team, &forward);
    cb_shortcut_a_backward(team, &backward);
    check_equal_stored("bf16 r", CB_BF16, forward.to, as_bf16(want_r, s->n * half.c * map), s->n * half.c * map);
    check_equal_stored("bf16 d", CB_BF16, backward.to, as_bf16(want_d, s->n * s->c * map), s->n * s->c * map);
    cb_team_destroy(team);
}

static void test_shortcut(void)
{
    static const struct shape maps[] = {{2, 16, 32, 32}, {3, 32, 16, 16}, {1, 16, 2, 2}, {2, 48, 6, 4}, {5, 64, 2, 8}};
    check_begin(CB_ISA_SCALAR, "option-A shortcut, forward and backward");
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        for (size_t t = 0; t < CHECK_TEAMS; t++) {
            check_at("shape %zu, %zu threads", i, check_threads[t]);
            check_shortcut(&maps[i], check_threads[t]);
            check_release();
        }
    check_end();
}

int main(void)
{
    CHECK_EACH_SIMD(isa)
    {
        const struct cb_ops *ops = cb_ops_of(isa);
#define COMPARE(name, storage)                                                                                         \
    check_begin(isa, #name " equals the scalar one");                                                                  \
    compare_with_scalar(ops->name, cb_##name##__scalar, storage);                                                      \
    check_end();
#define CB_OP(name, type, ...)                                                                                         \
    if (CHECK_IS_OWN(isa, name)) {                                                                                     \
        COMPARE(name, CB_F32)                                                                                          \
    }
#define CB_OP_BF16(name, type, ...) COMPARE(name, CB_BF16)
#include "norm/norm.inc"
#undef CB_OP
#undef CB_OP_BF16
    }
    test_wrong_kernels();
    test_scalar_in_double();
    CHECK_EACH_ISA(isa)
    {
        test_aliases(isa);
        test_threads(isa);
    }
    test_gradients();
    test_conventions();
    test_nan_stays_in_its_channel();
    test_shortcut();
    return check_finish();
}
