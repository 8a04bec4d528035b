#include "onednn_api.h"

#include <stdlib.h>

#include "load.h"

enum { FORWARD_TRAINING = 64, ANY_LAYOUT = 1 };

struct onednn onednn;

static const struct cb_symbol symbols[] = {
    {"dnnl_version", &onednn.version},
    {"dnnl_get_effective_cpu_isa", &onednn.effective_isa},
    {"dnnl_engine_create", &onednn.engine_create},
    {"dnnl_stream_create", &onednn.stream_create},
    {"dnnl_stream_wait", &onednn.stream_wait},
    {"dnnl_memory_desc_get_size", &onednn.tensor_bytes},
    {"dnnl_memory_create", &onednn.memory_create},
    {"dnnl_memory_get_memory_desc", &onednn.memory_tensor},
    {"dnnl_memory_destroy", &onednn.memory_destroy},
    {"dnnl_reorder_primitive_desc_create", &onednn.reorder_create},
    {"dnnl_primitive_desc_query_md", &onednn.query_tensor},
    {"dnnl_primitive_desc_query", &onednn.query},
    {"dnnl_primitive_desc_destroy", &onednn.description_destroy},
    {"dnnl_primitive_create", &onednn.primitive_create},
    {"dnnl_primitive_destroy", &onednn.primitive_destroy},
    {"dnnl_primitive_execute", &onednn.execute},
    {"dnnl_sgemm", &onednn.sgemm},
};

/* --- version 2: descriptions of operations and tensors are structs that the caller has room for --- */

enum { TENSOR_BYTES = 1024, OPERATION_BYTES = 8192 }; /* they have 696, and 5976 at most */

struct operation {
    _Alignas(16) unsigned char bytes[OPERATION_BYTES];
};

static struct {
    int (*tensor_by_strides)(void *tensor, int dimensions, const int64_t *sizes, int type, const int64_t *strides);
    int (*tensor_by_tag)(void *tensor, int dimensions, const int64_t *sizes, int type, int tag);
    int (*forward)(void *operation, int kind, int algorithm, const void *x, const void *w, const void *bias,
                   const void *y, const int64_t *strides, const int64_t *left, const int64_t *right);
    int (*backward_data)(void *operation, int algorithm, const void *dx, const void *w, const void *dy,
                         const int64_t *strides, const int64_t *left, const int64_t *right);
    int (*backward_weights)(void *operation, int algorithm, const void *x, const void *dw, const void *dbias,
                            const void *dy, const int64_t *strides, const int64_t *left, const int64_t *right);
    int (*matmul)(void *operation, const void *a, const void *b, const void *bias, const void *c);
    int (*describe)(void **description, const void *operation, const void *attributes, void *engine, const void *hint);
} v2;

static const struct cb_symbol symbols_v2[] = {
    {"dnnl_memory_desc_init_by_strides", &v2.tensor_by_strides},
    {"dnnl_memory_desc_init_by_tag", &v2.tensor_by_tag},
    {"dnnl_convolution_forward_desc_init", &v2.forward},
    {"dnnl_convolution_backward_data_desc_init", &v2.backward_data},
    {"dnnl_convolution_backward_weights_desc_init", &v2.backward_weights},
    {"dnnl_matmul_desc_init", &v2.matmul},
    {"dnnl_primitive_desc_create", &v2.describe},
};

static int tensor_v2(void **tensor, int dimensions, const int64_t *sizes, int type, const int64_t *strides)
{
    *tensor = calloc(1, TENSOR_BYTES);
    if (!*tensor) return DNNL_OUT_OF_MEMORY;
    return strides ? v2.tensor_by_strides(*tensor, dimensions, sizes, type, strides)
                   : v2.tensor_by_tag(*tensor, dimensions, sizes, type, ANY_LAYOUT);
}

static int convolution_v2(void **description, enum cb_conv_pass pass, int algorithm, const void *x, const void *w,
                          const void *y, const int64_t *strides, const int64_t *padding, void *hint)
{
    struct operation operation;
    int status;
    if (pass == CB_CONV_FORWARD)
        status = v2.forward(&operation, FORWARD_TRAINING, algorithm, x, w, NULL, y, strides, padding, padding);
    else if (pass == CB_CONV_BACKWARD_DATA)
        status = v2.backward_data(&operation, algorithm, x, w, y, strides, padding, padding);
    else
        status = v2.backward_weights(&operation, algorithm, x, w, NULL, y, strides, padding, padding);
    return status ? status : v2.describe(description, &operation, NULL, onednn.engine, hint);
}

static int matmul_v2(void **description, const void *a, const void *b, const void *c)
{
    struct operation operation;
    int status = v2.matmul(&operation, a, b, NULL, c);
    return status ? status : v2.describe(description, &operation, NULL, onednn.engine, NULL);
}

/* --- version 3: a tensor is a handle, and a primitive is described in one call --- */

