/* Every operation of conv.inc, the direct ones here, against the scalar reference, bit for bit. */
#include "test/conv_cases.h"

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
    CHECK_EACH_SIMD(isa)
    {
        check_begin(isa, "every direct operation of conv.inc is compared");
#define CB_OP(...)
#define CB_OP_BF16(...)
#define CB_CONV(op, kind, storage, products, name, ...)                                                                \
    if (CB_CONV_##kind != CB_CONV_WINOGRAD) CHECK_WAS_COMPARED(isa, name)
#include "conv/conv.inc"
#undef CB_OP
#undef CB_OP_BF16
        check_end();
    }
    return check_finish();
}
