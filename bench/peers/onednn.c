/* oneDNN 2 and 3: convolutions with the layouts left to the library, SGEMM and products of bf16. */
#include <limits.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "load.h"
#include "onednn_api.h"

struct chosen {
    int theirs;
    const char *name;
    enum cb_isa isa;
};

static struct chosen chosen_isa(void)
{
    static const struct chosen isas[] = {{0x1, "SSE4.1", CB_ISA_SCALAR},
                                         {0x3, "AVX", CB_ISA_SCALAR},
                                         {0x7, "AVX2", CB_ISA_AVX2},
                                         {0x407, "AVX2 with VNNI", CB_ISA_AVX2}, /* of version 2; then of 3 */
                                         {0xf, "AVX2 with VNNI", CB_ISA_AVX2},
                                         {0x1f, "AVX2 with VNNI 2", CB_ISA_AVX2},
                                         {0x27, "AVX-512", CB_ISA_AVX512},
                                         {0x67, "AVX-512 with VNNI", CB_ISA_AVX512},
                                         {0xe7, "AVX-512 with bf16", CB_ISA_AVX512BF16},
                                         {0x1ef, "AVX-512 with fp16", CB_ISA_AVX512BF16},
                                         {0x3e7, "AVX-512 with AMX", CB_ISA_AVX512BF16}, /* of version 2; then of 3 */
                                         {0xfef, "AVX-512 with AMX", CB_ISA_AVX512BF16},
                                         {0x1fef, "AVX-512 with AMX fp16", CB_ISA_AVX512BF16}};
    int theirs = onednn.effective_isa();
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        if (isas[i].theirs == theirs) return isas[i];
    return (struct chosen){theirs, "instruction set not named", CB_ISA_COUNT};
}

static enum cb_status failed(const char *what, int status, struct cb_error *err)
{
    enum cb_status kind = status == DNNL_OUT_OF_MEMORY ? CB_NO_MEMORY : CB_UNAVAILABLE;
    return cb_fail(err, kind, "oneDNN: %s failed with status %d", what, status);
}

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    char path[PATH_MAX];
    void *function;
    omp_set_num_threads((int)threads); /* it has no call of its own for that */
    enum cb_status status = onednn_load(err);
    if (status) return status;
    const struct dnnl_version *v = onednn.version();
    const struct chosen chosen = chosen_isa();
    about->isa = chosen.isa;
    snprintf(about->kernels, sizeof about->kernels, "%s", chosen.name);
    snprintf(about->version, sizeof about->version, "%d.%d.%d", v->major, v->minor, v->patch);
    memcpy(&function, &onednn.version, sizeof function);
    snprintf(about->text, sizeof about->text, "%s, %s, threads: %d, %.900s", about->version, about->kernels,
             omp_get_max_threads(), cb_loaded_file(function, path));
    return CB_OK;
}

/* --- convolution --- */

enum { X, W, Y, TENSORS };

/* How the library names the tensors of each pass. */
static const struct {
    struct {
        int argument, query;
    } of[TENSORS];
    int output;
} passes[CB_CONV_PASSES] = {
    [CB_CONV_FORWARD] = {{{DNNL_SRC, DNNL_QUERY_SRC}, {DNNL_WEIGHTS, DNNL_QUERY_WEIGHTS}, {DNNL_DST, DNNL_QUERY_DST}},
                         Y},
    [CB_CONV_BACKWARD_DATA] = {{{DNNL_DIFF_SRC, DNNL_QUERY_DIFF_SRC},
                                {DNNL_WEIGHTS, DNNL_QUERY_WEIGHTS},
                                {DNNL_DIFF_DST, DNNL_QUERY_DIFF_DST}},
                               X},
    [CB_CONV_BACKWARD_WEIGHTS] = {{{DNNL_SRC, DNNL_QUERY_SRC},
                                   {DNNL_DIFF_WEIGHTS, DNNL_QUERY_DIFF_WEIGHTS},
                                   {DNNL_DIFF_DST, DNNL_QUERY_DIFF_DST}},
                                  W},
};

static const char *const algorithm_names[] = {"direct", "winograd", "auto"};
static const int algorithms[] = {DNNL_DIRECT, DNNL_WINOGRAD, DNNL_AUTO};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

struct cb_conv_plan {
    void *description, *primitive;
    void *plain[TENSORS], *any[TENSORS]; /* tensors in our layout, of floats, and in the library's */
    void *memory[TENSORS], *data[TENSORS];
    struct dnnl_argument arguments[TENSORS];
    enum cb_conv_pass pass;
    const char *implementation;
};

static int any_layout(void **tensor, const int64_t sizes[4], enum cb_format format)
{
    return onednn_tensor(tensor, 4, sizes, format == CB_BF16 ? DNNL_BF16 : DNNL_F32, NULL);
}

