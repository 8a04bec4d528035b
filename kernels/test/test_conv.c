/* Every variant of the convolutions against the scalar reference, bit for bit. */
#include "test/harness.h"

#include <stdio.h>
#include <string.h>

#define KINDS 5
static const char *const kind_names[KINDS] = {"conv3x3", "conv3x3s2", "conv1x1s2", "conv_stem", "winograd"};

/* Formats that are tested: {storage, forward products, backward products}; what there is for a kind and a pass is
 * cb_conv_fwd_op's. */
enum { FORMATS = 5 };
static const enum cb_format formats[FORMATS][3] = {{CB_F32, CB_F32, CB_F32},
                                                   {CB_F32, CB_F32, CB_BF16},
                                                   {CB_BF16, CB_F32, CB_F32},
                                                   {CB_BF16, CB_F32, CB_BF16},
                                                   {CB_BF16, CB_BF16, CB_BF16}};

static void set_formats(struct cb_conv_shape *s, size_t f)
{
    s->storage = formats[f][0];
    s->fwd_products = formats[f][1];
    s->bwd_products = formats[f][2];
}

/* The functions that the formats reach are all of conv.inc but the transforms of weights. */
static void test_complete(void)
{
    enum {
        WEIGHTS = 2,
        OPS = 0
#define CB_OP(name, type) +1
#define CB_OP_BF16 CB_OP
#include "conv/conv.inc"
#undef CB_OP
#undef CB_OP_BF16
    };
    void (*seen[OPS])(void);
    size_t n = 0;
    check_begin(CB_ISA_SCALAR, "every operation of conv.inc is tested");
    for (enum cb_conv_kind kind = 0; kind < KINDS; kind++)
        for (size_t f = 0; f < FORMATS; f++) {
            struct cb_conv_shape s = {.kind = kind};
            set_formats(&s, f);
            if (kind != CB_CONV_WINOGRAD) s.fwd_products = s.bwd_products = CB_F32;
            void (*ops[2])(void) = {(void (*)(void))cb_conv_fwd_op(cb_ops_of(CB_ISA_SCALAR), &s),
                                    (void (*)(void))cb_conv_bwd_op(cb_ops_of(CB_ISA_SCALAR), &s)};
            for (size_t i = 0; i < 2; i++) {
                size_t j = 0;
                while (j < n && seen[j] != ops[i]) j++;
                if (ops[i] && j == n) seen[n++] = ops[i];
            }
        }
    check_true(n == OPS - WEIGHTS, "%zu operations are reached, of %d", n, OPS - WEIGHTS);
    check_end();
}

static cb_conv_fwd_fn *forward_of(enum cb_isa isa, const struct cb_conv_shape *s)
{
    return cb_conv_fwd_op(cb_ops_of(isa), s);
}

static cb_conv_bwd_fn *backward_of(enum cb_isa isa, const struct cb_conv_shape *s)
{
    return cb_conv_bwd_op(cb_ops_of(isa), s);
}

/* What surrounds the convolution. Bits, so that a loop counts through all combinations. */
enum {
    FWD_NORM = 1,
    FWD_RESIDUAL = 2,      /* only with FWD_NORM */
    FWD_RESIDUAL_NORM = 4, /* only with FWD_RESIDUAL */
    FWD_Z = 8,
    FWD_Z_IS_X = 16, /* only with FWD_Z */
    FWD_STATS = 32,
    FWD_OPTIONS = 64,
    FWD_ALL = FWD_NORM | FWD_RESIDUAL | FWD_RESIDUAL_NORM | FWD_Z | FWD_STATS,

    BWD_NORM = 1,
    BWD_DY_NORM = 2,
    BWD_SKIP = 4,
    BWD_SKIP_IS_DX = 8, /* only with BWD_SKIP */
    BWD_SKIP_EVEN = 16, /* only for even h and w */
    BWD_MASK = 32,
    BWD_SUMS = 64,
    BWD_BN_Y_IS_X = 128, /* only with BWD_SUMS and without skips, as in the network */
    BWD_OPTIONS = 256,
    BWD_ALL = BWD_NORM | BWD_DY_NORM | BWD_SKIP | BWD_SKIP_EVEN | BWD_MASK | BWD_SUMS,
};

