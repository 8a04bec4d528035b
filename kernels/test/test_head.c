#include "test/data.h"

#include <math.h>
#include <string.h>

/* Pooling: SIMD against scalar, scalar against double. Dense layer and loss: plain C, so its bits against the order
 * that head.h states, its values against libm in double, its gradients against central differences. */

static const double U = 0x1p-24; /* unit roundoff of float */

static const struct shape {
    size_t n, c, h, w;
} shapes[] = {{1, 16, 1, 1}, {2, 48, 3, 5}, {3, 64, 8, 8}, {1, 32, 7, 9}};
enum { SHAPES = sizeof shapes / sizeof *shapes, KINDS = 4 };

/* --- pooling --- */

static struct cb_pool_fwd make_forward(const struct shape *s, enum cb_format storage, int kind, int with_z,
                                       enum check_fill fill)
{
    size_t len = s->n * s->c * s->h * s->w;
    struct cb_pool_fwd args = {
        s->n, s->c, s->h, s->w, storage, {.x = filled_stored(storage, len, fill, 1)}, check_floats(s->n * s->c)};
    if (kind > 0) {
        args.source.scale = filled(s->c, fill, 2);
        args.source.shift = filled(s->c, fill, 3);
    }
    if (kind > 1) args.source.residual = filled_stored(storage, len, fill, 4);
    if (kind > 2) {
        args.source.residual_scale = filled(s->c, fill, 5);
        args.source.residual_shift = filled(s->c, fill, 6);
    }
    if (with_z) args.source.z = check_stored(storage, len);
    return args;
}

static void compare_forward(cb_pool_fwd_fn *variant, cb_pool_fwd_fn *scalar, enum cb_format storage)
{
    CHECK_COMPARED(variant);
    for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++)
        for (size_t i = 0; i < SHAPES; i++)
            for (int kind = 0; kind < 2 * KINDS; kind++) {
                const struct shape *s = &shapes[i];
                int with_z = kind % 2;
                check_at("n=%zu c=%zu h=%zu w=%zu kind=%d z=%d fill=%d", s->n, s->c, s->h, s->w, kind / 2, with_z,
                         (int)fill);
                struct cb_pool_fwd got = make_forward(s, storage, kind / 2, with_z, fill),
                                   want = make_forward(s, storage, kind / 2, with_z, fill);
                for (size_t image = 0; image < s->n; image++) {
                    variant(&got, image);
                    scalar(&want, image);
                }
                check_equal("pooled", got.pooled, want.pooled, s->n * s->c);
                if (with_z) check_equal_stored("z", storage, got.source.z, want.source.z, s->n * s->c * s->h * s->w);
                check_release();
            }
}

static struct cb_pool_bwd make_backward(const struct shape *s, enum cb_format storage, enum check_fill fill)
{
    size_t len = s->n * s->c * s->h * s->w;
    return (struct cb_pool_bwd){.n = s->n,
                                .c = s->c,
                                .h = s->h,
                                .w = s->w,
                                .storage = storage,
                                .dpooled = filled(s->n * s->c, fill, 7),
                                .z = filled_stored(storage, len, fill, 8),
                                .bn_y = filled_stored(storage, len, fill, 9),
                                .bn_mean = filled(s->c, fill, 10),
                                .g = check_stored(storage, len),
                                .sums = check_floats(s->n * s->c * 2)};
}

static void compare_backward(cb_pool_bwd_fn *variant, cb_pool_bwd_fn *scalar, enum cb_format storage)
{
    CHECK_COMPARED(variant);
    for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++)
        for (size_t i = 0; i < SHAPES; i++) {
            const struct shape *s = &shapes[i];
            check_at("n=%zu c=%zu h=%zu w=%zu fill=%d", s->n, s->c, s->h, s->w, (int)fill);
            struct cb_pool_bwd got = make_backward(s, storage, fill), want = make_backward(s, storage, fill);
            for (size_t image = 0; image < s->n; image++) {
                variant(&got, image);
                scalar(&want, image);
            }
            check_equal_stored("g", storage, got.g, want.g, s->n * s->c * s->h * s->w);
            check_equal("sums", got.sums, want.sums, s->n * s->c * 2);
            check_release();
        }
}

static void wrong_forward_divides(const struct cb_pool_fwd *args, size_t image)
{
    struct cb_pool_fwd copy = *args;
    cb_pool_f32_fwd__scalar(&copy, image);
    /* Division by H*W in place of the product with its reciprocal. */
    float map = (float)(args->h * args->w);
    for (size_t c = 0; c < args->c; c++) {
        float *p = &args->pooled[image * args->c + c];
        *p = *p / (1.0f / map) / map;
    }
}

