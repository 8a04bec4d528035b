#ifndef CB_VEC_BF16_EMULATED_H
#define CB_VEC_BF16_EMULATED_H

/* The words of bf16 where the CPU has none, after any vec_<isa>.h; core/bf16.h is their definition. In the compiler's
 * own vector types, so that one text serves every ISA. */
#include <stdint.h>

#include "core/bf16.h"

typedef uint32_t vu_ __attribute__((vector_size(VL * 4)));
typedef uint16_t vh_ __attribute__((vector_size(VL * 2)));
typedef uint8_t vb_ __attribute__((vector_size(VL)));

static inline vf v_load_bf16(const uint16_t *p)
{
    vh_ half;
    memcpy(&half, p, sizeof half);
    return (vf)(__builtin_convertvector(half, vu_) << 16);
}

static inline vf v_upper_bf16(vf pair)
{
    return (vf)((vu_)pair & 0xffff0000);
}
static inline vf v_lower_bf16(vf pair)
{
    return (vf)((vu_)pair << 16);
}

/* cb_bf16_of in the upper halves; the lower ones are left as they come. A NaN is not rounded but made quiet, of a
 * denormal only the sign is left. */
static inline vu_ v_rounded_(vf x)
{
    vu_ bits = (vu_)x, nan = (vu_)(x != x), tiny = (vu_)((bits & 0x7f800000) == 0);
    vu_ rounded = bits + (((bits >> 16 & 1) + 0x7fff) & ~nan);
    return (rounded | (nan & 0x400000)) & ~(tiny >> 1);
}
/* cb_bf16_value(cb_bf16_of(x)) */
static inline vf v_round_bf16(vf x)
{
    return v_upper_bf16((vf)v_rounded_(x));
}
static inline vh_ v_halves_(vf x)
{
    return __builtin_convertvector(v_rounded_(x) >> 16, vh_);
}
static inline void v_store_bf16(uint16_t *p, vf x)
{
    vh_ halves = v_halves_(x);
    memcpy(p, &halves, sizeof halves);
}
static inline vf v_pair(vf low, vf high)
{
    return (vf)(v_rounded_(low) >> 16 | (v_rounded_(high) & 0xffff0000));
}

#ifdef __x86_64__
static inline void v_stream_bf16(uint16_t *p, vf x)
{
#if VL == 16
    _mm256_stream_si256((__m256i *)(void *)p, (__m256i)v_halves_(x));
#else
    _mm_stream_si128((__m128i *)(void *)p, (__m128i)v_halves_(x));
#endif
}
/* With DAZ and FTZ, MXCSR's fma is cb_bf16_fma: operands that are denormal count as zeros, and so does a result that is
 * tiny after rounding (Intel SDM, volume 1, 4.9.1.5). No arithmetic leaves its place between the two: it is fed from
 * memory and ends there. */
static inline unsigned v_dot2_begin(void)
{
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | _MM_FLUSH_ZERO_ON | 0x40 /* DAZ */);
    __asm__ volatile("" ::: "memory");
    return mode;
}
static inline void v_dot2_end(unsigned mode)
{
    __asm__ volatile("" ::: "memory");
    _mm_setcsr(mode);
}
static inline vf v_bf16_fma(vf a, vf b, vf c)
{
    return v_fma(a, b, c);
}
#else
static inline void v_stream_bf16(uint16_t *p, vf x)
{
    v_store_bf16(p, x);
}
/* FPCR's flushing decides before rounding what is tiny, so it is done by hand; in a call, as the
 * unrolled kernels would take minutes to compile. */
static inline unsigned v_dot2_begin(void)
{
    return 0;
}
static inline void v_dot2_end(unsigned mode)
{
    (void)mode;
}
static inline vf v_flush_(vf x)
{
    vu_ bits = (vu_)x, normal = (vu_)((bits & 0x7f800000) != 0);
    return (vf)(bits & (normal | 0x80000000));
}
static __attribute__((noinline)) vf v_bf16_fma(vf a, vf b, vf c)
{
    vf r = v_fma(v_flush_(a), v_flush_(b), v_flush_(c));
    vb_ edge = __builtin_convertvector((vu_)(((vu_)r & 0x7fffffff) == 0x800000), vb_);
    uint32_t words[VL / 4], any = 0;
    memcpy(words, &edge, sizeof edge);
    for (int i = 0; i < VL / 4; i++) any |= words[i];
    if (__builtin_expect(any != 0, 0))
        for (int lane = 0; lane < VL; lane++) r[lane] = cb_bf16_fma(a[lane], b[lane], c[lane]);
    return v_flush_(r);
}
#endif
static inline void v_round_bf16_pixels(vf *x)
{
    x[0] = v_round_bf16(x[0]);
    x[1] = v_round_bf16(x[1]);
}
static inline void v_store_bf16_pixels(uint16_t *p, const vf *x)
{
    v_store_bf16(p, x[0]);
    v_store_bf16(p + CB_PARTS * VL, x[1]);
}
static inline void v_stream_bf16_pixels(uint16_t *p, const vf *x)
{
    v_stream_bf16(p, x[0]);
    v_stream_bf16(p + CB_PARTS * VL, x[1]);
}
static inline vf v_dot2(vf a, vf b, vf acc)
{
    acc = v_bf16_fma(v_upper_bf16(a), v_upper_bf16(b), acc);
    return v_bf16_fma(v_lower_bf16(a), v_lower_bf16(b), acc);
}
static inline vf v_dot2_set1(vf a, const float *b, vf acc)
{
    return v_dot2(a, v_set1(*b), acc);
}

#endif
