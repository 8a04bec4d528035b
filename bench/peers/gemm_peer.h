#ifndef CB_GEMM_PEER_H
#define CB_GEMM_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "gemm/gemm.h"

/* A library's SGEMM: C = A * B, row-major, neither transposed. */
struct cb_gemm_peer {
    const char *name;
    bool own_threads; /* beside OpenMP's */
    /* Makes the library ready with its number of threads and describes it: version, chosen kernels, threads. Called
     * before cb_bind_threads: threads of the library inherit the caller's binding. CB_UNAVAILABLE: the library is not
     * here; the message says why, and no other function may be called. */
    enum cb_status (*start)(size_t threads, char *about, size_t bytes, struct cb_error *err);
    /* NULL, and run computes this from now on; or a static text that says why it does not. */
    const char *(*prepare)(const struct cb_gemm *gemm);
    enum cb_status (*run)(const struct cb_gemm *gemm, struct cb_error *err);
    /* The same for a product of bf16; NULL: the library has none. */
    const char *(*prepare_bf16)(const struct cb_gemm_bf16 *gemm);
    enum cb_status (*run_bf16)(const struct cb_gemm_bf16 *gemm, struct cb_error *err);
};

extern const struct cb_gemm_peer cb_gemm_openblas, cb_gemm_blis, cb_gemm_libxsmm, cb_gemm_onednn;

#endif
