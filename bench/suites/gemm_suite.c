/* Products of matrices of floats or bf16: ours by ISA, and the libraries'. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bandwidth.h"
#include "bench.h"
#include "suites.h"
#include "core/bf16.h"
#include "kernels.h"
#include "peer.h"

static const struct cb_shape_key keys[] = {
    {.name = "m", .min = 1, .max = 65536, .step = 1},
    {.name = "n", .min = 1, .max = 65536, .step = 1},
    {.name = "k", .min = 1, .max = 65536, .step = 1},
    {.name = "numerics", .word = format_word, .optional = true},
};
static const struct cb_shape_form form = {.name = "gemm", .keys = keys, .n_keys = sizeof keys / sizeof *keys};

static void implement(struct cb_case *the_case, const struct cb_availability *available)
{
    double m = (double)cb_shape_value(the_case->shape, "m"), n = (double)cb_shape_value(the_case->shape, "n"),
           k = (double)cb_shape_value(the_case->shape, "k");
    enum cb_format operands = (enum cb_format)cb_shape_value(the_case->shape, "numerics");
    struct cb_cost cost = {.flops = 2 * m * n * k,
                           .bytes = (m * k + k * n) * (double)cb_format_bytes(operands) + m * n * sizeof(float)};
    cost.least_flops[operands] = cost.flops;
    cb_add_ours(the_case, available, "", 0, &cost, operands == CB_BF16);
    for (size_t i = 0; i < available->n_peers; i++) {
        const struct cb_peer *peer = available->peer[i];
        if (!peer->gemm || (operands == CB_BF16 && !peer->gemm->prepare_bf16)) continue;
        cb_add_peer(the_case, available, peer, "", 0, &cost);
    }
}

struct work {
    struct cb_team *team;
    struct cb_cache_sizes caches;
    enum cb_format operands;
    size_t m, n, k;
    void *a, *b; /* of operands */
    float *c, *peer_c;
    void *workspace;
    size_t workspace_bytes;
};

static struct cb_gemm product(const struct work *w, float *c)
{
    return (struct cb_gemm){
        .m = w->m, .n = w->n, .k = w->k, .a = w->a, .b = w->b, .c = c, .lda = w->k, .ldb = w->n, .ldc = w->n};
}

static struct cb_gemm_bf16 product_bf16(const struct work *w, float *c)
{
    return (struct cb_gemm_bf16){
        .m = w->m, .n = w->n, .k = w->k, .a = w->a, .b = w->b, .c = c, .lda = w->k, .ldb = w->n, .ldc = w->n};
}

static enum cb_status setup(void **out, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a product");
    size_t m = w->m = cb_shape_value(the_case->shape, "m"), n = w->n = cb_shape_value(the_case->shape, "n"),
           k = w->k = cb_shape_value(the_case->shape, "k");
    w->team = team;
    w->caches = cb_cache_sizes();
    w->operands = (enum cb_format)cb_shape_value(the_case->shape, "numerics");
    w->a = cb_alloc_tensor(m * k * cb_format_bytes(w->operands));
    w->b = cb_alloc_tensor(k * n * cb_format_bytes(w->operands));
    w->c = cb_alloc_tensor(m * n * sizeof(float));
    w->peer_c = cb_alloc_tensor(m * n * sizeof(float));
    if (!w->a || !w->b || !w->c || !w->peer_c) return cb_fail(err, CB_NO_MEMORY, "out of memory for the matrices");
    cb_fill_random(team, 1, w->operands, w->a, m * k);
    cb_fill_random(team, 2, w->operands, w->b, k * n);
    cb_fill_random(team, 3, CB_F32, w->c, m * n);
    cb_fill_random(team, 3, CB_F32, w->peer_c, m * n);
    return CB_OK;
}

static enum cb_status prepare_peer(const struct work *w, const struct cb_peer *peer, struct cb_error *err)
{
    if (peer->most_threads && cb_team_threads(w->team) > peer->most_threads)
        return cb_fail(err, CB_UNAVAILABLE, "it has %zu thread%s here: compare it with --threads %zu",
                       peer->most_threads, peer->most_threads == 1 ? "" : "s", peer->most_threads);
    struct cb_gemm g = product(w, w->peer_c);
    struct cb_gemm_bf16 g_bf16 = product_bf16(w, w->peer_c);
    const char *reason = w->operands == CB_BF16 ? peer->gemm->prepare_bf16(&g_bf16) : peer->gemm->prepare(&g);
    return reason ? cb_fail(err, CB_UNAVAILABLE, "%s", reason) : CB_OK;
}

