/* The arithmetic of bf16: core/bf16.h against known results, every ISA against core/bf16.h. On a CPU with AVX512_BF16
 * that holds the definition against the instructions themselves. */
#include "test/harness.h"

#include <math.h>
#include <string.h>

#include "core/bf16.h"

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void test_rounding(void)
{
    static const struct {
        uint32_t from;
        uint16_t to;
    } known[] = {
        {0x3f800000, 0x3f80},
        {0x3f808000, 0x3f80} /* tie to even */,
        {0x3f818000, 0x3f82} /* tie to even */,
        {0x3f808001, 0x3f81},
        {0x3f807fff, 0x3f80},
        {0xbf808001, 0xbf81},
        {0x7f7fffff, 0x7f80} /* overflow */,
        {0x7f800000, 0x7f80},
        {0xff800000, 0xff80},
        {0x00000000, 0x0000},
        {0x80000000, 0x8000},
        {0x007fffff, 0x0000} /* denormal */,
        {0x807fffff, 0x8000},
        {0x00800000, 0x0080},
    };
    check_begin(CB_ISA_SCALAR, "rounding to bf16");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_true(cb_bf16_of(float_of(known[i].from)) == known[i].to, "%08x becomes %04x, not %04x", known[i].from,
                   cb_bf16_of(float_of(known[i].from)), known[i].to);
    check_true(isnan(cb_bf16_value(cb_bf16_of(float_of(0x7f800001)))), "a NaN with low bits alone stays NaN");
    for (uint32_t half = 0; half < 0x10000; half++) {
        float x = cb_bf16_value((uint16_t)half);
        if (!isnan(x) && fpclassify(x) != FP_SUBNORMAL)
            check_true(cb_bf16_of(x) == half, "%04x comes back as %04x", half, cb_bf16_of(x));
    }
    check_end();
}

/* Values that lie where rounding and flushing are decided. */
static uint16_t near_limits(uint64_t bits)
{
    uint16_t exponent = (uint16_t)(bits % 2 ? 40 + (bits >> 8) % 48 : (bits >> 8) % 256);
    return (uint16_t)((bits >> 16 & 0x807fu) | (unsigned)exponent << 7);
}

static float accumulator(uint64_t bits)
{
    uint32_t exponent = (uint32_t)(bits & 1 ? (bits >> 8) % 6 : (bits >> 8) % 256);
    return float_of((uint32_t)(bits >> 16 & 0x807fffffu) | exponent << 23);
}

static void test_fma(void)
{
    check_begin(CB_ISA_SCALAR, "cb_bf16_fma: denormals are zeros, tininess is decided after rounding");
    static const struct {
        float a, b, c, want;
    } known[] = {
        {0x1p-130f, 0x1p100f, 1, 1},        /* a denormal operand is 0 */
        {1, 1, 0x1p-130f, 1},               /* a denormal accumulator is 0 */
        {0x1p-64f, 0x1p-64f, 0, 0},         /* a denormal result is 0 */
        {-0x1p-64f, 0x1p-64f, 0, -0.0f},    /* of its sign */
        {0x1p-63f, 0x1p-63f, 0, 0x1p-126f}, /* the smallest normal result */
        {0x1.fep-64f, 0x1.fep-64f, 0, 0},
        {-0x1p-70f, 0x1p-82f, 0x1p-126f, 0x1p-126f}, /* 2^-126 - 2^-152 rounds to 2^-126 in 24 bits */
        {-0x1.02p-70f, 0x1p-81f, 0x1p-126f, 0},      /* 2^-126 - 1.01 * 2^-151 does not, but in fma's 23 it would */
        {-0x1p-70f, 0x1p-81f, 0x1p-126f, 0x1p-126f}, /* the tie goes to even */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        float got = cb_bf16_fma(known[i].a, known[i].b, known[i].c);
        check_true(!memcmp(&got, &known[i].want, sizeof got), "%a * %a + %a is %a, not %a", (double)known[i].a,
                   (double)known[i].b, (double)known[i].c, (double)known[i].want, (double)got);
    }
    check_end();
}

