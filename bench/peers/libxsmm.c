/* LIBXSMM: a kernel made for each small shape. Its sgemm hands what is larger to a BLAS, which would be another
 * library's number, so larger shapes are left out. */
#include "peer.h"

static const char package[] = "libxsmm-dev";

/* Debian has it as a static library alone, so it is linked where its header is found; version 2 has another
 * interface. */
#if __has_include(<libxsmm.h>)
#include <libxsmm.h>
#endif
#if defined(LIBXSMM_CONFIG_VERSION_MAJOR) && LIBXSMM_CONFIG_VERSION_MAJOR == 1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static libxsmm_smmfunction kernel;

/* By the names that it gives its targets: each is of the first of these that it begins with. */
static enum cb_isa isa_of(const char *target)
{
    static const struct {
        const char *begins;
        enum cb_isa isa;
    } targets[] = {{"spr", CB_ISA_AVX512BF16}, {"cpx", CB_ISA_AVX512BF16}, {"clx", CB_ISA_AVX512},
                   {"skx", CB_ISA_AVX512},     {"knm", CB_ISA_AVX512},     {"knl", CB_ISA_AVX512},
                   {"hsw", CB_ISA_AVX2},       {"snb", CB_ISA_SCALAR},     {"wsm", CB_ISA_SCALAR},
                   {"sse", CB_ISA_SCALAR},     {"generic", CB_ISA_SCALAR}};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (!strncmp(target, targets[i].begins, strlen(targets[i].begins))) return targets[i].isa;
    return CB_ISA_COUNT;
}

static const char *kernels_value(enum cb_isa isa)
{
    switch (isa) {
    case CB_ISA_AVX2:
        return "hsw";
    case CB_ISA_AVX512:
        return "skx";
    case CB_ISA_AVX512BF16:
        return "cpx";
    default:
        return NULL;
    }
}

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    (void)threads, (void)err;
    bool by_user = getenv("OMP_PROC_BIND");
    libxsmm_init(); /* sets that variable, too late for OpenMP, but we would take it for the user's wish */
    if (!by_user) unsetenv("OMP_PROC_BIND");
    const char *target = libxsmm_get_target_arch();
    snprintf(about->version, sizeof about->version, "%s", LIBXSMM_VERSION);
    snprintf(about->kernels, sizeof about->kernels, "%s", target ? target : "unknown");
    about->isa = isa_of(about->kernels);
    snprintf(about->text, sizeof about->text,
             "%s, target %s, threads: 1 (its small kernels have no more), up to m*n*k = %llu", about->version,
             about->kernels, (unsigned long long)LIBXSMM_MAX_MNK);
    return CB_OK;
}

/* Column-major: C' = B' * A'. */
static const char *prepare(const struct cb_gemm *g)
{
    if (LIBXSMM_MNK_SIZE(g->m, g->n, g->k) > LIBXSMM_MAX_MNK)
        return "larger than LIBXSMM_MAX_MNK: it would call another BLAS";
    libxsmm_blasint lda = (libxsmm_blasint)g->ldb, ldb = (libxsmm_blasint)g->lda, ldc = (libxsmm_blasint)g->ldc;
    const float one = 1, zero = 0;
    kernel = libxsmm_smmdispatch((libxsmm_blasint)g->n, (libxsmm_blasint)g->m, (libxsmm_blasint)g->k, &lda, &ldb, &ldc,
                                 &one, &zero, NULL, NULL);
    return kernel ? NULL : "no kernel for this processor";
}

static enum cb_status run(const struct cb_gemm *g, struct cb_error *err)
{
    (void)err;
    kernel(g->b, g->a, g->c);
    return CB_OK;
}

static const struct cb_gemm_functions gemm = {.prepare = prepare, .run = run};

#else

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    (void)threads, (void)about;
    return cb_fail(err, CB_UNAVAILABLE, "not built in (%s, version 1, was missing when this was built)", package);
}

static const char *kernels_value(enum cb_isa isa)
{
    (void)isa;
    return NULL;
}

static const struct cb_gemm_functions gemm;

#endif

const struct cb_peer cb_peer_libxsmm = {.name = "LIBXSMM",
                                        .package = package,
                                        .prefixes = {"LIBXSMM_"},
                                        .kernels_variables = {"LIBXSMM_TARGET"},
                                        .kernels_value = kernels_value,
                                        .most_threads = 1,
                                        .start = start,
                                        .gemm = &gemm};
