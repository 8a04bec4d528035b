#include "test/harness.h"

#include <math.h>

/* The SGD update: SIMD against scalar, scalar against PyTorch's formulas, the driver against itself. */

enum { LEN = 203 };

struct data {
    struct cb_sgd args;
    float *w, *v; /* of LEN + offset elements */
};

static struct data make_data(size_t len, size_t offset, int nesterov, enum check_fill fill)
{
    struct data d = {.w = check_floats(len + offset), .v = check_floats(len + offset)};
    float *grad = check_floats(len + offset);
    check_fill(d.w, len + offset, fill, 1);
    check_fill(d.v, len + offset, fill, 2);
    check_fill(grad, len + offset, fill, 3);
    d.args = (struct cb_sgd){len, d.w + offset, d.v + offset, grad + offset, 0.3f, 0.9f, 1e-4f, nesterov};
    return d;
}

static void compare_with_scalar(cb_sgd_fn *variant, cb_sgd_fn *scalar)
{
    CHECK_COMPARED(variant);
    static const size_t ranges[][2] = {{0, LEN}, {0, 0}, {5, 6}, {3, 3 + 16}, {1, 16}, {100, LEN}, {7, 7 + 64}};
    for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++)
        for (int nesterov = 0; nesterov < 2; nesterov++)
            for (size_t offset = 0; offset < 4; offset++)
                for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
                    check_at("[%zu, %zu) offset=%zu nesterov=%d fill=%d", ranges[i][0], ranges[i][1], offset, nesterov,
                             (int)fill);
                    struct data got = make_data(LEN, offset, nesterov, fill),
                                want = make_data(LEN, offset, nesterov, fill);
                    variant(&got.args, ranges[i][0], ranges[i][1]);
                    scalar(&want.args, ranges[i][0], ranges[i][1]);
                    check_equal("w", got.w, want.w, LEN + offset);
                    check_equal("v", got.v, want.v, LEN + offset);
                    check_release();
                }
}

/* --- wrong on purpose --- */

static void wrong_no_nesterov(const struct cb_sgd *args, size_t first, size_t end)
{
    struct cb_sgd copy = *args;
    copy.nesterov = 0;
    cb_sgd_f32__scalar(&copy, first, end);
}

static void wrong_lr_in_velocity(const struct cb_sgd *args, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        float d = fmaf(args->weight_decay, args->w[i], args->grad[i]);
        args->v[i] = fmaf(args->momentum, args->v[i], args->lr * d);
        args->w[i] -= args->v[i];
    }
}

static void wrong_tail(const struct cb_sgd *args, size_t first, size_t end)
{
    cb_sgd_f32__scalar(args, first, first + (end - first) / 16 * 16);
}

static void wrong_overrun(const struct cb_sgd *args, size_t first, size_t end)
{
    cb_sgd_f32__scalar(args, first, first + (end - first + 15) / 16 * 16);
}

static void test_wrong_kernels(void)
{
    static const struct {
        const char *name;
        cb_sgd_fn *fn;
    } cases[] = {{"Nesterov ignored", wrong_no_nesterov},
                 {"learning rate inside the velocity", wrong_lr_in_velocity},
                 {"tail left out", wrong_tail},
                 {"tail rounded up", wrong_overrun}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "%s", cases[i].name);
        compare_with_scalar(cases[i].fn, cb_sgd_f32__scalar);
        check_end();
    }
}