/* The most that a kind can have at once. */
static unsigned fwd_all(enum cb_conv_kind kind)
{
    if (kind == CB_CONV_STEM) return FWD_STATS;
    return kind == CB_CONV_1X1_S2 ? FWD_ALL & ~(unsigned)FWD_Z : FWD_ALL;
}

static bool fwd_options_valid(enum cb_conv_kind kind, unsigned o)
{
    if (o & ~fwd_all(kind) & ~(unsigned)FWD_Z_IS_X) return false;
    return !((o & FWD_RESIDUAL && !(o & FWD_NORM)) || (o & FWD_RESIDUAL_NORM && !(o & FWD_RESIDUAL)) ||
             (o & FWD_Z_IS_X && !(o & FWD_Z)));
}

/* The most that a shape can have at once. */
static unsigned bwd_all(const struct cb_conv_shape *s)
{
    if (s->kind == CB_CONV_STEM) return BWD_DY_NORM;
    if (s->kind == CB_CONV_1X1_S2) return BWD_NORM | BWD_DY_NORM;
    if (s->kind == CB_CONV_WINOGRAD) return BWD_ALL & ~(unsigned)BWD_SKIP_EVEN;
    return s->h % 2 || s->w % 2 ? BWD_ALL & ~(unsigned)BWD_SKIP_EVEN : BWD_ALL;
}

static bool bwd_options_valid(const struct cb_conv_shape *s, unsigned o)
{
    if (s->kind == CB_CONV_STEM || s->kind == CB_CONV_1X1_S2) return !(o & ~bwd_all(s));
    if (o & BWD_BN_Y_IS_X && (!(o & BWD_SUMS) || o & (BWD_SKIP | BWD_SKIP_EVEN))) return false;
    return !((o & BWD_SKIP_IS_DX && !(o & BWD_SKIP)) || (o & BWD_SKIP_EVEN && !(bwd_all(s) & BWD_SKIP_EVEN)));
}

static size_t input_size(const struct cb_conv_shape *s)
{
    return s->n * s->c * s->h * s->w;
}

/* The projection's dX is compact. */
static size_t dx_size(const struct cb_conv_shape *s)
{
    return s->kind == CB_CONV_1X1_S2 ? input_size(s) / 4 : input_size(s);
}

static size_t output_size(const struct cb_conv_shape *s)
{
    return s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
}

static void at_shape(const struct cb_conv_shape *s, unsigned options, enum check_fill fill)
{
    check_at("n=%zu c=%zu h=%zu w=%zu k=%zu formats=%d %d %d options=%#x fill=%d", s->n, s->c, s->h, s->w, s->k,
             (int)s->storage, (int)s->fwd_products, (int)s->bwd_products, options, (int)fill);
}

static uint64_t seed;

static float *filled(size_t n, enum check_fill fill)
{
    float *p = check_floats(n);
    check_fill(p, n, fill, ++seed);
    return p;
}

static void *filled_stored(const struct cb_conv_shape *s, size_t n, enum check_fill fill)
{
    void *p = check_stored(s->storage, n);
    check_fill_stored(p, s->storage, n, fill, ++seed);
    return p;
}

static void *copy_stored(const struct cb_conv_shape *s, const void *from, size_t n)
{
    return memcpy(check_stored(s->storage, n), from, n * cb_format_bytes(s->storage));
}

/* Weights in the transform domain. */
static float *filled_workspace(const struct cb_conv_shape *s, enum cb_format products, enum check_fill fill)
{
    size_t floats = cb_conv_workspace(s);
    if (!floats) return NULL;
    float *p = check_floats(floats);
    check_fill_stored(p, products, floats * sizeof *p / cb_format_bytes(products), fill, ++seed);
    return p;
}

/* --- forward --- */

static struct cb_conv_fwd forward_args(const struct cb_conv_shape *s, unsigned o, enum check_fill fill)
{
    struct cb_conv_fwd a = {.shape = *s,
                            .source.x = s->kind == CB_CONV_STEM ? filled(input_size(s), fill)
                                                                : filled_stored(s, input_size(s), fill),
                            .w = filled(cb_conv_weights(s), fill),
                            .workspace = filled_workspace(s, s->fwd_products, fill)};
    if (o & FWD_NORM) a.source.scale = filled(s->c, fill), a.source.shift = filled(s->c, fill);
    if (o & FWD_RESIDUAL) a.source.residual = filled_stored(s, input_size(s), fill);
    if (o & FWD_RESIDUAL_NORM)
        a.source.residual_scale = filled(s->c, fill), a.source.residual_shift = filled(s->c, fill);
    return a;
}

