#ifndef CB_CEILING_KERNELS_H
#define CB_CEILING_KERNELS_H

#include <stddef.h>

#include "bandwidth.h"

/* Runs `rounds` rounds of independent chains of multiply-adds, returns the floating-point operations done and writes a
 * value that depends on all of them. */
typedef double cb_fma_chains_fn(size_t rounds, float *result);

/* `rounds` passes over n floats (a multiple of CB_STREAM_STEP) of each array that the stream needs. Returns a value
 * that depends on all that was read. */
enum { CB_STREAM_STEP = 128 };
typedef float cb_stream_fn(enum cb_stream stream, const float *a, const float *b, float *c, size_t n, size_t rounds);

struct cb_ceiling_kernels {
    cb_fma_chains_fn *fma_chains;
    cb_fma_chains_fn *dot2_chains; /* of dot products of bf16 pairs; NULL where they are emulated */
    cb_stream_fn *stream;
    const char *no_nt_stores; /* why stream has no CB_STREAM_NT_COPY; NULL: it has */
};

/* The ISA's own kernels, or its base's where it has none; all NULL if it is not built in. */
struct cb_ceiling_kernels cb_ceiling_kernels_of(enum cb_isa isa);

#endif
