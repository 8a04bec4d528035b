#ifndef CB_CONV_CASES_H
#define CB_CONV_CASES_H

/* Cases that every kind of convolution is tested with. */
#include "test/conv_compare.h"

/* The operations of an ISA for the kind of `small`, in all formats: with everything around the convolution on
 * the n shapes, with every combination of it on `small`. */
void conv_test_variants(enum cb_isa isa, const struct cb_conv_shape *small, const struct cb_conv_shape *shapes,
                        size_t n);

/* cb_conv_forward and cb_conv_backward: any number of threads, any number of images. */
void conv_test_drivers(enum cb_isa isa, enum cb_conv_kind kind);

#endif
