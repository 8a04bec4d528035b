/* oneDNN: convolutions with the layouts left to the library, SGEMM and products of bf16. */
#include <dnnl.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "conv_peer.h"
#include "gemm_peer.h"

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static const struct chosen {
    dnnl_cpu_isa_t theirs;
    const char *name;
    enum cb_isa isa;
} isas[] = {{dnnl_cpu_isa_sse41, "SSE4.1", CB_ISA_SCALAR},
            {dnnl_cpu_isa_avx, "AVX", CB_ISA_SCALAR},
            {dnnl_cpu_isa_avx2, "AVX2", CB_ISA_AVX2},
            {dnnl_cpu_isa_avx2_vnni, "AVX2 with VNNI", CB_ISA_AVX2},
            {dnnl_cpu_isa_avx512_core, "AVX-512", CB_ISA_AVX512},
            {dnnl_cpu_isa_avx512_core_vnni, "AVX-512 with VNNI", CB_ISA_AVX512},
            {dnnl_cpu_isa_avx512_core_bf16, "AVX-512 with bf16", CB_ISA_AVX512BF16},
            {dnnl_cpu_isa_avx512_core_amx, "AVX-512 with AMX", CB_ISA_AVX512BF16}};

static struct chosen chosen_isa(void)
{
    dnnl_cpu_isa_t theirs = dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        if (isas[i].theirs == theirs) return isas[i];
    return (struct chosen){theirs, "instruction set not named", CB_ISA_COUNT};
}

static enum cb_status failed(const char *what, dnnl_status_t status, struct cb_error *err)
{
    enum cb_status kind = status == dnnl_out_of_memory ? CB_NO_MEMORY : CB_UNAVAILABLE;
    return cb_fail(err, kind, "oneDNN: %s failed with status %d", what, (int)status);
}

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    omp_set_num_threads((int)threads); /* it has no call of its own for that */
    dnnl_status_t status = dnnl_success;
    if (!engine) status = dnnl_engine_create(&engine, dnnl_cpu, 0);
    if (!status && !stream) status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    if (status) return failed("starting", status, err);
    const dnnl_version_t *v = dnnl_version();
    const struct chosen chosen = chosen_isa();
    about->isa = chosen.isa;
    snprintf(about->kernels, sizeof about->kernels, "%s", chosen.name);
    snprintf(about->version, sizeof about->version, "%d.%d.%d", v->major, v->minor, v->patch);
    snprintf(about->text, sizeof about->text, "%s, %s, threads: %d", about->version, about->kernels,
             omp_get_max_threads());
    return CB_OK;
}

/* --- convolution --- */

enum tensor { X, W, Y, TENSORS };