/* acc + a1*b1 + a0*b0 in each column of one row. */
static void compare_dot2(cb_gemm_panels_fn *panels, size_t nr)
{
    enum { NR = 16, CASES = 20000 };
    float *a = check_floats(1), *b = check_floats(NR), *got = check_floats(NR), *want = check_floats(NR);
    for (uint64_t i = 0; i < CASES; i++) {
        uint16_t pairs[2 + 2 * NR]; /* of a, then of b */
        for (size_t j = 0; j < 2 + 2 * NR; j++) pairs[j] = near_limits(check_random(i, j));
        if (i % 64 == 0) { /* in column 0: 2^-126 - 1.01 * 2^-151 + 0, which random numbers hardly ever meet */
            pairs[0] = pairs[2] = 0;
            pairs[1] = cb_bf16_of(-0x1.02p-70f);
            pairs[3] = cb_bf16_of(0x1p-81f);
        }
        memcpy(a, pairs, sizeof *a);
        memcpy(b, pairs + 2, NR * sizeof *b);
        for (size_t j = 0; j < nr; j++) {
            got[j] = i % 64 == 0 && j == 0 ? 0x1p-126f : accumulator(check_random(i, 100 + j));
            want[j] = cb_bf16_dot2(cb_bf16_value(pairs[0]), cb_bf16_value(pairs[1]), cb_bf16_value(pairs[2 + 2 * j]),
                                   cb_bf16_value(pairs[3 + 2 * j]), got[j]);
        }
        panels(&(struct cb_gemm_panels){.m = 1,
                                        .row_steps = 1,
                                        .mr = 1,
                                        .n = nr,
                                        .k = 1,
                                        .a = a,
                                        .b = b,
                                        .c = got,
                                        .lda = 1,
                                        .ldb = NR,
                                        .ldc = NR,
                                        .accumulate = 1,
                                        .next_a = a,
                                        .next_c = got});
        if (!check_equal("c", got, want, nr)) break;
    }
}

static void test_dot2(enum cb_isa isa)
{
    size_t mr, nr;
    cb_ops_of(isa)->gemm_bf16_tile_size(CB_GEMM_WIDE, &mr, &nr);
    check_begin(isa, "dot products near the limits");
    compare_dot2(cb_ops_of(isa)->gemm_bf16_panels, nr < 16 ? nr : 16);
    check_end();
}

/* --- panels that are wrong on purpose: one row, one pair --- */

typedef float dot_fn(float a0, float a1, float b0, float b1, float acc);

static void wrong_panels(const struct cb_gemm_panels *p, dot_fn *dot)
{
    uint16_t a[2], b[2];
    memcpy(a, p->a, sizeof a);
    for (size_t j = 0; j < p->n; j++) {
        memcpy(b, p->b + j, sizeof b);
        p->c[j] = dot(cb_bf16_value(a[0]), cb_bf16_value(a[1]), cb_bf16_value(b[0]), cb_bf16_value(b[1]), p->c[j]);
    }
}

static float lower_first(float a0, float a1, float b0, float b1, float acc)
{
    return cb_bf16_fma(a1, b1, cb_bf16_fma(a0, b0, acc));
}

static float with_denormals(float a0, float a1, float b0, float b1, float acc)
{
    return fmaf(a0, b0, fmaf(a1, b1, acc));
}

static float flushed_after_fma(float a0, float a1, float b0, float b1, float acc)
{
    acc = cb_flush_denormal(fmaf(cb_flush_denormal(a1), cb_flush_denormal(b1), cb_flush_denormal(acc)));
    return cb_flush_denormal(fmaf(cb_flush_denormal(a0), cb_flush_denormal(b0), acc));
}

static void panels_lower_first(const struct cb_gemm_panels *p)
{
    wrong_panels(p, lower_first);
}

static void panels_with_denormals(const struct cb_gemm_panels *p)
{
    wrong_panels(p, with_denormals);
}

static void panels_flushed_after_fma(const struct cb_gemm_panels *p)
{
    wrong_panels(p, flushed_after_fma);
}

static void test_wrong_panels(void)
{
    static const struct {
        const char *name;
        cb_gemm_panels_fn *panels;
    } wrong[] = {{"takes the lower halves first", panels_lower_first},
                 {"keeps denormals", panels_with_denormals},
                 {"decides by what fma rounded to whether a result is tiny", panels_flushed_after_fma}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_begin_must_fail(CB_ISA_SCALAR, "a gemm_bf16_panels that %s", wrong[i].name);
        compare_dot2(wrong[i].panels, 16);
        check_end();
    }
}

int main(void)
{
    test_rounding();
    test_fma();
    CHECK_EACH_ISA(isa) test_dot2(isa);
    test_wrong_panels();
    return check_finish();
}