/* Gives args outputs of their own. */
static void forward_outputs(struct cb_conv_fwd *a, unsigned o)
{
    const struct cb_conv_shape *s = &a->shape;
    if (o & FWD_Z) a->source.z = check_stored(s->storage, input_size(s));
    if (o & FWD_Z_IS_X) a->source.x = a->source.z = copy_stored(s, a->source.x, input_size(s));
    a->y = check_stored(s->storage, output_size(s));
    if (o & FWD_STATS) a->stats = check_floats(s->n * s->k * 2);
}

static void forward_equal(const struct cb_conv_fwd *got, const struct cb_conv_fwd *want)
{
    const struct cb_conv_shape *s = &got->shape;
    check_equal_stored("y", s->storage, got->y, want->y, output_size(s));
    if (got->stats) check_equal("stats", got->stats, want->stats, s->n * s->k * 2);
    if (got->source.z) check_equal_stored("z", s->storage, got->source.z, want->source.z, input_size(s));
}

static void run_forward(cb_conv_fwd_fn *fn, const struct cb_conv_fwd *args)
{
    void *scratch = check_bytes(cb_conv_scratch_bytes(&args->shape));
    for (size_t i = 0; i < cb_conv_fwd_tasks(&args->shape); i++) fn(args, i, scratch);
}

static void compare_forward(cb_conv_fwd_fn *fn, const struct cb_conv_shape *s, unsigned options, enum check_fill fill)
{
    at_shape(s, options, fill);
    struct cb_conv_fwd got = forward_args(s, options, fill), want = got;
    forward_outputs(&got, options);
    forward_outputs(&want, options);
    run_forward(forward_of(CB_ISA_SCALAR, s), &want);
    run_forward(fn, &got);
    forward_equal(&got, &want);
    check_release();
}

/* --- backward --- */

static struct cb_conv_bwd backward_args(const struct cb_conv_shape *s, unsigned o, enum check_fill fill)
{
    size_t in = input_size(s), out = output_size(s);
    struct cb_conv_bwd a = {.shape = *s,
                            .dy.g = filled_stored(s, out, fill),
                            .source.x = s->kind == CB_CONV_STEM ? filled(in, fill) : filled_stored(s, in, fill),
                            .workspace = filled_workspace(s, s->bwd_products, fill)};
    if (s->kind != CB_CONV_STEM) a.wt = filled(cb_conv_weights(s), fill);
    if (o & BWD_NORM) a.source.scale = filled(s->c, fill), a.source.shift = filled(s->c, fill);
    if (o & BWD_DY_NORM) {
        a.dy.y = filled_stored(s, out, fill);
        a.dy.a = filled(s->k, fill), a.dy.b = filled(s->k, fill), a.dy.c = filled(s->k, fill);
    }
    if (o & BWD_SKIP) a.skip = filled_stored(s, in, fill);
    if (o & BWD_SKIP_EVEN) a.skip_even = filled_stored(s, in / 4, fill);
    a.masked = (o & BWD_MASK) != 0;
    if (o & BWD_SUMS) {
        a.bn_y = o & BWD_BN_Y_IS_X ? a.source.x : filled_stored(s, in, fill);
        a.bn_mean = filled(s->c, fill);
    }
    return a;
}

static void backward_outputs(struct cb_conv_bwd *a, unsigned o)
{
    const struct cb_conv_shape *s = &a->shape;
    if (s->kind != CB_CONV_STEM) a->dx = check_stored(s->storage, dx_size(s));
    if (o & BWD_SKIP_IS_DX) a->skip = a->dx = copy_stored(s, a->skip, input_size(s));
    if (o & BWD_SUMS) a->sums = check_floats(s->n * s->c * 2);
    a->dw_groups = check_floats(CB_IMAGE_GROUPS * cb_conv_weights(s));
    a->dw = check_floats(cb_conv_weights(s));
}