/* How the library names the tensors of each pass. */
static const struct {
    struct {
        int argument;
        dnnl_query_t query;
    } of[TENSORS];
    enum tensor output;
} passes[CB_CONV_PASSES] = {
    [CB_CONV_FORWARD] = {{{DNNL_ARG_SRC, dnnl_query_src_md},
                          {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                          {DNNL_ARG_DST, dnnl_query_dst_md}},
                         Y},
    [CB_CONV_BACKWARD_DATA] = {{{DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md},
                                {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                                {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md}},
                               X},
    [CB_CONV_BACKWARD_WEIGHTS] = {{{DNNL_ARG_SRC, dnnl_query_src_md},
                                   {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md},
                                   {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md}},
                                  W},
};

static const char *const algorithm_names[] = {"direct", "winograd", "auto"};
static const dnnl_alg_kind_t algorithms[] = {dnnl_convolution_direct, dnnl_convolution_winograd, dnnl_convolution_auto};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

struct cb_conv_plan {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[TENSORS];
    void *data[TENSORS];              /* of memory */
    dnnl_memory_desc_t ours[TENSORS]; /* our layouts */
    dnnl_exec_arg_t arguments[TENSORS];
    enum tensor output;
    const char *implementation;
};

/* The tensors as we hold them (tags[t]), or with layouts left to the library (tags NULL). */
static dnnl_status_t describe(const struct cb_conv_shape *s, const dnnl_data_type_t types[TENSORS],
                              const dnnl_format_tag_t *tags, dnnl_memory_desc_t md[TENSORS])
{
    dnnl_dim_t n = (dnnl_dim_t)s->n, c = (dnnl_dim_t)s->c, k = (dnnl_dim_t)s->k, r = (dnnl_dim_t)cb_conv_filter(s);
    const dnnl_dims_t dims[TENSORS] = {{n, c, (dnnl_dim_t)s->h, (dnnl_dim_t)s->w},
                                       {k, c, r, r},
                                       {n, k, (dnnl_dim_t)cb_conv_out_h(s), (dnnl_dim_t)cb_conv_out_w(s)}};
    dnnl_status_t status = dnnl_success;
    for (int t = 0; t < TENSORS && !status; t++)
        status = dnnl_memory_desc_init_by_tag(&md[t], 4, dims[t], types[t], tags ? tags[t] : dnnl_format_tag_any);
    return status;
}

/* A backward pass is described with the forward one as a hint. */
static dnnl_status_t describe_pass(dnnl_primitive_desc_t *out, const struct cb_conv_shape *s, enum cb_conv_pass pass,
                                   dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t any[TENSORS])
{
    dnnl_dim_t stride = (dnnl_dim_t)(s->h / cb_conv_out_h(s)), pad = (dnnl_dim_t)(cb_conv_filter(s) / 2);
    const dnnl_dims_t strides = {stride, stride}, padding = {pad, pad};
    dnnl_convolution_desc_t forward, desc;
    dnnl_status_t status = dnnl_convolution_forward_desc_init(
        &forward, dnnl_forward_training, pass == CB_CONV_FORWARD ? algorithm : dnnl_convolution_auto, &any[X], &any[W],
        NULL, &any[Y], strides, padding, padding);
    dnnl_primitive_desc_t hint = NULL;
    if (!status) status = dnnl_primitive_desc_create(&hint, &forward, NULL, engine, NULL);
    if (status || pass == CB_CONV_FORWARD) {
        *out = hint;
        return status;
    }
    if (pass == CB_CONV_BACKWARD_DATA)
        status = dnnl_convolution_backward_data_desc_init(&desc, algorithm, &any[X], &any[W], &any[Y], strides, padding,
                                                          padding);
    else
        status = dnnl_convolution_backward_weights_desc_init(&desc, algorithm, &any[X], &any[W], NULL, &any[Y], strides,
                                                             padding, padding);
    if (!status) status = dnnl_primitive_desc_create(out, &desc, NULL, engine, hint);
    dnnl_primitive_desc_destroy(hint);
    return status;
}

static dnnl_status_t reorder(dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_memory_desc_t *from_md, *to_md;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_status_t status = dnnl_memory_get_memory_desc(from, &from_md);
    if (!status) status = dnnl_memory_get_memory_desc(to, &to_md);
    if (!status) status = dnnl_reorder_primitive_desc_create(&description, from_md, engine, to_md, engine, NULL);
    if (!status) status = dnnl_primitive_create(&primitive, description);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    if (!status) status = dnnl_primitive_execute(primitive, stream, 2, arguments);
    if (!status) status = dnnl_stream_wait(stream);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(description);
    return status;
}

/* Memory in the library's layout; the threads that will read it are the first that write it. */
static dnnl_status_t make_memory(struct cb_conv_plan *plan, enum cb_conv_pass pass, enum tensor t, const void *ours)
{
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(plan->description, passes[pass].of[t].query, 0);
    plan->data[t] = cb_alloc_tensor(dnnl_memory_desc_get_size(md));
    if (!plan->data[t]) return dnnl_out_of_memory;
    dnnl_status_t status = dnnl_memory_create(&plan->memory[t], md, engine, plan->data[t]);
    plan->arguments[t] = (dnnl_exec_arg_t){passes[pass].of[t].argument, plan->memory[t]};
    if (status || t == plan->output) return status;
    dnnl_memory_t from;
    status = dnnl_memory_create(&from, &plan->ours[t], engine, (void *)(uintptr_t)ours);
    if (status) return status;
    status = reorder(from, plan->memory[t]);
    dnnl_memory_destroy(from);
    return status;
}

static void destroy(struct cb_conv_plan *plan)
{
    if (!plan) return;
    for (int t = 0; t < TENSORS; t++) {
        dnnl_memory_destroy(plan->memory[t]);
        free(plan->data[t]);
    }
    dnnl_primitive_destroy(plan->primitive);
    dnnl_primitive_desc_destroy(plan->description);
    free(plan);
}

static enum cb_status create(struct cb_conv_plan **out, const struct cb_conv_shape *shape, enum cb_conv_pass pass,
                             size_t algorithm, const struct cb_conv_tensors *tensors, struct cb_error *err)
{
    *out = NULL;
    struct cb_conv_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return cb_fail(err, CB_NO_MEMORY, "oneDNN: out of memory for a plan");
    plan->output = passes[pass].output;
    const dnnl_format_tag_t tags[TENSORS] = {shape->c % 16 ? dnnl_nchw : dnnl_nChw16c, dnnl_oihw, dnnl_nChw16c};
    const void *const ours[TENSORS] = {tensors->x, tensors->w, tensors->y};
    const dnnl_data_type_t stored = shape->storage == CB_BF16 ? dnnl_bf16 : dnnl_f32;
    const dnnl_data_type_t theirs[TENSORS] = {stored, plan->output == W ? dnnl_f32 : stored, stored};
    dnnl_data_type_t held[TENSORS] = {shape->kind == CB_CONV_STEM ? dnnl_f32 : stored, dnnl_f32, stored};
    held[plan->output] = dnnl_f32; /* result() converts */
    dnnl_memory_desc_t any[TENSORS];
    dnnl_status_t status = describe(shape, theirs, NULL, any);
    if (!status) status = describe(shape, held, tags, plan->ours);
    if (!status) status = describe_pass(&plan->description, shape, pass, algorithms[algorithm], any);
    if (!status)
        status =
            dnnl_primitive_desc_query(plan->description, dnnl_query_impl_info_str, 0, (void *)&plan->implementation);
    if (!status) status = dnnl_primitive_create(&plan->primitive, plan->description);
    for (enum tensor t = X; t < TENSORS && !status; t++) status = make_memory(plan, pass, t, ours[t]);
    if (!status) {
        *out = plan;
        return CB_OK;
    }
    destroy(plan);
    if (status == dnnl_unimplemented)
        return cb_fail(err, CB_UNAVAILABLE, "not offered for this shape and format on this CPU");
    return failed("planning a convolution", status, err);
}

static const char *implementation(const struct cb_conv_plan *plan)
{
    return plan->implementation;
}

static enum cb_status run(struct cb_conv_plan *plan, struct cb_error *err)
{
    dnnl_status_t status = dnnl_primitive_execute(plan->primitive, stream, TENSORS, plan->arguments);
    if (!status) status = dnnl_stream_wait(stream);
    return status ? failed("a convolution", status, err) : CB_OK;
}

static enum cb_status result(struct cb_conv_plan *plan, float *out, struct cb_error *err)
{
    dnnl_memory_t to;
    dnnl_status_t status = dnnl_memory_create(&to, &plan->ours[plan->output], engine, out);
    if (!status) {
        status = reorder(plan->memory[plan->output], to);
        dnnl_memory_destroy(to);
    }
    return status ? failed("reading a result", status, err) : CB_OK;
}

static void buffers(const struct cb_conv_plan *plan, void (*visit)(void *context, const void *buffer, size_t bytes),
                    void *context)
{
    for (int t = 0; t < TENSORS; t++) {
        const dnnl_memory_desc_t *md;
        if (!dnnl_memory_get_memory_desc(plan->memory[t], &md))
            visit(context, plan->data[t], dnnl_memory_desc_get_size(md));
    }
}

const struct cb_conv_peer cb_conv_onednn = {.name = "oneDNN",
                                            .algorithms = ALGORITHMS,
                                            .algorithm_names = algorithm_names,
                                            .create = create,
                                            .implementation = implementation,
                                            .run = run,
                                            .result = result,
                                            .buffers = buffers,
                                            .destroy = destroy};

/* --- SGEMM --- */

static const char *prepare_gemm(const struct cb_gemm *gemm)
{
    (void)gemm;
    return NULL;
}

static enum cb_status run_gemm(const struct cb_gemm *g, struct cb_error *err)
{
    dnnl_status_t status = dnnl_sgemm('N', 'N', (dnnl_dim_t)g->m, (dnnl_dim_t)g->n, (dnnl_dim_t)g->k, 1, g->a,
                                      (dnnl_dim_t)g->lda, g->b, (dnnl_dim_t)g->ldb, 0, g->c, (dnnl_dim_t)g->ldc);
    return status ? failed("sgemm", status, err) : CB_OK;
}

/* --- the product of bf16: a primitive made for the sizes, on row-major matrices as they are --- */

static struct {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[TENSORS];
} matmul;

static void destroy_matmul(void)
{
    for (int t = 0; t < TENSORS; t++) dnnl_memory_destroy(matmul.memory[t]);
    dnnl_primitive_destroy(matmul.primitive);
    dnnl_primitive_desc_destroy(matmul.description);
    memset(&matmul, 0, sizeof matmul);
}

static const char *prepare_gemm_bf16(const struct cb_gemm_bf16 *g)
{
    destroy_matmul();
    dnnl_dim_t m = (dnnl_dim_t)g->m, n = (dnnl_dim_t)g->n, k = (dnnl_dim_t)g->k;
    const dnnl_dims_t dims[TENSORS] = {{m, k}, {k, n}, {m, n}};
    const dnnl_dims_t strides[TENSORS] = {{(dnnl_dim_t)g->lda, 1}, {(dnnl_dim_t)g->ldb, 1}, {(dnnl_dim_t)g->ldc, 1}};
    dnnl_memory_desc_t md[TENSORS];
    dnnl_matmul_desc_t desc;
    dnnl_status_t status = dnnl_success;
    for (int t = 0; t < TENSORS && !status; t++)
        status = dnnl_memory_desc_init_by_strides(&md[t], 2, dims[t], t == Y ? dnnl_f32 : dnnl_bf16, strides[t]);
    if (!status) status = dnnl_matmul_desc_init(&desc, &md[X], &md[W], NULL, &md[Y]);
    if (!status) status = dnnl_primitive_desc_create(&matmul.description, &desc, NULL, engine, NULL);
    if (!status) status = dnnl_primitive_create(&matmul.primitive, matmul.description);
    void *const data[TENSORS] = {(void *)(uintptr_t)g->a, (void *)(uintptr_t)g->b, g->c};
    for (int t = 0; t < TENSORS && !status; t++)
        status = dnnl_memory_create(&matmul.memory[t], &md[t], engine, data[t]);
    return status ? "no bf16 product for this processor" : NULL;
}

static enum cb_status run_gemm_bf16(const struct cb_gemm_bf16 *g, struct cb_error *err)
{
    (void)g;
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, matmul.memory[X]}, {DNNL_ARG_WEIGHTS, matmul.memory[W]}, {DNNL_ARG_DST, matmul.memory[Y]}};
    dnnl_status_t status = dnnl_primitive_execute(matmul.primitive, stream, TENSORS, arguments);
    if (!status) status = dnnl_stream_wait(stream);
    return status ? failed("a product of bf16", status, err) : CB_OK;
}

const struct cb_gemm_peer cb_gemm_onednn = {.name = "oneDNN",
                                            .prefixes = {"ONEDNN_", "DNNL_"},
                                            .kernels_variables = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"},
                                            .start = start,
                                            .prepare = prepare_gemm,
                                            .run = run_gemm,
                                            .prepare_bf16 = prepare_gemm_bf16,
                                            .run_bf16 = run_gemm_bf16};
