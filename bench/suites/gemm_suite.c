/* SGEMM: ours by ISA, and the libraries'. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "suites.h"
#include "gemm_peer.h"
#include "kernels.h"

static const char *kind_word(size_t i)
{
    static const char *const words[] = {"square", "layer", "thin", "head"};
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static const struct cb_shape_key keys[] = {
    {.name = "kind", .word = kind_word},
    {.name = "m", .min = 1, .max = 65536, .step = 1},
    {.name = "n", .min = 1, .max = 65536, .step = 1},
    {.name = "k", .min = 1, .max = 65536, .step = 1},
};
static const struct cb_shape_form form = {.name = "gemm", .keys = keys, .n_keys = sizeof keys / sizeof *keys};

static const struct cb_gemm_peer *const peers[] = {&cb_gemm_openblas, &cb_gemm_blis, &cb_gemm_libxsmm, &cb_gemm_onednn};
enum { PEERS = sizeof peers / sizeof *peers };

static void enter(struct cb_contest *contest, const struct cb_field *field)
{
    double m = (double)cb_shape_value(contest->shape, "m"), n = (double)cb_shape_value(contest->shape, "n"),
           k = (double)cb_shape_value(contest->shape, "k");
    double flops = 2 * m * n * k, bytes = (m * k + k * n + m * n) * sizeof(float);
    cb_enter_ours(contest, field, "", 0, flops, flops, bytes);
    for (unsigned i = 0; i < PEERS; i++) {
        struct cb_entrant *e = cb_enter_library(contest, field, peers[i]->name, "", i, flops, bytes);
        if (e) e->own_threads = peers[i]->own_threads;
    }
}

struct work {
    struct cb_team *team;
    struct cb_cache_sizes caches;
    struct cb_gemm gemm;
    float *a, *b, *c, *peer_c;
    void *workspace;
    size_t workspace_bytes;
};

static enum cb_status setup(void **out, const struct cb_contest *contest, struct cb_team *team, struct cb_error *err)
{
    struct work *w = *out = calloc(1, sizeof *w);
    if (!w) return cb_fail(err, CB_NO_MEMORY, "out of memory for a product");
    size_t m = cb_shape_value(contest->shape, "m"), n = cb_shape_value(contest->shape, "n"),
           k = cb_shape_value(contest->shape, "k");
    w->team = team;
    w->caches = cb_cache_sizes_detect();
    w->a = cb_alloc_tensor(m * k * sizeof(float));
    w->b = cb_alloc_tensor(k * n * sizeof(float));
    w->c = cb_alloc_tensor(m * n * sizeof(float));
    w->peer_c = cb_alloc_tensor(m * n * sizeof(float));
    if (!w->a || !w->b || !w->c || !w->peer_c) return cb_fail(err, CB_NO_MEMORY, "out of memory for the matrices");
    cb_fill_random(team, 1, w->a, m * k);
    cb_fill_random(team, 2, w->b, k * n);
    cb_fill_random(team, 3, w->c, m * n);
    cb_fill_random(team, 3, w->peer_c, m * n);
    w->gemm = (struct cb_gemm){.m = m, .n = n, .k = k, .a = w->a, .b = w->b, .c = w->c, .lda = k, .ldb = n, .ldc = n};
    return CB_OK;
}

static struct cb_gemm peer_gemm(const struct work *w)
{
    struct cb_gemm g = w->gemm;
    g.c = w->peer_c;
    return g;
}

static enum cb_status prepare(void *work, const struct cb_entrant *e, struct cb_error *err)
{
    struct work *w = work;
    if (e->library) {
        struct cb_gemm g = peer_gemm(w);
        const char *reason = peers[e->variant]->prepare(&g);
        return reason ? cb_fail(err, CB_UNAVAILABLE, "%s", reason) : CB_OK;
    }
    size_t bytes = cb_gemm_workspace_bytes(&w->gemm, &w->caches, cb_team_threads(w->team)); /* of this ISA */
    if (w->workspace && bytes <= w->workspace_bytes) return CB_OK;
    free(w->workspace);
    w->workspace = cb_alloc_tensor(bytes ? bytes : 64);
    w->workspace_bytes = bytes;
    return w->workspace ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for %zu bytes of packed panels", bytes);
}

static enum cb_status run(void *work, const struct cb_entrant *e, struct cb_error *err)
{
    struct work *w = work;
    if (!e->library) return cb_gemm(w->team, &w->gemm, &w->caches, w->workspace, err);
    struct cb_gemm g = peer_gemm(w);
    return peers[e->variant]->run(&g, err);
}

/* Every element where that does not take long; else each row once and each column once, scattered. */
static bool is_checked(const struct cb_gemm *g, size_t i, size_t j)
{
    return (double)g->m * (double)g->n * (double)g->k < 0x1p25 || (7 * i + 3) % g->n == j || (5 * j + 1) % g->m == i;
}

/* The definition: one chain of fma in order of k. */
static double reference(const struct cb_gemm *g, size_t i, size_t j, double *terms)
{
    float sum = 0;
    *terms = 0;
    for (size_t p = 0; p < g->k; p++) {
        float a = g->a[i * g->lda + p], b = g->b[p * g->ldb + j];
        sum = fmaf(a, b, sum);
        *terms += fabs((double)a * (double)b);
    }
    return (double)sum;
}

/* Ours to the bit; a library may add in another order: k roundings of sums of at most `terms`, on both sides. */
static enum cb_status verify(void *work, const struct cb_entrant *e, struct cb_error *err)
{
    struct work *w = work;
    const struct cb_gemm *g = &w->gemm;
    float *c = e->library ? w->peer_c : w->c;
    memset(c, 0xff, g->m * g->n * sizeof *c); /* NaN: what is not written is found */
    enum cb_status status = run(work, e, err);
    for (size_t i = 0; i < g->m && !status; i++)
        for (size_t j = 0; j < g->n && !status; j++) {
            if (!is_checked(g, i, j)) continue;
            double terms, expected = reference(g, i, j, &terms), got = (double)c[i * g->ldc + j];
            double bound = e->library ? 2 * (double)g->k * 0x1p-24 * terms : 0;
            if (!(fabs(got - expected) <= bound))
                status = cb_fail(err, CB_UNAVAILABLE,
                                 "wrong result, not timed: C[%zu][%zu] is %.9g, the scalar reference computes %.9g", i,
                                 j, got, expected);
        }
    return status;
}

static void buffers(void *work, const struct cb_entrant *e, cb_buffer_fn *visit, void *context)
{
    struct work *w = work;
    const struct cb_gemm *g = &w->gemm;
    visit(context, w->a, g->m * g->k * sizeof(float));
    visit(context, w->b, g->k * g->n * sizeof(float));
    visit(context, e->library ? w->peer_c : w->c, g->m * g->n * sizeof(float));
    if (!e->library && w->workspace_bytes) visit(context, w->workspace, w->workspace_bytes);
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

const struct cb_kernel cb_bench_gemm = {
    .name = "gemm",
    .dtype = "f32",
    .form = &form,
    .enter = enter,
    .setup = setup,
    .prepare = prepare,
    .verify = verify,
    .run = run,
    .buffers = buffers,
    .release = release,
};
