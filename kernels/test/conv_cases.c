#include "test/conv_cases.h"

#include <string.h>

/* In a combination of formats, where that allows the shape. */
static bool with_formats(struct cb_conv_shape *s, size_t f)
{
    conv_set_formats(s, f);
    return s->w % 8 == 0 || (s->fwd_products == CB_F32 && s->bwd_products == CB_F32);
}

static const enum check_fill fills[] = {CHECK_NORMAL, CHECK_DENORMALS, CHECK_SPECIALS};

static void test_forward(enum cb_isa isa, const struct cb_conv_shape *small, const struct cb_conv_shape *shapes,
                         size_t n, size_t f)
{
    check_begin(isa, "%s shapes", conv_op_name(small, true));
    for (size_t i = 0; i < n; i++) {
        struct cb_conv_shape s = shapes[i];
        if (!with_formats(&s, f)) continue;
        conv_compare_forward(conv_forward_of(isa, &s), &s, conv_fwd_all(&s), CHECK_NORMAL);
        conv_compare_forward(conv_forward_of(isa, &s), &s, conv_fwd_all(&s), CHECK_SPECIALS);
    }
    check_end();
    check_begin(isa, "%s options", conv_op_name(small, true));
    for (unsigned o = 0; o < FWD_OPTIONS; o++)
        if (conv_fwd_options_valid(small, o)) conv_compare_forward(conv_forward_of(isa, small), small, o, fills[o % 3]);
    check_end();
}

static void test_backward(enum cb_isa isa, const struct cb_conv_shape *small, const struct cb_conv_shape *shapes,
                          size_t n, size_t f)
{
    check_begin(isa, "%s shapes", conv_op_name(small, false));
    for (size_t i = 0; i < n; i++) {
        struct cb_conv_shape s = shapes[i];
        if (!with_formats(&s, f)) continue;
        conv_compare_backward(conv_backward_of(isa, &s), &s, conv_bwd_all(&s), CHECK_NORMAL);
        conv_compare_backward(conv_backward_of(isa, &s), &s, conv_bwd_all(&s), CHECK_SPECIALS);
    }
    check_end();
    check_begin(isa, "%s options", conv_op_name(small, false));
    for (unsigned o = 0; o < BWD_OPTIONS; o++)
        if (conv_bwd_options_valid(small, o))
            conv_compare_backward(conv_backward_of(isa, small), small, o, fills[o % 3]);
    check_end();
}

/* The formats that are another operation than an earlier one, and than that of the ISA's base. */
void conv_test_variants(enum cb_isa isa, const struct cb_conv_shape *small, const struct cb_conv_shape *shapes,
                        size_t n)
{
    cb_conv_fwd_fn *fwd[CONV_FORMATS];
    cb_conv_bwd_fn *bwd[CONV_FORMATS];
    for (size_t f = 0; f < CONV_FORMATS; f++) {
        struct cb_conv_shape s = *small;
        conv_set_formats(&s, f);
        fwd[f] = conv_forward_of(isa, &s);
        bwd[f] = conv_backward_of(isa, &s);
        bool new_fwd = fwd[f] != NULL, new_bwd = bwd[f] != NULL;
        for (size_t i = 0; i < f; i++) {
            if (fwd[i] == fwd[f]) new_fwd = false;
            if (bwd[i] == bwd[f]) new_bwd = false;
        }
        if (fwd[f] == conv_forward_of(cb_isa_base(isa), &s)) new_fwd = false;
        if (bwd[f] == conv_backward_of(cb_isa_base(isa), &s)) new_bwd = false;
        if (new_fwd) test_forward(isa, &s, shapes, n, f);
        if (new_bwd) test_backward(isa, &s, shapes, n, f);
    }
}

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
    unsigned fwd = conv_fwd_all(s), bwd = conv_bwd_all(s);
    struct cb_conv_fwd fwd_args = conv_forward_args(s, fwd, CHECK_NORMAL), fwd_want = fwd_args;
    struct cb_conv_bwd bwd_args = conv_backward_args(s, bwd, CHECK_NORMAL), bwd_want = bwd_args;
    conv_forward_outputs(&fwd_want, fwd);
    conv_backward_outputs(&bwd_want, bwd);
    if (s->kind == CB_CONV_WINOGRAD) {
        conv_transform_weights(CB_ISA_SCALAR, s->fwd_products, s->c, s->k, fwd_args.w, fwd_args.workspace);
        conv_transform_weights(CB_ISA_SCALAR, s->bwd_products, s->k, s->c, bwd_args.wt, bwd_args.workspace);
    }
    conv_run_forward(conv_forward_of(CB_ISA_SCALAR, s), &fwd_want);
    conv_run_backward(conv_backward_of(CB_ISA_SCALAR, s), &bwd_want);
    float *groups = check_copy(bwd_want.dw_groups, CB_IMAGE_GROUPS * cb_conv_weights(s));
    reduce_groups(groups, cb_conv_weights(s), bwd_want.dw);

    check_select(isa);
    for (size_t t = 0; t < CHECK_TEAMS; t++) {
        check_at("%zu threads, n=%zu c=%zu h=%zu w=%zu k=%zu", check_threads[t], s->n, s->c, s->h, s->w, s->k);
        struct cb_team *team = check_team(check_threads[t], cb_conv_scratch_bytes(s));
        struct cb_conv_fwd f = fwd_args;
        if (f.workspace) f.workspace = check_floats(cb_conv_workspace(s));
        conv_forward_outputs(&f, fwd);
        cb_conv_forward(team, &f);
        conv_forward_equal(&f, &fwd_want);
        struct cb_conv_bwd b = bwd_args;
        if (b.workspace) b.workspace = check_floats(cb_conv_workspace(s));
        conv_backward_outputs(&b, bwd);
        cb_conv_backward(team, &b);
        conv_backward_equal(&b, &bwd_want);
        check_equal("dw", b.dw, bwd_want.dw, cb_conv_weights(s));
        cb_team_destroy(team);
    }
    check_release();
}

void conv_test_drivers(enum cb_isa isa, enum cb_conv_kind kind)
{
    static const size_t images[] = {1, 5, 32, 37};
    check_begin(isa, "cb_conv_forward, cb_conv_backward of %s with 1, 2, 3, 7 threads", conv_kind_names[kind]);
    for (size_t f = 0; f < CONV_FORMATS; f++)
        for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
            struct cb_conv_shape s = {
                kind, images[i], kind == CB_CONV_STEM ? 3 : 16, 4, kind == CB_CONV_WINOGRAD ? 8 : 6, 16};
            conv_set_formats(&s, f);
            if (conv_forward_of(isa, &s) && conv_backward_of(isa, &s)) compare_drivers(isa, &s);
        }
    check_end();
}
