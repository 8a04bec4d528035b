/* BLIS through its own typed interface, which no other library shares. */
#include <blis.h>

#include <stdio.h>

#include "gemm_peer.h"

static enum cb_isa isa_of(arch_t configuration)
{
    switch (configuration) {
    case BLIS_ARCH_SKX:
    case BLIS_ARCH_KNL:
        return CB_ISA_AVX512;
    case BLIS_ARCH_HASWELL:
    case BLIS_ARCH_ZEN:
    case BLIS_ARCH_ZEN2:
    case BLIS_ARCH_ZEN3:
        return CB_ISA_AVX2;
    case BLIS_ARCH_SANDYBRIDGE:
    case BLIS_ARCH_PENRYN:
    case BLIS_ARCH_GENERIC:
        return CB_ISA_SCALAR;
    default:
        return CB_ISA_COUNT;
    }
}

/* It takes the numbers of its header. */
static const char *kernels_value(enum cb_isa isa)
{
    static char number[16];
    int configuration = isa == CB_ISA_AVX2                                 ? (int)BLIS_ARCH_HASWELL
                        : isa == CB_ISA_AVX512 || isa == CB_ISA_AVX512BF16 ? (int)BLIS_ARCH_SKX
                                                                           : -1;
    snprintf(number, sizeof number, "%d", configuration);
    return configuration < 0 ? NULL : number;
}

static enum cb_status start(size_t threads, struct cb_peer_about *about, struct cb_error *err)
{
    (void)err;
    bli_thread_set_num_threads((dim_t)threads);
    arch_t configuration = bli_arch_query_id();
    snprintf(about->version, sizeof about->version, "%s", bli_info_get_version_str());
    snprintf(about->kernels, sizeof about->kernels, "%s", bli_arch_string(configuration));
    about->isa = isa_of(configuration);
    snprintf(about->text, sizeof about->text, "%s, configuration %s, threads: %d", about->version, about->kernels,
             (int)bli_thread_get_num_threads());
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
const struct cb_gemm_peer cb_gemm_blis = {.name = "BLIS",
                                          .own_threads = true,
                                          .prefixes = {"BLIS_"},
                                          .kernels_variables = {"BLIS_ARCH_TYPE"},
                                          .kernels_value = kernels_value,
                                          .start = start,
                                          .prepare = prepare,
                                          .run = run};
