#ifndef CB_PEER_H
#define CB_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "conv/conv.h"
#include "core/isa.h"
#include "core/status.h"
#include "gemm/gemm.h"

/* A library that ours is compared with. */

/* What a library says of itself, once it is started. */
struct cb_peer_about {
    char version[32];
    char kernels[64]; /* those that it chose, in its own words: "Haswell" */
    enum cb_isa isa;  /* that they need; CB_ISA_COUNT: not known */
    char text[1536];  /* all of it, its threads and its file included */
};

/* Its product of matrices: C = A * B, row-major, neither transposed. */
struct cb_gemm_functions {
    /* NULL, and run computes this from now on; or a static text that says why it does not. */
    const char *(*prepare)(const struct cb_gemm *gemm);
    enum cb_status (*run)(const struct cb_gemm *gemm, struct cb_error *err);
    /* The same for a product of bf16; NULL: the library has none. */
    const char *(*prepare_bf16)(const struct cb_gemm_bf16 *gemm);
    enum cb_status (*run_bf16)(const struct cb_gemm_bf16 *gemm, struct cb_error *err);
};

/* Its convolution, in layouts of its own choice. With storage of bf16 all its operands are of bf16, but dW. */
enum cb_conv_pass { CB_CONV_FORWARD, CB_CONV_BACKWARD_DATA, CB_CONV_BACKWARD_WEIGHTS, CB_CONV_PASSES };

/* x: [N][C][H][W], w: [K][C][R][S], y: [N][K][P][Q]. In a backward pass y is its gradient; the one that a pass computes
 * (y, x or w) may be NULL. */
struct cb_conv_tensors {
    const float *x, *w, *y;
};

struct cb_conv_plan; /* one pass by one algorithm, and its tensors */

struct cb_conv_functions {
    size_t algorithms;
    const char *const *algorithm_names;
    /* Copies the tensors. CB_UNAVAILABLE: the library does not offer the algorithm for this. *plan is NULL after a
     * failure. */
    enum cb_status (*create)(struct cb_conv_plan **plan, const struct cb_conv_shape *shape, enum cb_conv_pass pass,
                             size_t algorithm, const struct cb_conv_tensors *tensors, struct cb_error *err);
    const char *(*implementation)(const struct cb_conv_plan *plan); /* in the library's words */
    enum cb_status (*run)(struct cb_conv_plan *plan, struct cb_error *err);
    /* What run computed: y, x or w in the layout of cb_conv_tensors. */
    enum cb_status (*result)(struct cb_conv_plan *plan, float *out, struct cb_error *err);
    /* Shows the memory of the plan's tensors. */
    void (*buffers)(const struct cb_conv_plan *plan, void (*visit)(void *context, const void *buffer, size_t bytes),
                    void *context);
    void (*destroy)(struct cb_conv_plan *plan); /* accepts NULL */
};

struct cb_peer {
    const char *name;
    const char *package;     /* of Debian and Ubuntu */
    const char *prefixes[3]; /* of the environment variables that it reads */
    /* Those that choose its kernels, read once, when it starts; the first that is set counts. */
    const char *kernels_variables[2];
    /* The value of the first of them that asks for kernels of an ISA; NULL: there is none. NULL: the variable can only
     * lower what the library chooses by itself. */
    const char *(*kernels_value)(enum cb_isa isa);
    bool own_threads;    /* beside OpenMP's: they spin after their work and would take cores from the next case */
    bool own_process;    /* whose CPU time and memory are not ours; it is started by the benchmark that needs it */
    size_t most_threads; /* 0: any number */
    /* Makes the library ready with its number of threads and describes it. Called before cb_bind_threads: threads of
     * the library inherit the caller's binding. CB_UNAVAILABLE: the library is not here; the message says why, and no
     * other function may be called. NULL with own_process. */
    enum cb_status (*start)(size_t threads, struct cb_peer_about *about, struct cb_error *err);
    const struct cb_gemm_functions *gemm; /* NULL: none */
    const struct cb_conv_functions *conv; /* NULL: none */
};

#define CB_PEER(name) extern const struct cb_peer cb_peer_##name;
#include "peers.inc"
#undef CB_PEER

enum {
    CB_PEERS = 0
#define CB_PEER(name) +1
#include "peers.inc"
#undef CB_PEER
};

/* All of them, in the order of peers.inc; NULL ends them. */
extern const struct cb_peer *const cb_peers[CB_PEERS + 1];

#endif