static void backward_equal(const struct cb_conv_bwd *got, const struct cb_conv_bwd *want)
{
    const struct cb_conv_shape *s = &got->shape;
    if (got->dx) check_equal_stored("dx", s->storage, got->dx, want->dx, dx_size(s));
    if (got->sums) check_equal("sums", got->sums, want->sums, s->n * s->c * 2);
    check_equal("dw_groups", got->dw_groups, want->dw_groups, CB_IMAGE_GROUPS * cb_conv_weights(s));
}

static void run_backward(cb_conv_bwd_fn *fn, const struct cb_conv_bwd *args)
{
    void *scratch = check_bytes(cb_conv_scratch_bytes(&args->shape));
    for (size_t g = 0; g < CB_IMAGE_GROUPS; g++) fn(args, g, scratch);
}

static void compare_backward(cb_conv_bwd_fn *fn, const struct cb_conv_shape *s, unsigned options, enum check_fill fill)
{
    at_shape(s, options, fill);
    struct cb_conv_bwd got = backward_args(s, options, fill), want = got;
    backward_outputs(&got, options);
    backward_outputs(&want, options);
    run_backward(backward_of(CB_ISA_SCALAR, s), &want);
    run_backward(fn, &got);
    backward_equal(&got, &want);
    check_release();
}

/* --- weights of the transform domain --- */

static void transform_weights(enum cb_isa isa, enum cb_format products, size_t c, size_t k, const float *w, float *u)
{
    const struct cb_ops *ops = cb_ops_of(isa);
    cb_winograd_weights_fn *fn = products == CB_BF16 ? ops->winograd_bf16_weights : ops->winograd_f32_weights;
    for (size_t kb = 0; kb < k / CB_LANES; kb++)
        for (size_t cb = 0; cb < c / CB_LANES; cb++) fn(&(struct cb_winograd_weights){c, k, w, u}, kb, cb);
}

static void test_weights(enum cb_isa isa, enum cb_format products)
{
    static const size_t channels[][2] = {{16, 16}, {32, 16}, {16, 48}, {64, 64}};
    check_begin(isa, "winograd_%s_weights", products == CB_BF16 ? "bf16" : "f32");
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++) {
            size_t c = channels[i][0], k = channels[i][1];
            check_at("c=%zu k=%zu fill=%d", c, k, (int)fill);
            float *w = filled(9 * c * k, fill);
            void *got = check_stored(products, 36 * c * k), *want = check_stored(products, 36 * c * k);
            transform_weights(CB_ISA_SCALAR, products, c, k, w, want);
            transform_weights(isa, products, c, k, w, got);
            check_equal_stored("u", products, got, want, 36 * c * k);
            check_release();
        }
    check_end();
}

/* --- shapes --- */

static const struct cb_conv_shape resnet[] = {
    {CB_CONV_STEM, 2, 3, 32, 32, 16},      {CB_CONV_3X3, 2, 16, 32, 32, 16},     {CB_CONV_3X3_S2, 2, 16, 32, 32, 32},
    {CB_CONV_1X1_S2, 2, 16, 32, 32, 32},   {CB_CONV_3X3, 2, 32, 16, 16, 32},     {CB_CONV_3X3_S2, 2, 32, 16, 16, 64},
    {CB_CONV_1X1_S2, 2, 32, 16, 16, 64},   {CB_CONV_3X3, 2, 64, 8, 8, 64},       {CB_CONV_WINOGRAD, 2, 16, 32, 32, 16},
    {CB_CONV_WINOGRAD, 3, 32, 16, 16, 32}, {CB_CONV_WINOGRAD, 17, 64, 8, 8, 64},
};

/* Sizes around the tiles of every ISA, by maps' sides; stride 2 doubles them. */
static const size_t sides[][2] = {{1, 1},  {1, 2},  {2, 1},  {3, 3},  {5, 4},  {2, 5},  {1, 6},  {4, 7},
                                  {8, 8},  {7, 8},  {3, 9},  {2, 10}, {3, 11}, {1, 12}, {2, 13}, {1, 15},
                                  {3, 16}, {16, 3}, {2, 17}, {1, 23}, {1, 31}, {2, 33}};