static void wrong_backward_at_zero(const struct cb_pool_bwd *args, size_t image)
{
    cb_pool_f32_bwd__scalar(args, image);
    size_t len = args->c * args->h * args->w;
    for (size_t i = 0; i < len; i++) /* the gradient passes where z is 0 */
        if (floats(args->z)[image * len + i] == 0) ((float *)args->g)[image * len + i] = 1;
}

static void wrong_backward_mean(const struct cb_pool_bwd *args, size_t image)
{
    struct cb_pool_bwd copy = *args;
    float zeros[64] = {0};
    copy.bn_mean = zeros;
    cb_pool_f32_bwd__scalar(&copy, image);
}

static void test_wrong_kernels(void)
{
    check_begin_must_fail(CB_ISA_SCALAR, "pooling that divides");
    compare_forward(wrong_forward_divides, cb_pool_f32_fwd__scalar, CB_F32);
    check_end();
    check_begin_must_fail(CB_ISA_SCALAR, "a gradient where z is 0");
    compare_backward(wrong_backward_at_zero, cb_pool_f32_bwd__scalar, CB_F32);
    check_end();
    check_begin_must_fail(CB_ISA_SCALAR, "sums that are not centered");
    compare_backward(wrong_backward_mean, cb_pool_f32_bwd__scalar, CB_F32);
    check_end();
}

static void test_pool_in_double(void)
{
    check_begin(CB_ISA_SCALAR, "pooling within the bound of double precision");
    for (size_t i = 0; i < SHAPES; i++) {
        const struct shape *s = &shapes[i];
        struct cb_pool_fwd f = make_forward(s, CB_F32, 0, 0, CHECK_NORMAL);
        struct cb_pool_bwd b = make_backward(s, CB_F32, CHECK_NORMAL);
        double map = (double)(s->h * s->w);
        check_at("shape %zu", i);
        for (size_t image = 0; image < s->n; image++) {
            cb_pool_f32_fwd__scalar(&f, image);
            cb_pool_f32_bwd__scalar(&b, image);
            for (size_t c = 0; c < s->c; c++) {
                double sum = 0, size = 0, g_sum = 0, g_size = 0, product = 0, product_size = 0;
                double spread = (double)b.dpooled[image * s->c + c] / map;
                for (size_t pixel = 0; pixel < s->h * s->w; pixel++) {
                    size_t at = element(s->c, s->h * s->w, image, c, pixel);
                    double x = (double)floats(f.source.x)[at], g = floats(b.z)[at] > 0 ? spread : 0;
                    double term = g * ((double)floats(b.bn_y)[at] - (double)b.bn_mean[c]);
                    sum += x, size += fabs(x);
                    g_sum += g, g_size += fabs(g);
                    product += term, product_size += fabs(term);
                    check_near1("g", (double)floats(b.g)[at], g, 2.001 * U * fabs(g));
                }
                /* Each addition rounds once; the share and the product with it once each. */
                size_t at = (image * s->c / CB_LANES + c / CB_LANES) * 2 * CB_LANES + c % CB_LANES;
                check_near1("pooled", (double)f.pooled[image * s->c + c], sum / map,
                            1.001 * U * (map + 2) * size / map);
                check_near1("sum g", (double)b.sums[at], g_sum, 1.001 * U * (map + 2) * g_size);
                check_near1("sum g (y - mean)", (double)b.sums[at + CB_LANES], product,
                            1.001 * U * (map + 3) * product_size);
            }
        }
        check_release();
    }
    check_end();
}

static void test_pool_driver(enum cb_isa isa, enum cb_format storage)
{
    static const struct shape s = {5, 32, 4, 3};
    check_begin(isa, "pooling has the same bits for any number of threads, storage %d", (int)storage);
    struct cb_pool_fwd want = make_forward(&s, storage, 3, 1, CHECK_NORMAL);
    struct cb_pool_bwd want_back = make_backward(&s, storage, CHECK_NORMAL);
    for (size_t image = 0; image < s.n; image++) {
        cb_pool_f32_fwd__scalar(&want, image);
        cb_pool_f32_bwd__scalar(&want_back, image);
    }
    check_select(isa);
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_at("%zu threads", check_threads[t]);
        struct cb_team *team = check_team(check_threads[t], 0);
        struct cb_pool_fwd got = make_forward(&s, storage, 3, 1, CHECK_NORMAL);
        struct cb_pool_bwd got_back = make_backward(&s, storage, CHECK_NORMAL);
        cb_pool_forward(team, &got);
        cb_pool_backward(team, &got_back);
        cb_team_destroy(team);
        check_equal("pooled", got.pooled, want.pooled, s.n * s.c);
        check_equal_stored("z", storage, got.source.z, want.source.z, s.n * s.c * s.h * s.w);
        check_equal_stored("g", storage, got_back.g, want_back.g, s.n * s.c * s.h * s.w);
        check_equal("sums", got_back.sums, want_back.sums, s.n * s.c * 2);
    }
    check_end();
}

