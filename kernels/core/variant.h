#ifndef CB_VARIANT_H
#define CB_VARIANT_H

/* In a template, CB_VARIANT(conv3x3_f32_fwd) is cb_conv3x3_f32_fwd__avx512: the Makefile sets CB_ISA_SUFFIX. */
#define CB_CONCAT_(a, b) a##b
#define CB_CONCAT(a, b) CB_CONCAT_(a, b)
#define CB_VARIANT(op) CB_CONCAT(cb_##op##__, CB_ISA_SUFFIX)

#endif
