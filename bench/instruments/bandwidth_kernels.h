#ifndef CB_BANDWIDTH_KERNELS_H
#define CB_BANDWIDTH_KERNELS_H

#include <stddef.h>

#include "bandwidth.h"

/* `rounds` passes over n floats (a multiple of CB_STREAM_STEP) of each array that the stream needs. Once per ISA.
 * Returns a value that depends on all that was read. */
enum { CB_STREAM_STEP = 128 };
typedef float cb_stream_fn(enum cb_stream stream, const float *a, const float *b, float *c, size_t n, size_t rounds);

cb_stream_fn cb_stream__scalar, cb_stream__avx2, cb_stream__avx512, cb_stream__neon;

/* NULL if there is none. */
cb_stream_fn *cb_stream_of(enum cb_isa isa);

#endif
