/* The convolutions: ours by algorithm and ISA, and the libraries' algorithms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bandwidth.h"
#include "bench.h"
#include "suites.h"
#include "conv_case.h"
#include "im2col.h"
#include "kernels.h"
#include "outputs.h"

/* --- shapes --- */

enum { STEM, K3X3, K3X3_S2, K1X1_S2 };

static const char *kind_word(size_t i)
{
    static const char *const words[] = {[STEM] = "stem", [K3X3] = "3x3", [K3X3_S2] = "3x3s2", [K1X1_S2] = "1x1s2"};
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

/* The numerics versions, as far as they differ in convolutions; kernels/conv/conv.h says which there can be. */
enum { FP32, BF16_BACKWARD, BF16_STORAGE, BF16_ALL };

static const struct {
    const char *name;
    enum cb_format storage, fwd_products, bwd_products;
} versions[] = {
    [FP32] = {"fp32", CB_F32, CB_F32, CB_F32},
    [BF16_BACKWARD] = {"bf16-backward", CB_F32, CB_F32, CB_BF16},
    [BF16_STORAGE] = {"bf16-storage", CB_BF16, CB_F32, CB_BF16},
    [BF16_ALL] = {"bf16-all", CB_BF16, CB_BF16, CB_BF16},
};

static const char *version_word(size_t i)
{
    return i < sizeof versions / sizeof *versions ? versions[i].name : NULL;
}

static const struct cb_shape_key keys[] = {
    {.name = "kind", .word = kind_word},
    {.name = "c", .min = 3, .max = 1024, .step = 1},
    {.name = "k", .min = 16, .max = 1024, .step = 16},
    {.name = "hw", .min = 1, .max = 128, .step = 1},
    {.name = "batch", .min = 1, .max = 4096, .step = 1},
    {.name = "numerics", .word = version_word, .optional = true},
};

enum algorithm { DIRECT, WINOGRAD, IM2COL, ALGORITHMS };
static const char *const algorithm_names[ALGORITHMS] = {"direct", "winograd", "im2col"};

static struct cb_conv_shape shape_of(const struct cb_shape *s, enum algorithm algorithm)
{
    static const enum cb_conv_kind kinds[] = {
        [STEM] = CB_CONV_STEM, [K3X3] = CB_CONV_3X3, [K3X3_S2] = CB_CONV_3X3_S2, [K1X1_S2] = CB_CONV_1X1_S2};
    size_t hw = cb_shape_value(s, "hw"), version = cb_shape_value(s, "numerics");
    bool winograd = algorithm == WINOGRAD; /* the others multiply floats */
    return (struct cb_conv_shape){.kind = winograd ? CB_CONV_WINOGRAD : kinds[cb_shape_value(s, "kind")],
                                  .n = cb_shape_value(s, "batch"),
                                  .c = cb_shape_value(s, "c"),
                                  .h = hw,
                                  .w = hw,
                                  .k = cb_shape_value(s, "k"),
                                  .storage = versions[version].storage,
                                  .fwd_products = winograd ? versions[version].fwd_products : CB_F32,
                                  .bwd_products = winograd ? versions[version].bwd_products : CB_F32};
}

/* Of 3x3 there is no direct convolution of bf16. */
static enum algorithm first_algorithm(const struct cb_shape *s)
{
    return cb_shape_value(s, "kind") == K3X3 && cb_shape_value(s, "numerics") != FP32 ? WINOGRAD : DIRECT;
}

/* What no algorithm takes. Where one does and Winograd does not, prepare says so. */
static const char *check_shape(const struct cb_shape *s)
{
    static struct cb_error wrong;
    size_t version = cb_shape_value(s, "numerics");
    if (cb_shape_value(s, "kind") != K3X3 && (version == BF16_BACKWARD || version == BF16_ALL))
        return "numerics of kind=3x3 alone: the others multiply floats, with numerics=fp32 or numerics=bf16-storage";
    struct cb_conv_shape shape = shape_of(s, first_algorithm(s));
    return cb_conv_check(&shape, &wrong) ? wrong.text : NULL;
}

/* The forward pass of bf16-backward is that of fp32, the backward pass of bf16-all that of bf16-storage. */
static bool takes_forward(const struct cb_shape *s)
{
    return cb_shape_value(s, "numerics") != BF16_BACKWARD;
}

static bool takes_backward(const struct cb_shape *s)
{
    return cb_shape_value(s, "numerics") != BF16_ALL;
}

/* Where the kinds stand in the network. */
static bool is_block1(const struct cb_shape *s)
{
    return cb_shape_value(s, "kind") == K3X3 || cb_shape_value(s, "kind") == K3X3_S2;
}

static bool is_block2(const struct cb_shape *s)
{
    return cb_shape_value(s, "kind") == K3X3;
}

static bool takes_block1_forward(const struct cb_shape *s)
{
    return is_block1(s) && takes_forward(s);
}

static bool takes_block1_backward(const struct cb_shape *s)
{
    return is_block1(s) && takes_backward(s);
}

static bool takes_block2_forward(const struct cb_shape *s)
{
    return is_block2(s) && takes_forward(s);
}

static bool takes_block2_backward(const struct cb_shape *s)
{
    return is_block2(s) && takes_backward(s);
}

static bool takes_fused(const struct cb_shape *s)
{
    return !is_block1(s);
}

static const struct cb_shape_form form = {"conv", keys, sizeof keys / sizeof *keys, check_shape};

/* --- implementations --- */

/* Bytes that a pass reads and writes, each tensor once; what is replaced in place is read and written. */
static double traffic(const struct cb_conv_shape *s, enum case_pass pass)
{
    double in = (double)(s->n * s->c * s->h * s->w), out = (double)(s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s));
    double weights = (double)(cb_conv_weights(s) * sizeof(float));
    in *= (double)cb_format_bytes(s->kind == CB_CONV_STEM ? CB_F32 : s->storage);
    out *= (double)cb_format_bytes(s->storage);
    if (s->kind == CB_CONV_1X1_S2) in /= 4;        /* even rows and columns alone */
    double dx = s->kind == CB_CONV_STEM ? 0 : in;  /* images have no gradient */
    double forward = in + weights + out;           /* x, w, y */
    double backward = in + dx + out + 2 * weights; /* x, dX, dY, w, dW */
    double skip = s->kind == CB_CONV_3X3_S2 ? in / 4 : in;
    switch (pass) {
    case BLOCK1_FORWARD: /* and residual and z */
        return forward + 2 * in;
    case BLOCK1_BACKWARD: /* and y, skip gradient and what batch norm read */
        return backward + out + skip + in;
    case BLOCK2_BACKWARD: /* and y; batch norm read x */
    case FUSED_BACKWARD:
        return backward + out;
    default:
        return case_is_backward(pass) ? backward : forward;
    }
}

