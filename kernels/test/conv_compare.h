#ifndef CB_CONV_COMPARE_H
#define CB_CONV_COMPARE_H

/* What the tests of the convolutions share: a shape's arguments with any of the fusions of conv.h, and a variant of a
 * pass held against the scalar reference, bit for bit. Within a case of the harness, which owns the buffers. */
#include "test/harness.h"

#define CONV_KINDS 5 /* of enum cb_conv_kind */
enum { CONV_FORMATS = 5 };
extern const char *const conv_kind_names[CONV_KINDS];

/* Combination f of the formats of storage and of the products, of those that are tested; what there is for a kind and a
 * pass is cb_conv_fwd_op's. */
void conv_set_formats(struct cb_conv_shape *s, size_t f);

/* The name in conv.inc of what computes the shape, without the ISA. */
const char *conv_op_name(const struct cb_conv_shape *s, bool fwd);
cb_conv_fwd_fn *conv_forward_of(enum cb_isa isa, const struct cb_conv_shape *s);
cb_conv_bwd_fn *conv_backward_of(enum cb_isa isa, const struct cb_conv_shape *s);

/* What is fused with the convolution. Bits, so that a loop counts through all combinations. */
enum {
    FWD_NORM = 1,
    FWD_RESIDUAL = 2,      /* only with FWD_NORM */
    FWD_RESIDUAL_NORM = 4, /* only with FWD_RESIDUAL */
    FWD_Z = 8,
    FWD_Z_IS_X = 16, /* only with FWD_Z */
    FWD_STATS = 32,
    FWD_OPTIONS = 64,
    FWD_ALL = FWD_NORM | FWD_RESIDUAL | FWD_RESIDUAL_NORM | FWD_Z | FWD_STATS,

    BWD_NORM = 1,
    BWD_DY_NORM = 2,
    BWD_SKIP = 4,
    BWD_SKIP_IS_DX = 8, /* only with BWD_SKIP */
    BWD_SKIP_EVEN = 16, /* only for even h and w */
    BWD_MASK = 32,
    BWD_SUMS = 64,
    BWD_BN_Y_IS_X = 128, /* only with BWD_SUMS and without skips, as in the network */
    BWD_OPTIONS = 256,
    BWD_ALL = BWD_NORM | BWD_DY_NORM | BWD_SKIP | BWD_SKIP_EVEN | BWD_MASK | BWD_SUMS,
};

/* The most that a shape can have at once. */
unsigned conv_fwd_all(const struct cb_conv_shape *s);
unsigned conv_bwd_all(const struct cb_conv_shape *s);
bool conv_fwd_options_valid(const struct cb_conv_shape *s, unsigned options);
bool conv_bwd_options_valid(const struct cb_conv_shape *s, unsigned options);

/* Elements of X, and of Y. */
size_t conv_input_size(const struct cb_conv_shape *s);
size_t conv_output_size(const struct cb_conv_shape *s);

/* Arguments without outputs; then with outputs of their own. What is compared shares the former. */
struct cb_conv_fwd conv_forward_args(const struct cb_conv_shape *s, unsigned options, enum check_fill fill);
struct cb_conv_bwd conv_backward_args(const struct cb_conv_shape *s, unsigned options, enum check_fill fill);
void conv_forward_outputs(struct cb_conv_fwd *args, unsigned options);
void conv_backward_outputs(struct cb_conv_bwd *args, unsigned options);

/* Every task or group, one after the other. */
void conv_run_forward(cb_conv_fwd_fn *fn, const struct cb_conv_fwd *args);
void conv_run_backward(cb_conv_bwd_fn *fn, const struct cb_conv_bwd *args);

void conv_forward_equal(const struct cb_conv_fwd *got, const struct cb_conv_fwd *want);
void conv_backward_equal(const struct cb_conv_bwd *got, const struct cb_conv_bwd *want);

/* All of it: fn beside the scalar reference. */
void conv_compare_forward(cb_conv_fwd_fn *fn, const struct cb_conv_shape *s, unsigned options, enum check_fill fill);
void conv_compare_backward(cb_conv_bwd_fn *fn, const struct cb_conv_shape *s, unsigned options, enum check_fill fill);

/* u [36][K/16][C][16] operands of the products: w [K/16][C/16][3][16][3][16] in the transform domain. */
void conv_transform_weights(enum cb_isa isa, enum cb_format products, size_t c, size_t k, const float *w, void *u);
cb_winograd_weights_fn *conv_weights_of(enum cb_isa isa, enum cb_format products);
/* A transform beside the scalar reference. */
void conv_compare_weights(cb_winograd_weights_fn *fn, enum cb_format products, size_t c, size_t k,
                          enum check_fill fill);

#endif
