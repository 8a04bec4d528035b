/* Every variant of the direct convolutions against the scalar reference, bit for bit. */
#include "test/conv_cases.h"

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
    for (enum cb_conv_kind kind = 0; kind < CONV_KINDS; kind++)
        for (size_t f = 0; f < CONV_FORMATS; f++) {
            struct cb_conv_shape s = {.kind = kind};
            conv_set_formats(&s, f);
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

static const struct cb_conv_shape resnet[] = {
    {CB_CONV_STEM, 2, 3, 32, 32, 16},    {CB_CONV_3X3, 2, 16, 32, 32, 16}, {CB_CONV_3X3_S2, 2, 16, 32, 32, 32},
    {CB_CONV_1X1_S2, 2, 16, 32, 32, 32}, {CB_CONV_3X3, 2, 32, 16, 16, 32}, {CB_CONV_3X3_S2, 2, 32, 16, 16, 64},
    {CB_CONV_1X1_S2, 2, 32, 16, 16, 64}, {CB_CONV_3X3, 2, 64, 8, 8, 64},
};

/* Sizes around the tiles of every ISA, by maps' sides; stride 2 doubles them. */
static const size_t sides[][2] = {{1, 1},  {1, 2},  {2, 1},  {3, 3},  {5, 4},  {2, 5},  {1, 6},  {4, 7},
                                  {8, 8},  {7, 8},  {3, 9},  {2, 10}, {3, 11}, {1, 12}, {2, 13}, {1, 15},
                                  {3, 16}, {16, 3}, {2, 17}, {1, 23}, {1, 31}, {2, 33}};
enum { RESNET = sizeof resnet / sizeof *resnet, SIDES = sizeof sides / sizeof *sides };

static void test_kind(enum cb_isa isa, enum cb_conv_kind kind)
{
    const struct cb_conv_shape small = {kind, 2, kind == CB_CONV_STEM ? 3 : 32, 6, 10, 16};
    const size_t scale = kind == CB_CONV_3X3_S2 || kind == CB_CONV_1X1_S2 ? 2 : 1;
    struct cb_conv_shape shapes[RESNET + SIDES];
    size_t n = 0;
    for (size_t i = 0; i < RESNET; i++)
        if (resnet[i].kind == kind) shapes[n++] = resnet[i];
    for (size_t i = 0; i < SIDES; i++) {
        size_t c = kind == CB_CONV_STEM ? 3 : 16 + 16 * (i % 3), k = 16 + 16 * (i % 2);
        shapes[n++] = (struct cb_conv_shape){kind, 1 + i % 2, c, sides[i][0] * scale, sides[i][1] * scale, k};
    }
    conv_test_variants(isa, &small, shapes, n);
}

int main(void)
{
    CHECK_EACH_ISA(isa)
    {
        for (enum cb_conv_kind kind = 0; kind < CONV_KINDS; kind++) {
            if (kind == CB_CONV_WINOGRAD) continue; /* test_conv_winograd.c */
            if (isa != CB_ISA_SCALAR) test_kind(isa, kind);
            conv_test_drivers(isa, kind);
        }
    }
    test_complete();
    return check_finish();
}