static double peer_traffic(const struct cb_conv_shape *s)
{
    double in = (double)(s->n * s->c * s->h * s->w), out = (double)(s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s));
    return (in + out + (double)cb_conv_weights(s)) * (double)cb_format_bytes(s->storage);
}

static void add_pass(struct cb_case *the_case, const struct cb_availability *available, const struct cb_peer *peer,
                     const struct cb_conv_shape *s, enum cb_conv_pass pass)
{
    static const char *const suffixes[CB_CONV_PASSES] = {"", ":dX", ":dW"};
    for (size_t a = 0; a < peer->conv->algorithms; a++) {
        char name[24];
        snprintf(name, sizeof name, "%s%s", peer->conv->algorithm_names[a], suffixes[pass]);
        struct cb_cost cost = {.flops = cb_conv_flops(s), .bytes = peer_traffic(s)};
        /* A library that chooses may choose Winograd, which may have other tiles than ours: this is a bound, no
         * count. */
        bool direct =
            !strcmp(peer->conv->algorithm_names[a], "direct") || cb_shape_value(the_case->shape, "kind") != K3X3;
        cost.least_flops[s->storage] = direct ? cost.flops : cost.flops / 4;
        struct cb_implementation *e = cb_add_peer(the_case, available, peer, name, (unsigned)a, &cost);
        if (e && s->kind != CB_CONV_STEM) e->part = pass; /* a forward pass is a whole */
    }
}

static void add_peers(struct cb_case *the_case, const struct cb_availability *available, const struct cb_conv_shape *s,
                      bool backward)
{
    for (size_t i = 0; i < available->n_peers; i++) {
        const struct cb_peer *peer = available->peer[i];
        if (!peer->conv) continue;
        if (!backward) add_pass(the_case, available, peer, s, CB_CONV_FORWARD);
        if (backward && s->kind != CB_CONV_STEM) /* images have no gradient */
            add_pass(the_case, available, peer, s, CB_CONV_BACKWARD_DATA);
        if (backward) add_pass(the_case, available, peer, s, CB_CONV_BACKWARD_WEIGHTS);
    }
}

