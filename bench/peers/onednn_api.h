#ifndef CB_ONEDNN_API_H
#define CB_ONEDNN_API_H

#include <stdint.h>

#include "core/status.h"
#include "peer.h"

/* oneDNN's C interface as far as it is used here, the same for versions 2 and 3. Both are loaded, never linked: the
 * declarations are those of its headers, whose numbers did not change from 2 to 3. */

enum { DNNL_OUT_OF_MEMORY = 1, DNNL_UNIMPLEMENTED = 3 }; /* results; 0: success */
enum { DNNL_CPU = 1, DNNL_IN_ORDER = 1 };
enum { DNNL_BF16 = 2, DNNL_F32 = 3 };
enum { DNNL_DIRECT = 1, DNNL_WINOGRAD = 2, DNNL_AUTO = 3 };
enum {
    DNNL_SRC = 1,
    DNNL_DST = 17,
    DNNL_WEIGHTS = 33,
    DNNL_DIFF_SRC = 129,
    DNNL_DIFF_DST = 145,
    DNNL_DIFF_WEIGHTS = 161
};
enum {
    DNNL_QUERY_IMPLEMENTATION = 8,
    DNNL_QUERY_SRC = 129,
    DNNL_QUERY_DIFF_SRC,
    DNNL_QUERY_WEIGHTS,
    DNNL_QUERY_DIFF_WEIGHTS,
    DNNL_QUERY_DST,
    DNNL_QUERY_DIFF_DST
};

struct dnnl_argument {
    int argument;
    void *memory;
};

struct dnnl_version {
    int major, minor, patch;
};

/* A pointer to a description of a tensor is const: a query owns it; else onednn_tensor made it. */
struct onednn {
    void *engine, *stream;
    const struct dnnl_version *(*version)(void);
    int (*effective_isa)(void);
    int (*engine_create)(void **engine, int kind, size_t index);
    int (*stream_create)(void **stream, void *engine, unsigned flags);
    int (*stream_wait)(void *stream);
    size_t (*tensor_bytes)(const void *tensor);
    int (*memory_create)(void **memory, const void *tensor, void *engine, void *data);
    int (*memory_tensor)(const void *memory, const void **tensor);
    int (*memory_destroy)(void *memory);
    int (*reorder_create)(void **description, const void *from, void *from_engine, const void *to, void *to_engine,
                          const void *attributes);
    const void *(*query_tensor)(const void *description, int what, int index);
    int (*query)(const void *description, int what, int index, void *result);
    int (*description_destroy)(void *description);
    int (*primitive_create)(void **primitive, const void *description);
    int (*primitive_destroy)(void *primitive);
    int (*execute)(const void *primitive, void *stream, int n, const struct dnnl_argument *arguments);
    int (*sgemm)(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                 const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
};
extern struct onednn onednn;

/* Loads the library, once, and makes the engine and the stream. */
enum cb_status onednn_load(struct cb_error *err);

/* Describes a tensor; strides NULL: the library chooses its layout. Released by onednn_tensor_free, which accepts
 * NULL. */
int onednn_tensor(void **tensor, int dimensions, const int64_t *sizes, int type, const int64_t *strides);
void onednn_tensor_free(void *tensor);

/* Describe primitives. A backward pass wants the description of the forward pass as a hint. */
int onednn_convolution(void **description, enum cb_conv_pass pass, int algorithm, const void *x, const void *w,
                       const void *y, const int64_t strides[2], const int64_t padding[2], void *hint);
int onednn_matmul(void **description, const void *a, const void *b, const void *c);

#endif
