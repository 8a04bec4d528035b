#include "core/ops.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const isa_names[CB_ISA_COUNT] = {"scalar", "avx2", "avx512", "avx512bf16", "neon"};

#define CB_OP(name, type) .name = cb_##name##__scalar,
#define CB_OP_BF16 CB_OP
static const struct cb_ops ops_scalar = {
#include "core/ops.inc"
};
#undef CB_OP
#undef CB_OP_BF16

#if defined(__x86_64__)
#define CB_OP(name, type) .name = cb_##name##__avx2,
#define CB_OP_BF16 CB_OP
static const struct cb_ops ops_avx2 = {
#include "core/ops.inc"
};
#undef CB_OP
#undef CB_OP_BF16
#define CB_OP(name, type) .name = cb_##name##__avx512,
#define CB_OP_BF16 CB_OP
static const struct cb_ops ops_avx512 = {
#include "core/ops.inc"
};
#undef CB_OP
#undef CB_OP_BF16
#define CB_OP(name, type) .name = cb_##name##__avx512,
#define CB_OP_BF16(name, type) .name = cb_##name##__avx512bf16,
static const struct cb_ops ops_avx512bf16 = {
#include "core/ops.inc"
};
#undef CB_OP
#undef CB_OP_BF16
#elif defined(__aarch64__)
#define CB_OP(name, type) .name = cb_##name##__neon,
#define CB_OP_BF16 CB_OP
static const struct cb_ops ops_neon = {
#include "core/ops.inc"
};
#undef CB_OP
#undef CB_OP_BF16
#endif

static enum cb_isa selected = CB_ISA_SCALAR;

const char *cb_isa_name(enum cb_isa isa)
{
    return isa_names[isa];
}

const struct cb_ops *cb_ops_of(enum cb_isa isa)
{
    switch (isa) {
    case CB_ISA_SCALAR:
        return &ops_scalar;
#if defined(__x86_64__)
    case CB_ISA_AVX2:
        return &ops_avx2;
    case CB_ISA_AVX512:
        return &ops_avx512;
    case CB_ISA_AVX512BF16:
        return &ops_avx512bf16;
#elif defined(__aarch64__)
    case CB_ISA_NEON:
        return &ops_neon;
#endif
    default:
        return NULL;
    }
}

#if defined(__x86_64__)
/* XCR0: which register files the operating system saves. Only valid when CPUID reports OSXSAVE. */
static unsigned os_saved_state(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 0;
    unsigned lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return lo;
}

static bool x86_available(enum cb_isa isa)
{
    enum { YMM_STATE = 0x06, ZMM_STATE = 0xe6 };
    unsigned a, b, c, d, b7, c7, d7;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return false;
    unsigned os = os_saved_state();
    bool avx2 = (os & YMM_STATE) == YMM_STATE && (c & bit_AVX) && (c & bit_FMA) && (b7 & bit_AVX2);
    if (isa == CB_ISA_AVX2) return avx2;
    bool avx512 = avx2 && (os & ZMM_STATE) == ZMM_STATE && (b7 & bit_AVX512F) && (b7 & bit_AVX512BW) &&
                  (b7 & bit_AVX512DQ) && (b7 & bit_AVX512VL);
    if (isa == CB_ISA_AVX512) return avx512;
    unsigned a71, b71, c71, d71;
    return avx512 && __get_cpuid_count(7, 1, &a71, &b71, &c71, &d71) && (a71 & bit_AVX512BF16);
}
#endif

bool cb_isa_available(enum cb_isa isa)
{
    if (!cb_ops_of(isa)) return false;
#if defined(__x86_64__)
    if (isa != CB_ISA_SCALAR) return x86_available(isa);
#endif
    return true;
}

static void list_available(char *text, size_t bytes)
{
    text[0] = '\0';
    for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT; i++) {
        if (!cb_isa_available(i)) continue;
        if (text[0]) strncat(text, ", ", bytes - strlen(text) - 1);
        strncat(text, isa_names[i], bytes - strlen(text) - 1);
    }
}

enum cb_status cb_isa_select(const char *name, struct cb_error *err)
{
    const char *origin = "--isa";
    if (!name) {
        name = getenv("CYCLEBENCH_ISA");
        origin = "CYCLEBENCH_ISA";
    }
    if (!name || !*name) {
        for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT; i++)
            if (cb_isa_available(i)) selected = i;
        return CB_OK;
    }
    char available[64];
    list_available(available, sizeof available);
    for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT; i++) {
        if (strcmp(name, isa_names[i])) continue;
        if (!cb_isa_available(i))
            return cb_fail(err, CB_UNAVAILABLE, "%s: this machine or build has no %s; available: %s", origin, name,
                           available);
        selected = i;
        return CB_OK;
    }
    return cb_fail(
        err, CB_BAD_INPUT,
        "%s: unknown instruction set '%s'; expected one of scalar, avx2, avx512, avx512bf16, neon (here: %s)", origin,
        name, available);
}

enum cb_isa cb_isa_selected(void)
{
    return selected;
}

const struct cb_ops *cb_ops(void)
{
    return cb_ops_of(selected);
}