static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    enum case_pass pass = (enum case_pass)the_case->kernel->pass;
    bool backward = case_is_backward(pass);
    enum algorithm first = first_algorithm(the_case->shape);
    struct cb_conv_shape s = shape_of(the_case->shape, first);
    bool is_3x3 = cb_shape_value(the_case->shape, "kind") == K3X3;
    bool bf16 = s.storage == CB_BF16 || (backward ? s.bwd_products : s.fwd_products) == CB_BF16;
    double flops = cb_conv_flops(&s) * (backward && s.kind != CB_CONV_STEM ? 2 : 1);
    struct cb_cost cost = {.flops = flops, .least_flops = {[CB_F32] = flops}, .bytes = traffic(&s, pass)};
    if (first == DIRECT) cb_add_ours(the_case, available, algorithm_names[DIRECT], DIRECT, &cost, bf16);
    if (first == DIRECT && is_3x3 && pass == FORWARD)
        cb_add_ours(the_case, available, algorithm_names[IM2COL], IM2COL, &cost, bf16);
    if (is_3x3) { /* F(4x4, 3x3) has a quarter of the multiplications; its transforms are not counted. */
        cost.least_flops[CB_F32] = 0;
        cost.least_flops[backward ? s.bwd_products : s.fwd_products] = flops / 4;
        cb_add_ours(the_case, available, algorithm_names[WINOGRAD], WINOGRAD, &cost, bf16);
    }
    bool mixed = s.storage == CB_F32 && s.bwd_products == CB_BF16; /* no library's convolution */
    if ((pass == FORWARD || pass == BACKWARD) && !mixed) add_peers(the_case, available, &s, backward);
}

static size_t scratch_bytes(const struct cb_shape *shape)
{
    struct cb_conv_shape first = shape_of(shape, first_algorithm(shape)), winograd = shape_of(shape, WINOGRAD);
    size_t a = cb_conv_scratch_bytes(&first);
    size_t b = cb_shape_value(shape, "kind") == K3X3 ? cb_conv_scratch_bytes(&winograd) : 0;
    return a > b ? a : b;
}

/* --- our side --- */

struct work {
    struct cb_team *team;
    const struct cb_shape *shape;
    enum case_pass pass;
    struct cb_cache_sizes caches;
    struct conv_case ours[ALGORITHMS]; /* im2col uses those of the direct algorithm */
    struct outputs outputs[ALGORITHMS];
    bool planned[ALGORITHMS];
    void *im2col_workspace;
    size_t im2col_bytes;
    const struct cb_case *the_case;
    struct cb_conv_plan **plans; /* of the implementations of the case; NULL: none */
};

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a convolution");
    w->plans = calloc(the_case->n_implementations + 1, sizeof *w->plans);
    if (!w->plans) return cb_fail(err, CB_NO_MEMORY, "out of memory for the plans of a convolution");
    w->team = team;
    w->the_case = the_case;
    w->shape = the_case->shape;
    w->pass = (enum case_pass)the_case->kernel->pass;
    w->caches = cb_cache_sizes();
    return CB_OK;
}

/* Whose buffers an algorithm works on. */
static enum algorithm buffers_of(enum algorithm algorithm)
{
    return algorithm == IM2COL ? DIRECT : algorithm;
}

static void list_outputs(struct work *w, enum algorithm algorithm)
{
    struct conv_case *c = &w->ours[algorithm];
    struct outputs *o = &w->outputs[algorithm];
    const struct cb_conv_shape *s = &c->shape;
    size_t in = s->n * s->c * s->h * s->w, out = s->n * s->k * cb_conv_out_h(s) * cb_conv_out_w(s);
    if (case_is_backward(w->pass)) {
        outputs_add(o, "dX", s->storage, c->bwd.dx, s->kind == CB_CONV_1X1_S2 ? in / 4 : in);
        outputs_add(o, "dW", CB_F32, c->bwd.dw, cb_conv_weights(s));
        outputs_add(o, "sums", CB_F32, c->bwd.sums, s->n * s->c * 2);
    } else {
        outputs_add(o, "y", s->storage, c->fwd.y, out);
        outputs_add(o, "z", s->storage, c->fwd.source.z, in);
        outputs_add(o, "stats", CB_F32, c->fwd.stats, s->n * s->k * 2);
    }
}