/* Whole tiles; strips of 1 to 32 of them, blocks that end within an image and beyond one. */
static const struct cb_conv_shape winograd[] = {
    {CB_CONV_WINOGRAD, 1, 16, 4, 4, 16},   {CB_CONV_WINOGRAD, 9, 32, 4, 8, 16},   {CB_CONV_WINOGRAD, 2, 16, 8, 4, 48},
    {CB_CONV_WINOGRAD, 2, 48, 12, 12, 32}, {CB_CONV_WINOGRAD, 1, 16, 4, 128, 16}, {CB_CONV_WINOGRAD, 1, 32, 8, 60, 32},
    {CB_CONV_WINOGRAD, 3, 80, 8, 20, 96},  {CB_CONV_WINOGRAD, 35, 64, 4, 4, 64},
};

typedef void visit_fn(enum cb_isa, const struct cb_conv_shape *);

/* With the formats, where they allow the shape. */
static void visit_shape(visit_fn *visit, enum cb_isa isa, struct cb_conv_shape s, size_t f)
{
    set_formats(&s, f);
    if (s.kind != CB_CONV_WINOGRAD) s.fwd_products = s.bwd_products = CB_F32;
    if (s.w % 8 == 0 || (s.fwd_products == CB_F32 && s.bwd_products == CB_F32)) visit(isa, &s);
}

static void each_shape(enum cb_conv_kind kind, size_t f, visit_fn *visit, enum cb_isa isa)
{
    for (size_t i = 0; i < sizeof resnet / sizeof *resnet; i++)
        if (resnet[i].kind == kind) visit_shape(visit, isa, resnet[i], f);
    if (kind == CB_CONV_WINOGRAD) {
        for (size_t i = 0; i < sizeof winograd / sizeof *winograd; i++) visit_shape(visit, isa, winograd[i], f);
        return;
    }
    size_t scale = kind == CB_CONV_3X3_S2 || kind == CB_CONV_1X1_S2 ? 2 : 1;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        size_t c = kind == CB_CONV_STEM ? 3 : 16 + 16 * (i % 3), k = 16 + 16 * (i % 2);
        visit_shape(visit, isa, (struct cb_conv_shape){kind, 1 + i % 2, c, sides[i][0] * scale, sides[i][1] * scale, k},
                    f);
    }
}

static void visit_forward(enum cb_isa isa, const struct cb_conv_shape *s)
{
    unsigned all = fwd_all(s->kind);
    compare_forward(forward_of(isa, s), s, all, CHECK_NORMAL);
    compare_forward(forward_of(isa, s), s, all, CHECK_SPECIALS);
}

static void visit_backward(enum cb_isa isa, const struct cb_conv_shape *s)
{
    unsigned all = bwd_all(s);
    compare_backward(backward_of(isa, s), s, all, CHECK_NORMAL);
    compare_backward(backward_of(isa, s), s, all, CHECK_SPECIALS);
}

static const enum check_fill fills[] = {CHECK_NORMAL, CHECK_DENORMALS, CHECK_SPECIALS};

static void test_forward(enum cb_isa isa, const struct cb_conv_shape *small, size_t f)
{
    const char *name = kind_names[small->kind], *products = small->fwd_products == CB_BF16 ? "bf16" : "f32";
    const char *storage = small->storage == CB_BF16 ? "_bf16_storage" : "";
    check_begin(isa, "%s_%s_fwd%s shapes", name, products, storage);
    each_shape(small->kind, f, visit_forward, isa);
    check_end();
    check_begin(isa, "%s_%s_fwd%s options", name, products, storage);
    for (unsigned o = 0; o < FWD_OPTIONS; o++)
        if (fwd_options_valid(small->kind, o)) compare_forward(forward_of(isa, small), small, o, fills[o % 3]);
    check_end();
}

static void test_backward(enum cb_isa isa, const struct cb_conv_shape *small, size_t f)
{
    const char *name = kind_names[small->kind], *products = small->bwd_products == CB_BF16 ? "bf16" : "f32";
    const char *storage = small->storage == CB_BF16 ? "_bf16_storage" : "";
    check_begin(isa, "%s_%s_bwd%s shapes", name, products, storage);
    each_shape(small->kind, f, visit_backward, isa);
    check_end();
    check_begin(isa, "%s_%s_bwd%s options", name, products, storage);
    for (unsigned o = 0; o < BWD_OPTIONS; o++)
        if (bwd_options_valid(small, o)) compare_backward(backward_of(isa, small), small, o, fills[o % 3]);
    check_end();
}

