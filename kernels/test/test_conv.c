/* Every variant of the convolutions against the scalar reference, bit for bit. */
#include "test/harness.h"

#include <stdio.h>
#include <string.h>

#define KINDS 5
static const char *const kind_names[KINDS] = {"conv3x3", "conv3x3s2", "conv1x1s2", "conv_stem", "winograd"};

#define CB_OP(name, type) +1
_Static_assert(0
#include "conv/conv.inc"
                   == 2 * KINDS + 1,
               "an operation of conv.inc is not tested here");
#undef CB_OP

static cb_conv_fwd_fn *forward_of(enum cb_isa isa, enum cb_conv_kind kind)
{
    const struct cb_ops *o = cb_ops_of(isa);
    cb_conv_fwd_fn *fns[KINDS] = {o->conv3x3_f32_fwd, o->conv3x3s2_f32_fwd, o->conv1x1s2_f32_fwd, o->conv_stem_f32_fwd,
                                  o->winograd_f32_fwd};
    return fns[kind];
}

static cb_conv_bwd_fn *backward_of(enum cb_isa isa, enum cb_conv_kind kind)
{
    const struct cb_ops *o = cb_ops_of(isa);
    cb_conv_bwd_fn *fns[KINDS] = {o->conv3x3_f32_bwd, o->conv3x3s2_f32_bwd, o->conv1x1s2_f32_bwd, o->conv_stem_f32_bwd,
                                  o->winograd_f32_bwd};
    return fns[kind];
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
    BWD_OPTIONS = 128,
    BWD_ALL = BWD_NORM | BWD_DY_NORM | BWD_SKIP | BWD_SKIP_EVEN | BWD_MASK | BWD_SUMS,
};

static bool fwd_options_valid(enum cb_conv_kind kind, unsigned o)
{
    if (kind == CB_CONV_STEM) return !(o & ~(unsigned)FWD_STATS);
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
    check_at("n=%zu c=%zu h=%zu w=%zu k=%zu options=%#x fill=%d", s->n, s->c, s->h, s->w, s->k, options, (int)fill);
}

static uint64_t seed;

static float *filled(size_t n, enum check_fill fill)
{
    float *p = check_floats(n);
    check_fill(p, n, fill, ++seed);
    return p;
}

/* --- forward --- */

static struct cb_conv_fwd forward_args(const struct cb_conv_shape *s, unsigned o, enum check_fill fill)
{
    struct cb_conv_fwd a = {
        .shape = *s, .source.x = filled(input_size(s), fill), .w = filled(cb_conv_weights(s), fill)};
    if (cb_conv_workspace(s)) a.workspace = filled(cb_conv_workspace(s), fill);
    if (o & FWD_NORM) a.source.scale = filled(s->c, fill), a.source.shift = filled(s->c, fill);
    if (o & FWD_RESIDUAL) a.source.residual = filled(input_size(s), fill);
    if (o & FWD_RESIDUAL_NORM)
        a.source.residual_scale = filled(s->c, fill), a.source.residual_shift = filled(s->c, fill);
    return a;
}

/* Gives args outputs of their own. */
static void forward_outputs(struct cb_conv_fwd *a, unsigned o)
{
    const struct cb_conv_shape *s = &a->shape;
    if (o & FWD_Z) a->source.z = check_floats(input_size(s));
    if (o & FWD_Z_IS_X) a->source.x = a->source.z = check_copy(a->source.x, input_size(s));
    a->y = check_floats(output_size(s));
    if (o & FWD_STATS) a->stats = check_floats(s->n * s->k * 2);
}

static void forward_equal(const struct cb_conv_fwd *got, const struct cb_conv_fwd *want)
{
    const struct cb_conv_shape *s = &got->shape;
    check_equal("y", got->y, want->y, output_size(s));
    if (got->stats) check_equal("stats", got->stats, want->stats, s->n * s->k * 2);
    if (got->source.z) check_equal("z", got->source.z, want->source.z, input_size(s));
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
    run_forward(forward_of(CB_ISA_SCALAR, s->kind), &want);
    run_forward(fn, &got);
    forward_equal(&got, &want);
    check_release();
}