/* The buffers of an algorithm, and what the scalar reference computes on them. */
static enum cb_status plan(struct work *w, enum algorithm algorithm, struct cb_error *err)
{
    if (w->planned[algorithm]) return CB_OK;
    struct cb_conv_shape s = shape_of(w->shape, algorithm);
    enum cb_status status = conv_case_plan(&w->ours[algorithm], w->team, &s, w->pass, err);
    if (status) return status;
    list_outputs(w, algorithm);
    enum cb_isa isa = cb_isa_selected();
    cb_use_isa(CB_ISA_SCALAR);
    conv_case_run(&w->ours[algorithm], err);
    cb_use_isa(isa);
    w->planned[algorithm] = true;
    return outputs_expect(&w->outputs[algorithm], err);
}

/* Its need depends on the ISA. */
static enum cb_status plan_im2col(struct work *w, struct cb_error *err)
{
    size_t bytes = im2col_workspace_bytes(&w->ours[DIRECT].shape, &w->caches, cb_team_threads(w->team));
    if (bytes <= w->im2col_bytes) return CB_OK;
    free(w->im2col_workspace);
    w->im2col_workspace = cb_alloc_tensor(bytes);
    w->im2col_bytes = w->im2col_workspace ? bytes : 0;
    return w->im2col_workspace ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the columns of im2col");
}

static enum cb_status run_ours(struct work *w, enum algorithm algorithm, struct cb_error *err)
{
    if (algorithm == IM2COL) return im2col_forward(w->team, &w->ours[DIRECT].fwd, &w->caches, w->im2col_workspace, err);
    return conv_case_run(&w->ours[algorithm], err);
}

/* --- a library's side --- */

static enum cb_conv_pass peer_pass(const struct work *w, const struct cb_implementation *e)
{
    return !case_is_backward(w->pass) ? CB_CONV_FORWARD
           : e->part                  ? (enum cb_conv_pass)e->part
                                      : CB_CONV_BACKWARD_WEIGHTS;
}

static struct cb_conv_plan **plan_of(const struct work *w, const struct cb_implementation *e)
{
    return &w->plans[e - w->the_case->implementation];
}

static enum cb_status prepare_peer(struct work *w, const struct cb_implementation *e, struct cb_error *err)
{
    enum algorithm first = first_algorithm(w->shape);
    struct conv_case *c = &w->ours[first];
    struct conv_plain plain;
    enum cb_status status = plan(w, first, err);
    if (!status) status = conv_case_plain(c, peer_pass(w, e), &plain, err);
    if (status) return status;
    const struct cb_conv_tensors tensors = {plain.x, plain.w, plain.y};
    status = e->peer->conv->create(plan_of(w, e), &c->shape, peer_pass(w, e), e->algorithm, &tensors, err);
    conv_plain_free(&plain);
    return status;
}

/* largest: difference of all numbers, as a share of the largest. channel: root mean square of a channel's
 * differences, as a share of the channel's own; it shows a tap that is lost in one of some 100 channels, and
 * rounding is below it. */
struct tolerance {
    double largest, channel;
};

static struct tolerance peer_tolerance(const struct cb_shape *s)
{
    if (cb_shape_value(s, "numerics") == FP32) return (struct tolerance){1e-3, 1e-4};
    return (struct tolerance){0.1, 0.03};
}

