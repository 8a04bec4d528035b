/* Every variant of the Winograd convolutions, and of the transforms of weights, against the scalar reference, bit for
 * bit. */
#include "test/conv_cases.h"

static void test_weights(enum cb_isa isa, enum cb_format products)
{
    static const size_t channels[][2] = {{16, 16}, {32, 16}, {16, 48}, {64, 64}};
    check_begin(isa, "winograd_%s_weights", products == CB_BF16 ? "bf16" : "f32");
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (enum check_fill fill = CHECK_NORMAL; fill <= CHECK_SPECIALS; fill++)
            conv_compare_weights(conv_weights_of(isa, products), products, channels[i][0], channels[i][1], fill);
    check_end();
}

/* The network's shapes, which are specialised; tile rows of 1 to 32 tiles; blocks that end within an image and beyond it;
 * several blocks of each specialisation. */
static const struct cb_conv_shape shapes[] = {
    {CB_CONV_WINOGRAD, 2, 16, 32, 32, 16}, {CB_CONV_WINOGRAD, 3, 32, 16, 16, 32},  {CB_CONV_WINOGRAD, 17, 64, 8, 8, 64},
    {CB_CONV_WINOGRAD, 1, 16, 4, 4, 16},   {CB_CONV_WINOGRAD, 9, 32, 4, 8, 16},    {CB_CONV_WINOGRAD, 2, 16, 8, 4, 48},
    {CB_CONV_WINOGRAD, 2, 48, 12, 12, 32}, {CB_CONV_WINOGRAD, 1, 16, 12, 128, 16}, {CB_CONV_WINOGRAD, 1, 32, 8, 60, 32},
    {CB_CONV_WINOGRAD, 3, 80, 8, 20, 96},  {CB_CONV_WINOGRAD, 35, 64, 4, 4, 64},   {CB_CONV_WINOGRAD, 33, 32, 4, 8, 32},
    {CB_CONV_WINOGRAD, 1, 64, 16, 40, 64},
};

int main(void)
{
    CHECK_EACH_ISA(isa)
    {
        if (isa != CB_ISA_SCALAR) {
            const struct cb_conv_shape small = {CB_CONV_WINOGRAD, 2, 32, 8, 24, 16};
            conv_test_variants(isa, &small, shapes, sizeof shapes / sizeof *shapes);
            if (CHECK_IS_OWN(isa, winograd_f32_weights)) test_weights(isa, CB_F32);
            test_weights(isa, CB_BF16);
        }
        conv_test_drivers(isa, CB_CONV_WINOGRAD);
    }
    CHECK_EACH_SIMD(isa)
    {
        check_begin(isa, "every Winograd operation of conv.inc is compared");
#define CB_OP(name, ...) CHECK_WAS_COMPARED(isa, name)
#define CB_OP_BF16 CB_OP
#define CB_CONV(op, kind, storage, products, name, ...)                                                                \
    if (CB_CONV_##kind == CB_CONV_WINOGRAD) CHECK_WAS_COMPARED(isa, name)
#include "conv/conv.inc"
#undef CB_OP
#undef CB_OP_BF16
        check_end();
    }
    return check_finish();
}