static enum cb_status prepare(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->peer) return prepare_peer(w, e->peer, err);
    struct cb_gemm g = product(w, w->c);
    struct cb_gemm_bf16 g_bf16 = product_bf16(w, w->c);
    size_t threads = cb_team_threads(w->team); /* and the ISA of this implementation */
    size_t bytes = w->operands == CB_BF16 ? cb_gemm_bf16_workspace_bytes(&g_bf16, &w->caches, threads)
                                          : cb_gemm_workspace_bytes(&g, &w->caches, threads);
    if (w->workspace && bytes <= w->workspace_bytes) return CB_OK;
    free(w->workspace);
    w->workspace = cb_alloc_tensor(bytes ? bytes : 64);
    w->workspace_bytes = bytes;
    return w->workspace ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for %zu bytes of packed panels", bytes);
}

static enum cb_status run(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    const struct cb_gemm_functions *peer = e->peer ? e->peer->gemm : NULL;
    if (w->operands == CB_BF16) {
        struct cb_gemm_bf16 g = product_bf16(w, peer ? w->peer_c : w->c);
        return peer ? peer->run_bf16(&g, err) : cb_gemm_bf16(w->team, &g, &w->caches, w->workspace, err);
    }
    struct cb_gemm g = product(w, peer ? w->peer_c : w->c);
    return peer ? peer->run(&g, err) : cb_gemm(w->team, &g, &w->caches, w->workspace, err);
}

/* Every element where that does not take long; else each row once and each column once, scattered. */
static bool is_checked(const struct work *w, size_t i, size_t j)
{
    return (double)w->m * (double)w->n * (double)w->k < 0x1p25 || (7 * i + 3) % w->n == j || (5 * j + 1) % w->m == i;
}

static float element(const struct work *w, const void *matrix, size_t at)
{
    return w->operands == CB_BF16 ? cb_bf16_value(((const uint16_t *)matrix)[at]) : ((const float *)matrix)[at];
}

/* Both definitions: one chain in order of k, of fma, or of dot products of two bf16 each. terms: the sum of all |a
 * b|. */
static double reference(const struct work *w, size_t i, size_t j, double *terms)
{
    float sum = 0, a[2] = {0}, b[2] = {0};
    size_t pair = w->operands == CB_BF16 ? 2 : 1;
    *terms = 0;
    for (size_t p = 0; p < w->k; p += pair) {
        for (size_t q = 0; q < pair; q++) {
            bool there = p + q < w->k;
            a[q] = there ? element(w, w->a, i * w->k + p + q) : 0;
            b[q] = there ? element(w, w->b, (p + q) * w->n + j) : 0;
            *terms += fabs((double)a[q] * (double)b[q]);
        }
        sum = pair == 2 ? cb_bf16_dot2(a[0], a[1], b[0], b[1], sum) : fmaf(a[0], b[0], sum);
    }
    return (double)sum;
}

/* Ours to the bit; a library may add in another order: k roundings of sums of at most `terms`, on both sides. */
static enum cb_status verify(void *work, const struct cb_implementation *e, struct cb_error *err)
{
    struct work *w = work;
    float *c = e->peer ? w->peer_c : w->c;
    memset(c, 0xff, w->m * w->n * sizeof *c); /* NaN: what is not written is found */
    enum cb_status status = run(work, e, err);
    for (size_t i = 0; i < w->m && !status; i++)
        for (size_t j = 0; j < w->n && !status; j++) {
            if (!is_checked(w, i, j)) continue;
            double terms, expected = reference(w, i, j, &terms), got = (double)c[i * w->n + j];
            double bound = e->peer ? 2 * (double)w->k * 0x1p-24 * terms : 0;
            if (!(fabs(got - expected) <= bound))
                status = cb_fail(err, CB_UNAVAILABLE,
                                 "wrong result, not timed: C[%zu][%zu] is %.9g, the scalar reference computes %.9g", i,
                                 j, got, expected);
        }
    return status;
}

static void buffers(void *work, const struct cb_implementation *e, cb_buffer_fn *visit, void *context)
{
    struct work *w = work;
    visit(context, w->a, w->m * w->k * cb_format_bytes(w->operands));
    visit(context, w->b, w->k * w->n * cb_format_bytes(w->operands));
    visit(context, e->peer ? w->peer_c : w->c, w->m * w->n * sizeof(float));
    if (!e->peer && w->workspace_bytes) visit(context, w->workspace, w->workspace_bytes);
}

static void release(void *work)
{
    struct work *w = work;
    if (!w) return;
    free(w->a);
    free(w->b);
    free(w->c);
    free(w->peer_c);
    free(w->workspace);
    free(w);
}

const struct cb_kernel cb_suite_gemm[] = {{
                                              .name = "gemm",
                                              .form = &form,
                                              .implement = implement,
                                              .setup = setup,
                                              .prepare = prepare,
                                              .verify = verify,
                                              .run = run,
                                              .buffers = buffers,
                                              .release = release,
                                          },
                                          {0}};