static enum cb_status verify_peer(struct work *w, const struct cb_implementation *e, struct cb_error *err)
{
    enum algorithm first = first_algorithm(w->shape);
    struct conv_case *c = &w->ours[first];
    size_t n = conv_case_result_size(c, peer_pass(w, e));
    float *expected = malloc(2 * n * sizeof *expected);
    if (!expected) return cb_fail(err, CB_NO_MEMORY, "out of memory to compare results; use a smaller --batch");
    enum cb_status status = run_ours(w, first, err); /* another implementation may have left its poison */
    if (!status) status = conv_case_result(c, peer_pass(w, e), expected, err);
    if (!status) status = e->peer->conv->run(*plan_of(w, e), err);
    if (!status) status = e->peer->conv->result(*plan_of(w, e), expected + n, err);
    double largest = status ? 0 : cb_worst_difference(expected, expected + n, n);
    double channel = status ? 0 : conv_case_worst_channel(c, peer_pass(w, e), expected, expected + n);
    free(expected);
    struct tolerance tolerance = peer_tolerance(w->shape);
    if (status || (largest <= tolerance.largest && channel <= tolerance.channel)) return status;
    return cb_fail(
        err, CB_UNAVAILABLE,
        "wrong result, not timed: differs from ours by %.1e of the largest value, at most %.0e expected, and "
        "in one channel by %.1e of its root mean square, at most %.0e expected",
        largest, tolerance.largest, channel, tolerance.channel);
}

/* --- the functions of the table --- */

static enum cb_status prepare(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->peer) return prepare_peer(w, e, err);
    enum algorithm algorithm = (enum algorithm)e->algorithm;
    struct cb_conv_shape shape = shape_of(w->shape, algorithm);
    if (cb_conv_check(&shape, err)) return CB_UNAVAILABLE;
    enum cb_status status = plan(w, buffers_of(algorithm), err);
    if (!status && algorithm == IM2COL) status = plan_im2col(w, err);
    return status;
}

static enum cb_status run(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->peer) return e->peer->conv->run(*plan_of(w, e), err);
    return run_ours(w, (enum algorithm)e->algorithm, err);
}

static enum cb_status verify(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->peer) return verify_peer(w, e, err);
    const struct outputs *o = &w->outputs[buffers_of((enum algorithm)e->algorithm)];
    outputs_poison(o);
    conv_case_restore(&w->ours[buffers_of((enum algorithm)e->algorithm)]);
    enum cb_status status = run(work, e, err);
    return status ? status : outputs_check(o, err);
}

static const char *label(void *work, const struct cb_implementation *e)
{
    return e->peer ? e->peer->conv->implementation(*plan_of(work, e)) : NULL;
}

static void buffers(void *work, const struct cb_implementation *e, cb_buffer_fn *visit, void *context)
{
    struct work *w = work;
    if (e->peer) {
        e->peer->conv->buffers(*plan_of(w, e), visit, context);
        return;
    }
    const struct conv_case *c = &w->ours[buffers_of((enum algorithm)e->algorithm)];
    for (size_t i = 0; i < c->n_buffers; i++) visit(context, c->buffers[i], c->buffer_bytes[i]);
    if (e->algorithm == IM2COL) visit(context, w->im2col_workspace, w->im2col_bytes);
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    for (size_t i = 0; w->plans && i < w->the_case->n_implementations; i++)
        if (w->plans[i]) w->the_case->implementation[i].peer->conv->destroy(w->plans[i]);
    free(w->plans);
    for (size_t a = 0; a < ALGORITHMS; a++) {
        conv_case_release(&w->ours[a]);
        outputs_release(&w->outputs[a]);
    }
    free(w->im2col_workspace);
    free(w);
}

#define CONV_KERNEL(title, which, accepts)                                                                             \
    {                                                                                                                  \
        .name = title, .pass = which, .form = &form, .takes = accepts, .implement = implement,                         \
        .scratch_bytes = scratch_bytes, .setup = setup, .prepare = prepare, .verify = verify, .run = run,              \
        .label = label, .buffers = buffers, .release = release                                                         \
    }

const struct cb_kernel cb_suite_conv[] = {CONV_KERNEL("conv/fwd", FORWARD, takes_forward),
                                          CONV_KERNEL("conv/block1_fwd", BLOCK1_FORWARD, takes_block1_forward),
                                          CONV_KERNEL("conv/block2_fwd", BLOCK2_FORWARD, takes_block2_forward),
                                          CONV_KERNEL("conv/fwd_fused", FUSED_FORWARD, takes_fused),
                                          CONV_KERNEL("conv/bwd", BACKWARD, takes_backward),
                                          CONV_KERNEL("conv/block1_bwd", BLOCK1_BACKWARD, takes_block1_backward),
                                          CONV_KERNEL("conv/block2_bwd", BLOCK2_BACKWARD, takes_block2_backward),
                                          CONV_KERNEL("conv/bwd_fused", FUSED_BACKWARD, takes_fused),
                                          {0}};