/* --- dense layer and loss --- */

static struct cb_dense_loss make_dense(size_t n, size_t c, size_t j, enum check_fill fill)
{
    uint8_t *labels = check_bytes(n);
    for (size_t i = 0; i < n; i++) labels[i] = (uint8_t)(check_random(11, i) % j);
    return (struct cb_dense_loss){.n = n,
                                  .c = c,
                                  .j = j,
                                  .pooled = filled(n * c, fill, 12),
                                  .weight = filled(j * c, fill, 13),
                                  .bias = filled(j, fill, 14),
                                  .labels = labels,
                                  .logits = check_floats(n * j),
                                  .loss = check_floats(n),
                                  .correct = check_bytes(n),
                                  .dpooled = check_floats(n * c),
                                  .dweight = check_floats(j * c),
                                  .dbias = check_floats(j),
                                  .groups = check_floats(CB_IMAGE_GROUPS * (j * c + j))};
}

/* Losses, softmax and logits of one image in double, with libm. Returns the loss. */
static double loss_in_double(const struct cb_dense_loss *a, size_t image, const double *pooled, const double *weight,
                             const double *bias, double *logits, double *softmax)
{
    double largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < a->j; j++) {
        logits[j] = bias[j];
        for (size_t c = 0; c < a->c; c++) logits[j] += weight[j * a->c + c] * pooled[image * a->c + c];
        largest = fmax(largest, logits[j]);
    }
    for (size_t j = 0; j < a->j; j++) sum += exp(logits[j] - largest);
    for (size_t j = 0; j < a->j; j++) softmax[j] = exp(logits[j] - largest) / sum;
    return log(sum) - (logits[a->labels[image]] - largest);
}

static double *in_double(const float *p, size_t n)
{
    double *d = check_doubles(n);
    for (size_t i = 0; i < n; i++) d[i] = (double)p[i];
    return d;
}

static double mean_loss(const struct cb_dense_loss *a, const double *pooled, const double *weight, const double *bias)
{
    double logits[64], softmax[64], sum = 0;
    for (size_t image = 0; image < a->n; image++)
        sum += loss_in_double(a, image, pooled, weight, bias, logits, softmax);
    return sum / (double)a->n;
}

static void test_dense_values(struct cb_team *team)
{
    check_begin(CB_ISA_SCALAR, "logits and losses agree with libm in double");
    struct cb_dense_loss a = make_dense(70, 64, 10, CHECK_NORMAL);
    cb_dense_loss(team, &a);
    double *pooled = in_double(a.pooled, a.n * a.c), *weight = in_double(a.weight, a.j * a.c),
           *bias = in_double(a.bias, a.j);
    for (size_t image = 0; image < a.n; image++) {
        double logits[64], softmax[64], loss = loss_in_double(&a, image, pooled, weight, bias, logits, softmax),
                                        worst = 0;
        size_t best = 0;
        check_at("image %zu", image);
        for (size_t j = 0; j < a.j; j++) {
            double size = fabs(bias[j]);
            for (size_t c = 0; c < a.c; c++) size += fabs(weight[j * a.c + c] * pooled[image * a.c + c]);
            double bound = 1.001 * U * (double)a.c * size;
            check_near1("logit", (double)a.logits[image * a.j + j], logits[j], bound);
            worst = fmax(worst, bound);
            if (logits[j] > logits[best]) best = j;
        }
        /* The loss moves by no more than twice the largest error of a logit; then it is rounded. */
        check_near1("loss", (double)a.loss[image], loss, 2 * worst + U * loss);
        check_true(a.correct[image] == (best == a.labels[image]), "correct %d", a.correct[image]);
    }
    check_near1("cb_mean", cb_mean(a.loss, a.n), mean_loss(&a, pooled, weight, bias), 1e-4);
    check_end();
}