/* --- backward --- */

static struct cb_conv_bwd backward_args(const struct cb_conv_shape *s, unsigned o, enum check_fill fill)
{
    size_t in = input_size(s), out = output_size(s);
    struct cb_conv_bwd a = {.shape = *s, .dy.g = filled(out, fill), .source.x = filled(in, fill)};
    if (s->kind != CB_CONV_STEM) a.wt = filled(cb_conv_weights(s), fill);
    if (cb_conv_workspace(s)) a.workspace = filled(cb_conv_workspace(s), fill);
    if (o & BWD_NORM) a.source.scale = filled(s->c, fill), a.source.shift = filled(s->c, fill);
    if (o & BWD_DY_NORM) {
        a.dy.y = filled(out, fill);
        a.dy.a = filled(s->k, fill), a.dy.b = filled(s->k, fill), a.dy.c = filled(s->k, fill);
    }
    if (o & BWD_SKIP) a.skip = filled(in, fill);
    if (o & BWD_SKIP_EVEN) a.skip_even = filled(in / 4, fill);
    a.masked = (o & BWD_MASK) != 0;
    if (o & BWD_SUMS) a.bn_y = filled(in, fill), a.bn_mean = filled(s->c, fill);
    return a;
}

static void backward_outputs(struct cb_conv_bwd *a, unsigned o)
{
    const struct cb_conv_shape *s = &a->shape;
    if (s->kind != CB_CONV_STEM) a->dx = check_floats(dx_size(s));
    if (o & BWD_SKIP_IS_DX) a->skip = a->dx = check_copy(a->skip, input_size(s));
    if (o & BWD_SUMS) a->sums = check_floats(s->n * s->c * 2);
    a->dw_groups = check_floats(CB_IMAGE_GROUPS * cb_conv_weights(s));
    a->dw = check_floats(cb_conv_weights(s));
}

static void backward_equal(const struct cb_conv_bwd *got, const struct cb_conv_bwd *want)
{
    const struct cb_conv_shape *s = &got->shape;
    if (got->dx) check_equal("dx", got->dx, want->dx, dx_size(s));
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
    run_backward(backward_of(CB_ISA_SCALAR, s->kind), &want);
    run_backward(fn, &got);
    backward_equal(&got, &want);
    check_release();
}

/* --- weights of the transform domain --- */

static void transform_weights(enum cb_isa isa, size_t c, size_t k, const float *w, float *u)
{
    for (size_t kb = 0; kb < k / CB_LANES; kb++)
        for (size_t cb = 0; cb < c / CB_LANES; cb++)
            cb_ops_of(isa)->winograd_f32_weights(&(struct cb_winograd_weights){c, k, w, u}, kb, cb);
}

static void test_weights(enum cb_isa isa)
{
    static const size_t channels[][2] = {{16, 16}, {32, 16}, {16, 48}, {64, 64}};
    check_begin(isa, "winograd_f32_weights");
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++) {
            size_t c = channels[i][0], k = channels[i][1];
            check_at("c=%zu k=%zu fill=%d", c, k, (int)fill);
            float *w = filled(9 * c * k, fill), *got = check_floats(36 * c * k), *want = check_floats(36 * c * k);
            transform_weights(CB_ISA_SCALAR, c, k, w, want);
            transform_weights(isa, c, k, w, got);
            check_equal("u", got, want, 36 * c * k);
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

static void each_shape(enum cb_conv_kind kind, void (*visit)(enum cb_isa, const struct cb_conv_shape *),
                       enum cb_isa isa)
{
    for (size_t i = 0; i < sizeof resnet / sizeof *resnet; i++)
        if (resnet[i].kind == kind) visit(isa, &resnet[i]);
    if (kind == CB_CONV_WINOGRAD) {
        for (size_t i = 0; i < sizeof winograd / sizeof *winograd; i++) visit(isa, &winograd[i]);
        return;
    }
    size_t scale = kind == CB_CONV_3X3_S2 || kind == CB_CONV_1X1_S2 ? 2 : 1;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        size_t c = kind == CB_CONV_STEM ? 3 : 16 + 16 * (i % 3), k = 16 + 16 * (i % 2);
        visit(isa, &(struct cb_conv_shape){kind, 1 + i % 2, c, sides[i][0] * scale, sides[i][1] * scale, k});
    }
}

