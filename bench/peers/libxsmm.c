/* LIBXSMM: a kernel made for each small shape. Its sgemm hands what is larger to a BLAS, which would be another
 * library's number, so larger shapes are left out. */
#include <libxsmm.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gemm_peer.h"

static libxsmm_smmfunction kernel;

static enum cb_status start(size_t threads, char *about, size_t bytes, struct cb_error *err)
{
    (void)threads, (void)err;
    bool by_user = getenv("OMP_PROC_BIND");
    libxsmm_init(); /* sets that variable, too late for OpenMP, but we would take it for the user's wish */
    if (!by_user) unsetenv("OMP_PROC_BIND");
    snprintf(about, bytes, "%s, target %s, threads: 1 (its small kernels have no more), up to m*n*k = %llu",
             LIBXSMM_VERSION, libxsmm_get_target_arch(), (unsigned long long)LIBXSMM_MAX_MNK);
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

const struct cb_gemm_peer cb_gemm_libxsmm = {"LIBXSMM", false, start, prepare, run};