/* The formats that are another operation than an earlier one, and on avx512bf16 another than avx512's. */
static void test_variants(enum cb_isa isa, enum cb_conv_kind kind)
{
    cb_conv_fwd_fn *fwd[FORMATS];
    cb_conv_bwd_fn *bwd[FORMATS];
    for (size_t f = 0; f < FORMATS; f++) {
        struct cb_conv_shape small = {kind, 2, kind == CB_CONV_STEM ? 3 : 32, 6, 10, 16};
        if (kind == CB_CONV_WINOGRAD) small.h = 8, small.w = 24;
        set_formats(&small, f);
        if (kind != CB_CONV_WINOGRAD) small.fwd_products = small.bwd_products = CB_F32;
        fwd[f] = forward_of(isa, &small);
        bwd[f] = backward_of(isa, &small);
        int new_fwd = fwd[f] != NULL, new_bwd = bwd[f] != NULL;
        for (size_t i = 0; i < f; i++) {
            if (fwd[i] == fwd[f]) new_fwd = 0;
            if (bwd[i] == bwd[f]) new_bwd = 0;
        }
        if (isa == CB_ISA_AVX512BF16) {
            if (fwd[f] == forward_of(CB_ISA_AVX512, &small)) new_fwd = 0;
            if (bwd[f] == backward_of(CB_ISA_AVX512, &small)) new_bwd = 0;
        }
        if (new_fwd) test_forward(isa, &small, f);
        if (new_bwd) test_backward(isa, &small, f);
    }
}

/* --- drivers: any number of threads, any number of images --- */

/* The tree that conv.h states, in place. */
static void reduce_groups(float *parts, size_t len, float *out)
{
    for (size_t d = 1; d < CB_IMAGE_GROUPS; d *= 2)
        for (size_t i = 0; i < CB_IMAGE_GROUPS; i += 2 * d)
            for (size_t e = 0; e < len; e++) parts[i * len + e] = parts[i * len + e] + parts[(i + d) * len + e];
    memcpy(out, parts, len * sizeof *out);
}

static void compare_drivers(enum cb_isa isa, const struct cb_conv_shape *s)
{
    unsigned fwd = fwd_all(s->kind), bwd = bwd_all(s);
    struct cb_conv_fwd fwd_args = forward_args(s, fwd, CHECK_NORMAL), fwd_want = fwd_args;
    struct cb_conv_bwd bwd_args = backward_args(s, bwd, CHECK_NORMAL), bwd_want = bwd_args;
    forward_outputs(&fwd_want, fwd);
    backward_outputs(&bwd_want, bwd);
    if (s->kind == CB_CONV_WINOGRAD) {
        transform_weights(CB_ISA_SCALAR, s->fwd_products, s->c, s->k, fwd_args.w, fwd_args.workspace);
        transform_weights(CB_ISA_SCALAR, s->bwd_products, s->k, s->c, bwd_args.wt, bwd_args.workspace);
    }
    run_forward(forward_of(CB_ISA_SCALAR, s), &fwd_want);
    run_backward(backward_of(CB_ISA_SCALAR, s), &bwd_want);
    float *groups = check_copy(bwd_want.dw_groups, CB_IMAGE_GROUPS * cb_conv_weights(s));
    reduce_groups(groups, cb_conv_weights(s), bwd_want.dw);

    check_select(isa);
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_at("%zu threads, n=%zu c=%zu h=%zu w=%zu k=%zu", check_threads[t], s->n, s->c, s->h, s->w, s->k);
        struct cb_team *team = check_team(check_threads[t], cb_conv_scratch_bytes(s));
        struct cb_conv_fwd f = fwd_args;
        if (f.workspace) f.workspace = check_floats(cb_conv_workspace(s));
        forward_outputs(&f, fwd);
        cb_conv_forward(team, &f);
        forward_equal(&f, &fwd_want);
        struct cb_conv_bwd b = bwd_args;
        if (b.workspace) b.workspace = check_floats(cb_conv_workspace(s));
        backward_outputs(&b, bwd);
        cb_conv_backward(team, &b);
        backward_equal(&b, &bwd_want);
        check_equal("dw", b.dw, bwd_want.dw, cb_conv_weights(s));
        cb_team_destroy(team);
    }
    check_release();
}