static void visit_forward(enum cb_isa isa, const struct cb_conv_shape *s)
{
    unsigned all = s->kind == CB_CONV_STEM ? FWD_STATS : FWD_ALL;
    compare_forward(forward_of(isa, s->kind), s, all, CHECK_NORMAL);
    compare_forward(forward_of(isa, s->kind), s, all, CHECK_SPECIALS);
}

static void visit_backward(enum cb_isa isa, const struct cb_conv_shape *s)
{
    unsigned all = bwd_all(s);
    compare_backward(backward_of(isa, s->kind), s, all, CHECK_NORMAL);
    compare_backward(backward_of(isa, s->kind), s, all, CHECK_SPECIALS);
}

static const enum check_fill fills[] = {CHECK_NORMAL, CHECK_DENORMALS, CHECK_SPECIALS};

static void test_variants(enum cb_isa isa, enum cb_conv_kind kind)
{
    struct cb_conv_shape small = {kind, 3, kind == CB_CONV_STEM ? 3 : 32, 6, 10, 16};
    if (kind == CB_CONV_WINOGRAD) small.h = 8, small.w = 12;

    check_begin(isa, "%s_f32_fwd shapes", kind_names[kind]);
    each_shape(kind, visit_forward, isa);
    check_end();
    check_begin(isa, "%s_f32_fwd options", kind_names[kind]);
    for (unsigned o = 0; o < FWD_OPTIONS; o++)
        if (fwd_options_valid(kind, o)) compare_forward(forward_of(isa, kind), &small, o, fills[o % 3]);
    check_end();
    check_begin(isa, "%s_f32_bwd shapes", kind_names[kind]);
    each_shape(kind, visit_backward, isa);
    check_end();
    check_begin(isa, "%s_f32_bwd options", kind_names[kind]);
    for (unsigned o = 0; o < BWD_OPTIONS; o++)
        if (bwd_options_valid(&small, o)) compare_backward(backward_of(isa, kind), &small, o, fills[o % 3]);
    check_end();
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
    unsigned fwd = s->kind == CB_CONV_STEM ? FWD_STATS : FWD_ALL, bwd = bwd_all(s);
    struct cb_conv_fwd fwd_args = forward_args(s, fwd, CHECK_NORMAL), fwd_want = fwd_args;
    struct cb_conv_bwd bwd_args = backward_args(s, bwd, CHECK_NORMAL), bwd_want = bwd_args;
    forward_outputs(&fwd_want, fwd);
    backward_outputs(&bwd_want, bwd);
    if (s->kind == CB_CONV_WINOGRAD) {
        transform_weights(CB_ISA_SCALAR, s->c, s->k, fwd_args.w, fwd_args.workspace);
        transform_weights(CB_ISA_SCALAR, s->k, s->c, bwd_args.wt, bwd_args.workspace);
    }
    run_forward(forward_of(CB_ISA_SCALAR, s->kind), &fwd_want);
    run_backward(backward_of(CB_ISA_SCALAR, s->kind), &bwd_want);
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
    static const size_t images[] = {1, 5, 32, 37, 70};
    check_begin(isa, "cb_conv_forward, cb_conv_backward with 1, 2, 3, 7 threads");
    for (enum cb_conv_kind kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof images / sizeof *images; i++)
            compare_drivers(isa, &(struct cb_conv_shape){kind, images[i], kind == CB_CONV_STEM ? 3 : 16, 4,
                                                         kind == CB_CONV_WINOGRAD ? 8 : 6, 16});
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
    forward_of(CB_ISA_SCALAR, a.shape.kind)(&a, image, scratch);
}

