#ifndef CB_CASE_H
#define CB_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "ceilings.h"
#include "core/isa.h"
#include "core/status.h"
#include "core/team.h"
#include "peer.h"
#include "shapes.h"

/* What is benchmarked. A case is one operation on one shape, with a number of threads and a state of the caches. Its
 * implementations are ours, by algorithm and ISA, and the libraries'. Each is timed and is a row of the results, named
 * "<case>/<implementation>". */

enum cb_cache {
    CB_WARM, /* one call before, untimed: what fits a cache is in it */
    CB_COLD, /* no line of the operands is in any cache when a call begins */
};

struct cb_implementation {
    char name[32];              /* "winograd:avx512", "oneDNN:direct" */
    const struct cb_peer *peer; /* NULL: ours */
    enum cb_isa isa;            /* of ours. Of a library, which chooses by itself: the best here, for the ceilings */
    unsigned algorithm;         /* the kernel's own number */
    unsigned part;          /* 0: the whole work; else its share of what only several calls of a library do together */
    const char *unverified; /* why its result is not compared; NULL: it is */
    struct cb_cost cost;
};

struct cb_kernel;

struct cb_case {
    char name[96]; /* "conv/fwd/3x3/c:16/k:16/hw:32/batch:128/t:2/warm" */
    const struct cb_kernel *kernel;
    const struct cb_shape *shape;
    size_t threads;
    enum cb_cache cache;
    struct cb_implementation *implementation;
    size_t n_implementations;
    bool out_of_memory; /* for some of them */
};

/* Which implementations this machine, this build and the user allow. */
struct cb_availability {
    enum cb_isa isa[CB_ISA_COUNT];
    size_t n_isas;
    enum cb_isa best; /* that this machine and the user's cap offer */
    const struct cb_peer *peer[CB_PEERS];
    size_t n_peers;
};

typedef void cb_buffer_fn(void *context, const void *buffer, size_t bytes);

/* A row of a suite. Functions get the work that setup made. */
struct cb_kernel {
    const char *name;                            /* "conv/fwd" */
    unsigned pass;                               /* the suite's own number */
    const struct cb_shape_form *form;            /* the shapes that it takes ... */
    bool (*takes)(const struct cb_shape *shape); /* ... if this says so; NULL: all */
    /* Adds the implementations, by cb_add_ours and cb_add_peer. */
    void (*implement)(struct cb_case *the_case, const struct cb_availability *available);
    size_t (*scratch_bytes)(const struct cb_shape *shape); /* that a thread of the team needs; NULL: none */
    /* May select another ISA. */
    enum cb_status (*setup)(void **work, const struct cb_case *the_case, struct cb_team *team, struct cb_error *err);
    /* Plans and memory of an implementation. Its ISA is selected now and in all that follows. CB_UNAVAILABLE: it does
     * not offer this; it is skipped with the message as the reason. */
    enum cb_status (*prepare)(void *work, const struct cb_implementation *implementation, struct cb_error *err);
    /* Runs it and holds its result against the scalar reference, a library's against ours. A failure means that the
     * result is wrong: that is an error, and it is not timed. */
    enum cb_status (*verify)(void *work, const struct cb_implementation *implementation, struct cb_error *err);
    enum cb_status (*run)(void *work, const struct cb_implementation *implementation, struct cb_error *err);
    /* What an implementation says of itself, once it is prepared: the kernel that a library chose. May return NULL;
     * NULL: nothing. */
    const char *(*label)(void *work, const struct cb_implementation *implementation);
    /* Peak bytes in memory of the process that runs it, in one more call; 0: the system does not tell. NULL: not
     * asked. */
    double (*memory_bytes)(void *work, const struct cb_implementation *implementation);
    /* Where the time of `calls` more calls goes, as cb_console_profile reads it; JSON null: it does not tell. NULL:
     * none of this kernel does. New reference. */
    json_t *(*profile)(void *work, const struct cb_implementation *implementation, size_t calls);
    /* The version of a library that is not in this process; NULL: there is none. */
    const char *(*library_version)(void *work, const struct cb_implementation *implementation);
    /* Shows the memory that a call reads and writes; NULL: there are no cold cases of this kernel. */
    void (*buffers)(void *work, const struct cb_implementation *implementation, cb_buffer_fn *visit, void *context);
    void (*release)(void *work); /* accepts NULL, and what a failed setup left */
};

/* The suites; the last is NULL. A row without a name ends each. */
extern const struct cb_kernel *const cb_suites[];

/* For implement: adds ours in every ISA that is available, or a library's; NULL without memory, which the case
 * remembers. name ends up in the implementation's name ("" where there is only one). bf16: an operand or a tensor is;
 * else an ISA that builds bf16 alone (avx512bf16) would run what its base does, and is left out beside it. */
void cb_add_ours(struct cb_case *the_case, const struct cb_availability *available, const char *name,
                 unsigned algorithm, const struct cb_cost *cost, bool bf16);
struct cb_implementation *cb_add_peer(struct cb_case *the_case, const struct cb_availability *available,
                                      const struct cb_peer *peer, const char *name, unsigned algorithm,
                                      const struct cb_cost *cost);

/* Selects the ISA, which must be available, of what our kernels do from now on. */
void cb_use_isa(enum cb_isa isa);

#endif
