#ifndef CB_VEC_BF16_EMULATED_H
#define CB_VEC_BF16_EMULATED_H

/* bf16 for a CPU without it, as core/bf16.h defines it. Written in the compiler's vector types, so that one text serves
 * every vec_<isa>.h. */
#include <stdint.h>

#include "core/bf16.h"

typedef uint32_t vu_ __attribute__((vector_size(VL * 4)));
typedef uint16_t vh_ __attribute__((vector_size(VL * 2)));
typedef uint8_t vb_ __attribute__((vector_size(VL)));

static inline vf v_load_bf16(const uint16_t *p)
{
    vh_ bf16;
    memcpy(&bf16, p, sizeof bf16);
    return (vf)(__builtin_convertvector(bf16, vu_) << 16);
}

static inline vf v_upper_bf16(vf pair)
{
    return (vf)((vu_)pair & 0xffff0000);
}
static inline vf v_lower_bf16(vf pair)
{
    return (vf)((vu_)pair << 16);
}

/* cb_bf16_of in the upper half of each lane; the lower half is garbage. A NaN becomes quiet, a denormal a zero of its
 * sign. */
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
static inline vh_ v_to_bf16_(vf x)
{
    return __builtin_convertvector(v_rounded_(x) >> 16, vh_);
}
static inline void v_store_bf16(uint16_t *p, vf x)
{
    vh_ bf16 = v_to_bf16_(x);
    memcpy(p, &bf16, sizeof bf16);
}
static inline vf v_pair(vf low, vf high)
{
    return (vf)(v_rounded_(low) >> 16 | (v_rounded_(high) & 0xffff0000));
}

#ifdef __x86_64__
static inline void v_stream_bf16(uint16_t *p, vf x)
{
#if VL == 16
    _mm256_stream_si256((__m256i *)(void *)p, (__m256i)v_to_bf16_(x));
#else
    _mm_stream_si128((__m128i *)(void *)p, (__m128i)v_to_bf16_(x));
#endif
}
/* With DAZ and FTZ, fma is cb_bf16_fma: denormal operands and results tiny after rounding count as zeros (Intel SDM,
 * volume 1, 4.9.1.5). The memory barriers keep arithmetic, which loads and stores, between begin and end. */
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
/* FPCR flushes what is tiny before rounding, so this is done by hand; in a call, to keep compile time bounded. */
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
    uint32_t lanes[VL / 4], any = 0;
    memcpy(lanes, &edge, sizeof edge);
    for (int i = 0; i < VL / 4; i++) any |= lanes[i];
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
static inline vf v_dot2_set1(vf a, const cb_bf16_pair *b, vf acc)
{
    return v_dot2(a, v_set1(*b), acc);
}

#endif