static void test_drivers(enum cb_isa isa)
{
    static const size_t images[] = {1, 5, 32, 37};
    check_begin(isa, "cb_conv_forward, cb_conv_backward with 1, 2, 3, 7 threads");
    for (enum cb_conv_kind kind = 0; kind < KINDS; kind++)
        for (size_t f = 0; f < FORMATS; f++)
            for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
                struct cb_conv_shape s = {
                    kind, images[i], kind == CB_CONV_STEM ? 3 : 16, 4, kind == CB_CONV_WINOGRAD ? 8 : 6, 16};
                set_formats(&s, f);
                if (kind != CB_CONV_WINOGRAD) s.fwd_products = s.bwd_products = CB_F32;
                if (forward_of(isa, &s) && backward_of(isa, &s)) compare_drivers(isa, &s);
            }
    check_end();
}

/* --- kernels that are wrong on purpose: the scalar reference with one mistake --- */

enum { WRONG_WEIGHTS = 48 * 32 * 36, WRONG_INPUT = 3 * 48 * 8 * 8 }; /* of the shape in test_wrong_kernels */
static float changed[WRONG_INPUT > WRONG_WEIGHTS ? WRONG_INPUT : WRONG_WEIGHTS];

static float *without_some_taps(const float *weights, size_t n)
{
    memcpy(changed, weights, n * sizeof *changed);
    memset(changed, 0, 16 * CB_LANES * sizeof *changed); /* several channels: the ReLU may silence one */
    return changed;
}

static void forward_drops_taps(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    struct cb_conv_fwd a = *args;
    if (a.workspace)
        a.workspace = without_some_taps(a.workspace, cb_conv_workspace(&a.shape));
    else
        a.w = without_some_taps(a.w, cb_conv_weights(&a.shape));
    forward_of(CB_ISA_SCALAR, &a.shape)(&a, image, scratch);
}

static void forward_shifts_row(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    forward_of(CB_ISA_SCALAR, &args->shape)(args, image, scratch);
    size_t row = cb_conv_out_w(&args->shape) * CB_LANES,
           map = args->shape.k / CB_LANES * cb_conv_out_h(&args->shape) * row;
    float *y = args->y;
    memmove(y + image * map + row, y + image * map, (map - row) * sizeof *y);
}

static void forward_writes_past_end(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    forward_of(CB_ISA_SCALAR, &args->shape)(args, image, scratch);
    if (image + 1 == cb_conv_fwd_tasks(&args->shape)) ((float *)args->y)[output_size(&args->shape)] = 0;
}

static void forward_swallows_nan(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    struct cb_conv_fwd a = *args;
    const float *x = a.source.x;
    for (size_t i = 0; i < input_size(&a.shape); i++) changed[i] = x[i] == x[i] ? x[i] : 0;
    a.source.x = changed;
    forward_of(CB_ISA_SCALAR, &a.shape)(&a, image, scratch);
}

/* Blocks of channels in reverse order: the same sum, other bits. */
static void forward_reorders(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    static float weights[WRONG_WEIGHTS];
    struct cb_conv_fwd a = *args;
    const struct cb_conv_shape *s = &a.shape;
    size_t blocks = s->c / CB_LANES, map = s->h * s->w * CB_LANES, taps = CB_LANES * CB_LANES * 9;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t n = 0; n < s->n; n++)
            memcpy(changed + (n * blocks + b) * map, (const float *)a.source.x + (n * blocks + blocks - 1 - b) * map,
                   map * sizeof(float));
        if (a.workspace) taps = CB_LANES * CB_LANES;
        for (size_t k = 0; k < (a.workspace ? CB_WINOGRAD_POSITIONS : 1) * s->k / CB_LANES; k++)
            memcpy(weights + (k * blocks + b) * taps,
                   (a.workspace ? a.workspace : a.w) + (k * blocks + blocks - 1 - b) * taps, taps * sizeof(float));
    }
    a.source.x = changed;
    if (a.workspace)
        a.workspace = weights;
    else
        a.w = weights;
    forward_of(CB_ISA_SCALAR, s)(&a, image, scratch);
}