static double difference(const struct cb_dense_loss *a, double *value, const double *pooled, const double *weight,
                         const double *bias)
{
    static const double step = 1e-4;
    double at = *value;
    *value = at + step;
    double above = mean_loss(a, pooled, weight, bias);
    *value = at - step;
    double below = mean_loss(a, pooled, weight, bias);
    *value = at;
    return (above - below) / (2 * step);
}

static void test_dense_gradients(struct cb_team *team)
{
    check_begin(CB_ISA_SCALAR, "gradients agree with central differences in double");
    struct cb_dense_loss a = make_dense(37, 16, 7, CHECK_NORMAL);
    cb_dense_loss(team, &a);
    double *pooled = in_double(a.pooled, a.n * a.c), *weight = in_double(a.weight, a.j * a.c),
           *bias = in_double(a.bias, a.j);
    for (size_t i = 0; i < a.n * a.c; i += 3)
        check_near1("dpooled", (double)a.dpooled[i], difference(&a, &pooled[i], pooled, weight, bias), 1e-6);
    for (size_t i = 0; i < a.j * a.c; i++)
        check_near1("dweight", (double)a.dweight[i], difference(&a, &weight[i], pooled, weight, bias), 1e-6);
    for (size_t i = 0; i < a.j; i++)
        check_near1("dbias", (double)a.dbias[i], difference(&a, &bias[i], pooled, weight, bias), 1e-6);
    check_end();
}

/* parts[g][len] summed as a binary tree over the groups. */
static void tree(float *parts, size_t len)
{
    for (size_t d = 1; d < CB_IMAGE_GROUPS; d *= 2)
        for (size_t g = 0; g < CB_IMAGE_GROUPS; g += 2 * d)
            for (size_t i = 0; i < len; i++) parts[g * len + i] += parts[(g + d) * len + i];
}

/* The bits of logits and gradients in the order that head.h states, from the implementation's own softmax. */
static void check_order(const struct cb_dense_loss *a)
{
    size_t len = a->j * a->c;
    float *dweight = check_floats(CB_IMAGE_GROUPS * len), *dbias = check_floats(CB_IMAGE_GROUPS * a->j);
    float *logits = check_floats(a->n * a->j), *dpooled = check_floats(a->n * a->c);
    memset(dweight, 0, CB_IMAGE_GROUPS * len * sizeof(float));
    memset(dbias, 0, CB_IMAGE_GROUPS * a->j * sizeof(float));
    memset(dpooled, 0, a->n * a->c * sizeof(float));
    for (size_t g = 0, first, end; g < CB_IMAGE_GROUPS; g++) {
        cb_group_range(a->n, g, &first, &end);
        for (size_t n = first; n < end; n++) {
            double e[CB_MAX_CLASSES], sum = 0, largest = -INFINITY;
            for (size_t j = 0; j < a->j; j++) {
                float l = a->bias[j];
                for (size_t c = 0; c < a->c; c++) l = fmaf(a->weight[j * a->c + c], a->pooled[n * a->c + c], l);
                logits[n * a->j + j] = l;
                largest = fmax(largest, (double)l);
            }
            for (size_t j = 0; j < a->j; j++) sum += e[j] = cb_exp((double)logits[n * a->j + j] - largest);
            for (size_t j = 0; j < a->j; j++) {
                float d = (float)((e[j] / sum - (j == a->labels[n] ? 1 : 0)) / (double)a->n);
                for (size_t c = 0; c < a->c; c++) {
                    float *dp = &dpooled[n * a->c + c], *dw = &dweight[g * len + j * a->c + c];
                    *dp = fmaf(d, a->weight[j * a->c + c], *dp);
                    *dw = fmaf(d, a->pooled[n * a->c + c], *dw);
                }
                dbias[g * a->j + j] += d;
            }
        }
    }
    tree(dweight, len);
    tree(dbias, a->j);
    check_equal("logits", a->logits, logits, a->n * a->j);
    check_equal("dpooled", a->dpooled, dpooled, a->n * a->c);
    check_equal("dweight", a->dweight, dweight, len);
    check_equal("dbias", a->dbias, dbias, a->j);
}