static struct {
    int (*tensor_with_strides)(void **tensor, int dimensions, const int64_t *sizes, int type, const int64_t *strides);
    int (*tensor_with_tag)(void **tensor, int dimensions, const int64_t *sizes, int type, int tag);
    int (*tensor_destroy)(void *tensor);
    int (*forward)(void **description, void *engine, int kind, int algorithm, const void *x, const void *w,
                   const void *bias, const void *y, const int64_t *strides, const int64_t *dilates, const int64_t *left,
                   const int64_t *right, const void *attributes);
    int (*backward_data)(void **description, void *engine, int algorithm, const void *dx, const void *w, const void *dy,
                         const int64_t *strides, const int64_t *dilates, const int64_t *left, const int64_t *right,
                         const void *hint, const void *attributes);
    int (*backward_weights)(void **description, void *engine, int algorithm, const void *x, const void *dw,
                            const void *dbias, const void *dy, const int64_t *strides, const int64_t *dilates,
                            const int64_t *left, const int64_t *right, const void *hint, const void *attributes);
    int (*matmul)(void **description, void *engine, const void *a, const void *b, const void *bias, const void *c,
                  const void *attributes);
} v3;

static const struct cb_symbol symbols_v3[] = {
    {"dnnl_memory_desc_create_with_strides", &v3.tensor_with_strides},
    {"dnnl_memory_desc_create_with_tag", &v3.tensor_with_tag},
    {"dnnl_memory_desc_destroy", &v3.tensor_destroy},
    {"dnnl_convolution_forward_primitive_desc_create", &v3.forward},
    {"dnnl_convolution_backward_data_primitive_desc_create", &v3.backward_data},
    {"dnnl_convolution_backward_weights_primitive_desc_create", &v3.backward_weights},
    {"dnnl_matmul_primitive_desc_create", &v3.matmul},
};

static int tensor_v3(void **tensor, int dimensions, const int64_t *sizes, int type, const int64_t *strides)
{
    return strides ? v3.tensor_with_strides(tensor, dimensions, sizes, type, strides)
                   : v3.tensor_with_tag(tensor, dimensions, sizes, type, ANY_LAYOUT);
}

static int convolution_v3(void **description, enum cb_conv_pass pass, int algorithm, const void *x, const void *w,
                          const void *y, const int64_t *strides, const int64_t *padding, void *hint)
{
    static const int64_t dilates[2] = {0, 0};
    void *engine = onednn.engine;
    if (pass == CB_CONV_FORWARD)
        return v3.forward(description, engine, FORWARD_TRAINING, algorithm, x, w, NULL, y, strides, dilates, padding,
                          padding, NULL);
    if (pass == CB_CONV_BACKWARD_DATA)
        return v3.backward_data(description, engine, algorithm, x, w, y, strides, dilates, padding, padding, hint,
                                NULL);
    return v3.backward_weights(description, engine, algorithm, x, w, NULL, y, strides, dilates, padding, padding, hint,
                               NULL);
}

/* --- both --- */

static bool is_v3(void)
{
    return onednn.version()->major == 3;
}

int onednn_tensor(void **tensor, int dimensions, const int64_t *sizes, int type, const int64_t *strides)
{
    return (is_v3() ? tensor_v3 : tensor_v2)(tensor, dimensions, sizes, type, strides);
}

void onednn_tensor_free(void *tensor)
{
    if (!tensor) return;
    if (is_v3())
        v3.tensor_destroy(tensor);
    else
        free(tensor);
}

int onednn_convolution(void **description, enum cb_conv_pass pass, int algorithm, const void *x, const void *w,
                       const void *y, const int64_t strides[2], const int64_t padding[2], void *hint)
{
    return (is_v3() ? convolution_v3 : convolution_v2)(description, pass, algorithm, x, w, y, strides, padding, hint);
}

int onednn_matmul(void **description, const void *a, const void *b, const void *c)
{
    return is_v3() ? v3.matmul(description, onednn.engine, a, b, NULL, c, NULL) : matmul_v2(description, a, b, c);
}

static enum cb_status load_version(void *library, struct cb_error *err)
{
    int major = onednn.version()->major;
    if (major == 2) return cb_load_symbols(library, symbols_v2, sizeof symbols_v2 / sizeof *symbols_v2, err);
    if (major == 3) return cb_load_symbols(library, symbols_v3, sizeof symbols_v3 / sizeof *symbols_v3, err);
    return cb_fail(err, CB_UNAVAILABLE, "it is version %d; versions 2 and 3 are known", major);
}

enum cb_status onednn_load(struct cb_error *err)
{
    /* Debian 13's is libdnnl.so.3.6; the last is what the -dev package has. */
    static const char *const files[] = {"libdnnl.so.3", "libdnnl.so.3.6", "libdnnl.so.2", "libdnnl.so", NULL};
    if (onednn.stream) return CB_OK;
    void *library;
    enum cb_status status = cb_load(&library, files, cb_peer_onednn.package, err);
    if (!status) status = cb_load_symbols(library, symbols, sizeof symbols / sizeof *symbols, err);
    if (!status) status = load_version(library, err);
    if (status) return status;
    int result = onednn.engine ? 0 : onednn.engine_create(&onednn.engine, DNNL_CPU, 0);
    if (!result) result = onednn.stream_create(&onednn.stream, onednn.engine, DNNL_IN_ORDER);
    return result ? cb_fail(err, CB_UNAVAILABLE, "starting it failed with status %d", result) : CB_OK;
}