static void forward_shifts_row(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    forward_of(CB_ISA_SCALAR, args->shape.kind)(args, image, scratch);
    size_t row = cb_conv_out_w(&args->shape) * CB_LANES,
           map = args->shape.k / CB_LANES * cb_conv_out_h(&args->shape) * row;
    memmove(args->y + image * map + row, args->y + image * map, (map - row) * sizeof *args->y);
}

static void forward_writes_past_end(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    forward_of(CB_ISA_SCALAR, args->shape.kind)(args, image, scratch);
    if (image + 1 == cb_conv_fwd_tasks(&args->shape)) args->y[output_size(&args->shape)] = 0;
}

static void forward_swallows_nan(const struct cb_conv_fwd *args, size_t image, void *scratch)
{
    struct cb_conv_fwd a = *args;
    for (size_t i = 0; i < input_size(&a.shape); i++) changed[i] = a.source.x[i] == a.source.x[i] ? a.source.x[i] : 0;
    a.source.x = changed;
    forward_of(CB_ISA_SCALAR, a.shape.kind)(&a, image, scratch);
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
            memcpy(changed + (n * blocks + b) * map, a.source.x + (n * blocks + blocks - 1 - b) * map,
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
    forward_of(CB_ISA_SCALAR, s->kind)(&a, image, scratch);
}

static void backward_drops_taps(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    if (a.workspace)
        a.workspace = without_some_taps(a.workspace, cb_conv_workspace(&a.shape));
    else
        a.wt = without_some_taps(a.wt, cb_conv_weights(&a.shape));
    backward_of(CB_ISA_SCALAR, a.shape.kind)(&a, group, scratch);
}

static void backward_forgets_mask(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.masked = 0;
    backward_of(CB_ISA_SCALAR, a.shape.kind)(&a, group, scratch);
}

static void backward_forgets_skip(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    struct cb_conv_bwd a = *args;
    a.skip = NULL;
    backward_of(CB_ISA_SCALAR, a.shape.kind)(&a, group, scratch);
}

static void backward_leaves_empty_groups(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    size_t first, end;
    cb_group_range(args->shape.n, group, &first, &end);
    if (first < end) backward_of(CB_ISA_SCALAR, args->shape.kind)(args, group, scratch);
}

static void backward_writes_past_end(const struct cb_conv_bwd *args, size_t group, void *scratch)
{
    backward_of(CB_ISA_SCALAR, args->shape.kind)(args, group, scratch);
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
    static const enum cb_conv_kind kinds[] = {CB_CONV_3X3, CB_CONV_WINOGRAD};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const struct cb_conv_shape s = {kinds[k], 3, 48, 8, 8, 32}; /* three blocks: two would commute */
        for (size_t i = 0; i < sizeof forwards / sizeof *forwards; i++) {
            /* Every tile of CHECK_SPECIALS holds infinities, whose differences are NaN anyway. */
            if (s.kind == CB_CONV_WINOGRAD && forwards[i].fill == CHECK_SPECIALS) continue;
            check_begin_must_fail(CB_ISA_SCALAR, "a %s_f32_fwd that %s", kind_names[s.kind], forwards[i].name);
            compare_forward(forwards[i].fn, &s, forwards[i].options, forwards[i].fill);
            check_end();
        }
        for (size_t i = 0; i < sizeof backwards / sizeof *backwards; i++) {
            check_begin_must_fail(CB_ISA_SCALAR, "a %s_f32_bwd that %s", kind_names[s.kind], backwards[i].name);
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
        if (isa != CB_ISA_SCALAR) test_weights(isa);
        test_drivers(isa);
    }
    test_wrong_kernels();
    return check_finish();
}
