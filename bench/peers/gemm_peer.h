#ifndef CB_GEMM_PEER_H
#define CB_GEMM_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/isa.h"
#include "core/status.h"
#include "gemm/gemm.h"

/* What a library says of itself, once it is started. */
struct cb_peer_about {
    char version[32];
    char kernels[64]; /* those that it chose, in its own words: "Haswell" */
    enum cb_isa isa;  /* that they need; CB_ISA_COUNT: not known */
    char text[1536];  /* all of it, its threads and its file included */
};

/* A library's SGEMM: C = A * B, row-major, neither transposed. */
struct cb_gemm_peer {
    const char *name;
    bool own_threads;        /* beside OpenMP's */
    size_t most_threads;     /* 0: any number */
    const char *prefixes[3]; /* of the environment variables that it reads */
    /* Those that choose its kernels, read once, when it starts; the first that is set counts. */
    const char *kernels_variables[2];
    /* The value of the first of them that asks for kernels of an ISA; NULL: there is none. NULL: the variable can only
     * lower what the library chooses by itself. */
    const char *(*kernels_value)(enum cb_isa isa);
    /* Makes the library ready with its number of threads and describes it. Called before cb_bind_threads: threads of
     * the library inherit the caller's binding. CB_UNAVAILABLE: the library is not here; the message says why, and no
     * other function may be called. */
    enum cb_status (*start)(size_t threads, struct cb_peer_about *about, struct cb_error *err);
    /* NULL, and run computes this from now on; or a static text that says why it does not. */
    const char *(*prepare)(const struct cb_gemm *gemm);
    enum cb_status (*run)(const struct cb_gemm *gemm, struct cb_error *err);
    /* The same for a product of bf16; NULL: the library has none. */
    const char *(*prepare_bf16)(const struct cb_gemm_bf16 *gemm);
    enum cb_status (*run_bf16)(const struct cb_gemm_bf16 *gemm, struct cb_error *err);
};

extern const struct cb_gemm_peer cb_gemm_openblas, cb_gemm_blis, cb_gemm_libxsmm, cb_gemm_onednn;

/* The one list of libraries (harness/libraries.c); those of convolutions are among them. */
enum { CB_GEMM_PEERS = 4 };
extern const struct cb_gemm_peer *const cb_gemm_peers[CB_GEMM_PEERS];

#endif