static int describe(struct cb_conv_plan *plan, const struct cb_conv_shape *s, int algorithm)
{
    int64_t n = (int64_t)s->n, c = (int64_t)s->c, k = (int64_t)s->k, r = (int64_t)cb_conv_filter(s), pad = r / 2;
    int64_t stride = (int64_t)(s->h / cb_conv_out_h(s));
    const int64_t sizes[TENSORS][4] = {{n, c, (int64_t)s->h, (int64_t)s->w},
                                       {k, c, r, r},
                                       {n, k, (int64_t)cb_conv_out_h(s), (int64_t)cb_conv_out_w(s)}};
    const int64_t strides[2] = {stride, stride}, padding[2] = {pad, pad};
    void **any = plan->any, *w = NULL, *hint = NULL;
    int status = 0;
    for (int t = 0; t < TENSORS && !status; t++) {
        const int64_t *d = sizes[t], steps[4] = {d[1] * d[2] * d[3], d[2] * d[3], d[3], 1};
        status = onednn_tensor(&plan->plain[t], 4, d, DNNL_F32, steps);
        bool floats = t == W && plan->pass == CB_CONV_BACKWARD_WEIGHTS;
        if (!status) status = any_layout(&any[t], d, floats ? CB_F32 : s->storage);
    }
    /* The hint of a backward pass is the forward one, whose weights have the storage format though dW has floats. */
    bool backward = plan->pass != CB_CONV_FORWARD;
    if (backward && !status) status = any_layout(&w, sizes[W], s->storage);
    if (backward && !status)
        status = onednn_convolution(&hint, CB_CONV_FORWARD, DNNL_AUTO, any[X], w, any[Y], strides, padding, NULL);
    if (!status)
        status = onednn_convolution(&plan->description, plan->pass, algorithm, any[X], any[W], any[Y], strides, padding,
                                    hint);
    if (hint) onednn.description_destroy(hint);
    onednn_tensor_free(w);
    return status;
}

static int reorder(void *from, void *to)
{
    const void *from_tensor, *to_tensor;
    void *description = NULL, *primitive = NULL;
    int status = onednn.memory_tensor(from, &from_tensor);
    if (!status) status = onednn.memory_tensor(to, &to_tensor);
    if (!status)
        status = onednn.reorder_create(&description, from_tensor, onednn.engine, to_tensor, onednn.engine, NULL);
    if (!status) status = onednn.primitive_create(&primitive, description);
    const struct dnnl_argument arguments[] = {{DNNL_SRC, from}, {DNNL_DST, to}};
    if (!status) status = onednn.execute(primitive, onednn.stream, 2, arguments);
    if (!status) status = onednn.stream_wait(onednn.stream);
    if (primitive) onednn.primitive_destroy(primitive);
    if (description) onednn.description_destroy(description);
    return status;
}

/* Memory in the library's layout; the threads that will read it are the first that write it. */
static int make_memory(struct cb_conv_plan *plan, int t, const float *ours)
{
    const void *tensor = onednn.query_tensor(plan->description, passes[plan->pass].of[t].query, 0);
    plan->data[t] = cb_alloc_tensor(onednn.tensor_bytes(tensor));
    if (!plan->data[t]) return DNNL_OUT_OF_MEMORY;
    int status = onednn.memory_create(&plan->memory[t], tensor, onednn.engine, plan->data[t]);
    plan->arguments[t] = (struct dnnl_argument){passes[plan->pass].of[t].argument, plan->memory[t]};
    if (status || t == passes[plan->pass].output) return status;
    void *from;
    status = onednn.memory_create(&from, plan->plain[t], onednn.engine, (void *)(uintptr_t)ours);
    if (status) return status;
    status = reorder(from, plan->memory[t]);
    onednn.memory_destroy(from);
    return status;
}

static void destroy(struct cb_conv_plan *plan)
{
    if (!plan) return;
    for (int t = 0; t < TENSORS; t++) {
        if (plan->memory[t]) onednn.memory_destroy(plan->memory[t]);
        free(plan->data[t]);
        onednn_tensor_free(plan->plain[t]);
        onednn_tensor_free(plan->any[t]);
    }
    if (plan->primitive) onednn.primitive_destroy(plan->primitive);
    if (plan->description) onednn.description_destroy(plan->description);
    free(plan);
}

static enum cb_status create(struct cb_conv_plan **out, const struct cb_conv_shape *shape, enum cb_conv_pass pass,
                             size_t algorithm, const struct cb_conv_tensors *tensors, struct cb_error *err)
{
    *out = NULL;
    struct cb_conv_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return cb_fail(err, CB_NO_MEMORY, "oneDNN: out of memory for a plan");
    plan->pass = pass;
    const float *const ours[TENSORS] = {tensors->x, tensors->w, tensors->y};
    int status = describe(plan, shape, algorithms[algorithm]);
    if (!status) status = onednn.query(plan->description, DNNL_QUERY_IMPLEMENTATION, 0, &plan->implementation);
    if (!status) status = onednn.primitive_create(&plan->primitive, plan->description);
    for (int t = X; t < TENSORS && !status; t++) status = make_memory(plan, t, ours[t]);
    if (!status) {
        *out = plan;
        return CB_OK;
    }
    destroy(plan);
    if (status == DNNL_UNIMPLEMENTED)
        return cb_fail(err, CB_UNAVAILABLE, "not offered for this shape and format on this CPU");
    return failed("planning a convolution", status, err);
}