static void test_dense_order(void)
{
    static const size_t sizes[][3] = {
        {1, 64, 10}, {5, 16, 3}, {32, 64, 10}, {100, 64, 10}, {33, 48, 100}, {2, 16, CB_MAX_CLASSES}, {40, 16, 1}};
    check_begin(CB_ISA_SCALAR, "dense layer: the stated order of sums, for any number of threads");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t t = 0; t < CHECK_TEAMS; t++) {
            check_at("n=%zu c=%zu j=%zu, %zu threads", sizes[i][0], sizes[i][1], sizes[i][2], check_threads[t]);
            struct cb_team *team = check_team(check_threads[t], 0);
            struct cb_dense_loss a = make_dense(sizes[i][0], sizes[i][1], sizes[i][2], CHECK_NORMAL);
            cb_dense_loss(team, &a);
            cb_team_destroy(team);
            check_order(&a);
            check_release();
        }
    check_end();
}

static void test_dense_without(struct cb_team *team)
{
    check_begin(CB_ISA_SCALAR, "evaluation leaves the gradients out, inference the loss");
    struct cb_dense_loss full = make_dense(50, 64, 10, CHECK_NORMAL), eval = make_dense(50, 64, 10, CHECK_NORMAL),
                         logits = eval;
    cb_dense_loss(team, &full);
    eval.dpooled = eval.dweight = eval.dbias = eval.groups = NULL;
    cb_dense_loss(team, &eval);
    check_equal("logits", eval.logits, full.logits, 500);
    check_equal("loss", eval.loss, full.loss, 50);
    check_equal_bytes("correct", eval.correct, full.correct, 50);
    logits = (struct cb_dense_loss){.n = 50,
                                    .c = 64,
                                    .j = 10,
                                    .pooled = full.pooled,
                                    .weight = full.weight,
                                    .bias = full.bias,
                                    .logits = check_floats(500)};
    cb_dense_loss(team, &logits);
    check_equal("logits alone", logits.logits, full.logits, 500);
    check_end();
}

/* Logits are the biases: the pooled values are zero. */
static void test_dense_special(struct cb_team *team)
{
    static const struct {
        float bias[3];
        uint8_t label, correct;
        double loss, bound;                       /* a NaN loss: NaN expected */
    } cases[] = {{{1, 1, 0}, 0, 1, 0.8620, 1e-4}, /* of equals the first is the largest */
                 {{1, 1, 0}, 1, 0, 0.8620, 1e-4},      {{0, -10000, 10000}, 2, 1, 0, 0},
                 {{0, -10000, 10000}, 1, 0, 20000, 0}, {{0, NAN, 1}, 2, 0, NAN, 0},
                 {{NAN, 0, 1}, 0, 0, NAN, 0},          {{0, 0, INFINITY}, 0, 0, NAN, 0}};
    check_begin(CB_ISA_SCALAR, "ties, large, NaN and infinite logits");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cb_dense_loss a = make_dense(2, 16, 3, CHECK_NORMAL);
        float *zeros = check_floats(32);
        memset(zeros, 0, 32 * sizeof *zeros);
        uint8_t labels[2] = {cases[i].label, cases[i].label};
        a.pooled = zeros;
        a.bias = cases[i].bias;
        a.labels = labels;
        cb_dense_loss(team, &a);
        check_at("case %zu", i);
        check_true(a.correct[0] == cases[i].correct, "correct %d", a.correct[0]);
        if (isnan(cases[i].loss))
            check_true(isnan(a.loss[1]) && isnan(a.dbias[cases[i].label]), "loss %g", (double)a.loss[1]);
        else
            check_near1("loss", (double)a.loss[1], cases[i].loss, cases[i].bound);
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
    _Generic(ops->name, cb_pool_fwd_fn *                                                                               \
             : compare_forward, cb_pool_bwd_fn *                                                                       \
             : compare_backward)(ops->name, cb_##name##__scalar, storage);                                             \
    check_end();
#define CB_OP(name, type, ...)                                                                                         \
    if (CHECK_IS_OWN(isa, name)) {                                                                                     \
        COMPARE(name, CB_F32)                                                                                          \
    }
#define CB_OP_BF16(name, type, ...) COMPARE(name, CB_BF16)
#include "head/head.inc"
#undef CB_OP
#undef CB_OP_BF16
    }
    test_wrong_kernels();
    test_pool_in_double();
    CHECK_EACH_ISA(isa)
    {
        if (CHECK_IS_OWN(isa, pool_f32_fwd)) test_pool_driver(isa, CB_F32);
        test_pool_driver(isa, CB_BF16);
    }
    struct cb_team *team = check_team(2, 0);
    test_dense_values(team);
    test_dense_gradients(team);
    test_dense_without(team);
    test_dense_special(team);
    cb_team_destroy(team);
    test_dense_order();
    return check_finish();
}
