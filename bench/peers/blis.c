/* BLIS through its own typed interface, which no other library shares. */
#include <blis.h>

#include <stdio.h>

#include "gemm_peer.h"

static enum cb_status start(size_t threads, char *about, size_t bytes, struct cb_error *err)
{
    (void)err;
    bli_thread_set_num_threads((dim_t)threads);
    snprintf(about, bytes, "%s, configuration %s, threads: %d", bli_info_get_version_str(),
             bli_arch_string(bli_arch_query_id()), (int)bli_thread_get_num_threads());
    return CB_OK;
}

static const char *prepare(const struct cb_gemm *gemm)
{
    (void)gemm;
    return NULL;
}

static enum cb_status run(const struct cb_gemm *g, struct cb_error *err)
{
    (void)err;
    float one = 1, zero = 0;
    bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)g->m, (dim_t)g->n, (dim_t)g->k, &one, (float *)g->a,
              (inc_t)g->lda, 1, (float *)g->b, (inc_t)g->ldb, 1, &zero, g->c, (inc_t)g->ldc, 1);
    return CB_OK;
}

/* Debian has it with OpenMP or with threads of its own. */
const struct cb_gemm_peer cb_gemm_blis = {"BLIS", true, start, prepare, run};