static const char *implementation(const struct cb_conv_plan *plan)
{
    return plan->implementation;
}

static enum cb_status run(struct cb_conv_plan *plan, struct cb_error *err)
{
    int status = onednn.execute(plan->primitive, onednn.stream, TENSORS, plan->arguments);
    if (!status) status = onednn.stream_wait(onednn.stream);
    return status ? failed("a convolution", status, err) : CB_OK;
}

static enum cb_status result(struct cb_conv_plan *plan, float *out, struct cb_error *err)
{
    void *to;
    int output = passes[plan->pass].output;
    int status = onednn.memory_create(&to, plan->plain[output], onednn.engine, out);
    if (!status) {
        status = reorder(plan->memory[output], to);
        onednn.memory_destroy(to);
    }
    return status ? failed("reading a result", status, err) : CB_OK;
}

static void buffers(const struct cb_conv_plan *plan, void (*visit)(void *context, const void *buffer, size_t bytes),
                    void *context)
{
    for (int t = 0; t < TENSORS; t++) {
        const void *tensor;
        if (!onednn.memory_tensor(plan->memory[t], &tensor)) visit(context, plan->data[t], onednn.tensor_bytes(tensor));
    }
}

static const struct cb_conv_functions conv = {.algorithms = ALGORITHMS,
                                              .algorithm_names = algorithm_names,
                                              .create = create,
                                              .implementation = implementation,
                                              .run = run,
                                              .result = result,
                                              .buffers = buffers,
                                              .destroy = destroy};

/* --- SGEMM --- */

static const char *prepare_gemm(const struct cb_gemm *g)
{
    (void)g;
    return NULL;
}

static enum cb_status run_gemm(const struct cb_gemm *g, struct cb_error *err)
{
    int status = onednn.sgemm('N', 'N', (int64_t)g->m, (int64_t)g->n, (int64_t)g->k, 1, g->a, (int64_t)g->lda, g->b,
                              (int64_t)g->ldb, 0, g->c, (int64_t)g->ldc);
    return status ? failed("sgemm", status, err) : CB_OK;
}

/* --- the product of bf16: a primitive made for the sizes, on row-major matrices as they are --- */

static struct {
    void *description, *primitive;
    struct dnnl_argument arguments[TENSORS];
} matmul;

static void destroy_matmul(void)
{
    for (int t = 0; t < TENSORS; t++)
        if (matmul.arguments[t].memory) onednn.memory_destroy(matmul.arguments[t].memory);
    if (matmul.primitive) onednn.primitive_destroy(matmul.primitive);
    if (matmul.description) onednn.description_destroy(matmul.description);
    memset(&matmul, 0, sizeof matmul);
}

static const char *prepare_gemm_bf16(const struct cb_gemm_bf16 *g)
{
    static const int arguments[TENSORS] = {DNNL_SRC, DNNL_WEIGHTS, DNNL_DST};
    destroy_matmul();
    int64_t m = (int64_t)g->m, n = (int64_t)g->n, k = (int64_t)g->k;
    const int64_t sizes[TENSORS][2] = {{m, k}, {k, n}, {m, n}};
    const int64_t strides[TENSORS][2] = {{(int64_t)g->lda, 1}, {(int64_t)g->ldb, 1}, {(int64_t)g->ldc, 1}};
    void *const data[TENSORS] = {(void *)(uintptr_t)g->a, (void *)(uintptr_t)g->b, g->c};
    void *tensor[TENSORS] = {NULL};
    int status = 0;
    for (int t = 0; t < TENSORS && !status; t++)
        status = onednn_tensor(&tensor[t], 2, sizes[t], t == Y ? DNNL_F32 : DNNL_BF16, strides[t]);
    if (!status) status = onednn_matmul(&matmul.description, tensor[X], tensor[W], tensor[Y]);
    if (!status) status = onednn.primitive_create(&matmul.primitive, matmul.description);
    for (int t = 0; t < TENSORS && !status; t++) {
        matmul.arguments[t].argument = arguments[t];
        status = onednn.memory_create(&matmul.arguments[t].memory, tensor[t], onednn.engine, data[t]);
    }
    for (int t = 0; t < TENSORS; t++) onednn_tensor_free(tensor[t]);
    return status ? "no bf16 product for this processor" : NULL;
}

static enum cb_status run_gemm_bf16(const struct cb_gemm_bf16 *g, struct cb_error *err)
{
    (void)g;
    int status = onednn.execute(matmul.primitive, onednn.stream, TENSORS, matmul.arguments);
    if (!status) status = onednn.stream_wait(onednn.stream);
    return status ? failed("a product of bf16", status, err) : CB_OK;
}

static const struct cb_gemm_functions gemm = {
    .prepare = prepare_gemm, .run = run_gemm, .prepare_bf16 = prepare_gemm_bf16, .run_bf16 = run_gemm_bf16};

const struct cb_peer cb_peer_onednn = {.name = "oneDNN",
                                       .package = "libdnnl-dev",
                                       .prefixes = {"ONEDNN_", "DNNL_"},
                                       .kernels_variables = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"},
                                       .start = start,
                                       .gemm = &gemm,
                                       .conv = &conv};