static void backward_drops_taps(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    if (a.workspace)
        a.workspace = without_some_taps(a.workspace, cb_conv_workspace(&a.shape));
    else
        a.wt = without_some_taps(a.wt, cb_conv_weights(&a.shape));
    backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_forgets_mask(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.masked = 0;
    backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_forgets_skip(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.skip = NULL;
    backward_of(CB_ISA_SCALAR, &a.shape)(&a, group, scratch);
}

static void backward_leaves_empty_groups(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    size_t first, end;
    cb_group_range(args->shape.n, group, &first, &end);
    if (first < end) backward_of(CB_ISA_SCALAR, &args->shape)(args, group, scratch);
}

static void backward_writes_past_end(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    backward_of(CB_ISA_SCALAR, &args->shape)(args, group, scratch);
    if (group + 1 == CB_IMAGE_GROUPS) args->dw_groups[CB_IMAGE_GROUPS * cb_conv_weights(&args->shape)] = 0;
}

static void test_wrong_kernels(void)
{
    static const struct {
        const char *name;
        cb_conv_fwd_fn *fn;
        unsigned options;
        enum check_fill fill;
    } forwards[] = {
        {"drops taps", forward_drops_taps, FWD_ALL, CHECK_NORMAL},
        {"is off by one row", forward_shifts_row, FWD_ALL, CHECK_NORMAL},
        {"writes one element past the end", forward_writes_past_end, 0, CHECK_NORMAL},
        {"swallows NaN", forward_swallows_nan, 0, CHECK_SPECIALS},
        {"adds in another order", forward_reorders, 0, CHECK_NORMAL},
    };
    static const struct {
        const char *name;
        cb_conv_bwd_fn *fn;
    } backwards[] = {
        {"drops taps", backward_drops_taps},
        {"forgets the mask", backward_forgets_mask},
        {"forgets the skip gradient", backward_forgets_skip},
        {"leaves dW of empty groups as it was", backward_leaves_empty_groups},
        {"writes one element past the end", backward_writes_past_end},
    };
    /* Three blocks of channels: two would commute. */
    static const struct cb_conv_shape wrong[] = {{CB_CONV_3X3, 3, 48, 8, 8, 32},
                                                 {CB_CONV_WINOGRAD, 3, 48, 8, 8, 32},
                                                 {CB_CONV_WINOGRAD, 3, 48, 8, 8, 32, CB_BF16, CB_BF16, CB_BF16}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        const struct cb_conv_shape s = wrong[k];
        const char *products = s.storage == CB_BF16 ? "bf16" : "f32";
        for (size_t i = 0; i < sizeof forwards / sizeof *forwards; i++) {
            /* Every tile of CHECK_SPECIALS holds infinities, whose differences are NaN anyway. */
            if (s.kind == CB_CONV_WINOGRAD && forwards[i].fill == CHECK_SPECIALS) continue;
            if (s.storage == CB_BF16 && forwards[i].fn != forward_drops_taps) continue; /* the others move floats */
            check_begin_must_fail(CB_ISA_SCALAR, "a %s_%s_fwd that %s", kind_names[s.kind], products, forwards[i].name);
            compare_forward(forwards[i].fn, &s, forwards[i].options, forwards[i].fill);
            check_end();
        }
        for (size_t i = 0; i < sizeof backwards / sizeof *backwards; i++) {
            check_begin_must_fail(CB_ISA_SCALAR, "a %s_%s_bwd that %s", kind_names[s.kind], products,
                                  backwards[i].name);
            compare_backward(backwards[i].fn, &s, bwd_all(&s), CHECK_NORMAL);
            check_end();
        }
    }
}

int main(void)
{
    CHECK_EACH_ISA(isa)
    {
        for (enum cb_conv_kind kind = 0; kind < KINDS; kind++)
            if (isa != CB_ISA_SCALAR) test_variants(isa, kind);
        if (isa != CB_ISA_SCALAR) {
            if (isa != CB_ISA_AVX512BF16) test_weights(isa, CB_F32);
            test_weights(isa, CB_BF16);
        }
        test_drivers(isa);
    }
    test_complete();
    test_wrong_kernels();
    return check_finish();
}