/* PyTorch's two first steps with numbers that are exact: lr 1/4, momentum 1/2, decay 1/8, w 2, gradients 1 and 3. */
static void test_pytorch_form(void)
{
    static const struct {
        int nesterov;
        float w1, v1, w2, v2;
    } cases[] = {
        /* d1 = 1 + 2/8 = 1.25 = v1; w1 = 2 - 1.25/4; d2 = 3 + w1/8; v2 = v1/2 + d2; w2 = w1 - v2/4 */
        {0, 1.6875f, 1.25f, 0.728515625f, 3.8359375f},
        /* w1 = 2 - (1.25 + 1.25/2)/4; d2 = 3 + w1/8; v2 = v1/2 + d2; w2 = w1 - (d2 + v2/2)/4 */
        {1, 1.53125f, 1.25f, 0.25634765625f, 3.81640625f},
    };
    check_begin(CB_ISA_SCALAR, "two steps in PyTorch's form");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float w = 2, v = 0, grad = 1;
        struct cb_sgd args = {1, &w, &v, &grad, 0.25f, 0.5f, 0.125f, cases[i].nesterov};
        cb_sgd_f32__scalar(&args, 0, 1);
        check_true(w == cases[i].w1 && v == cases[i].v1, "nesterov=%d step 1: w %.9g, v %.9g", cases[i].nesterov,
                   (double)w, (double)v);
        grad = 3;
        cb_sgd_f32__scalar(&args, 0, 1);
        check_true(w == cases[i].w2 && v == cases[i].v2, "nesterov=%d step 2: w %.9g, v %.9g", cases[i].nesterov,
                   (double)w, (double)v);
    }
    check_end();
}

static void test_in_double(void)
{
    check_begin(CB_ISA_SCALAR, "within the bound of double precision");
    for (int nesterov = 0; nesterov < 2; nesterov++) {
        struct data before = make_data(LEN, 0, nesterov, CHECK_NORMAL),
                    after = make_data(LEN, 0, nesterov, CHECK_NORMAL);
        cb_sgd_f32__scalar(&after.args, 0, LEN);
        double *w = check_doubles(LEN), *v = check_doubles(LEN), *w_bound = check_doubles(LEN),
               *v_bound = check_doubles(LEN);
        double u = 1.001 * 0x1p-24, lr = (double)before.args.lr, momentum = (double)before.args.momentum;
        for (size_t i = 0; i < LEN; i++) {
            double d = (double)before.args.weight_decay * (double)before.w[i] + (double)before.args.grad[i];
            v[i] = momentum * (double)before.v[i] + d;
            v_bound[i] = u * (fabs(d) + fabs(v[i]));
            double step = nesterov ? momentum * v[i] + d : v[i];
            double step_bound = nesterov ? momentum * v_bound[i] + u * (fabs(d) + fabs(step)) : v_bound[i];
            w[i] = (double)before.w[i] - lr * step;
            w_bound[i] = lr * step_bound + u * fabs(w[i]);
        }
        check_near("w", after.w, w, w_bound, LEN);
        check_near("v", after.v, v, v_bound, LEN);
    }
    check_end();
}

static void test_driver(enum cb_isa isa)
{
    static const size_t lens[] = {1, 650, 4096, 20001};
    check_begin(isa, "the driver gives the same bits for any number of threads");
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct data want = make_data(lens[i], 0, 1, CHECK_NORMAL);
        cb_sgd_f32__scalar(&want.args, 0, lens[i]);
        check_select(isa);
        for (size_t t = 0; t < CHECK_TEAMS; t++) {
            check_at("len=%zu, %zu threads", lens[i], check_threads[t]);
            struct cb_team *team = check_team(check_threads[t], 0);
            struct data got = make_data(lens[i], 0, 1, CHECK_NORMAL);
            cb_sgd_update(team, &got.args);
            cb_team_destroy(team);
            check_equal("w", got.w, want.w, lens[i]);
            check_equal("v", got.v, want.v, lens[i]);
        }
        check_release();
    }
    check_end();
}

int main(void)
{
    CHECK_EACH_SIMD(isa)
    {
        const struct cb_ops *ops = cb_ops_of(isa);
#define CB_OP(name, type, ...)                                                                                         \
    check_begin(isa, #name " equals the scalar one");                                                                  \
    compare_with_scalar(ops->name, cb_##name##__scalar);                                                               \
    check_end();
#include "update/update.inc"
#undef CB_OP
    }
    test_wrong_kernels();
    test_pytorch_form();
    test_in_double();
    CHECK_EACH_ISA(isa) test_driver(isa);
    return check_finish();
}
