#ifndef CB_CASE_H
#define CB_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "ceilings.h"
#include "core/isa.h"
#include "core/status.h"
#include "core/team.h"
#include "shapes.h"

/* What is benchmarked. A kernel and a shape, with a number of threads and a state of the caches, are a contest: one
 * piece of work. Those who do it are its entrants: our variants and the libraries. An entrant is a case, a row of the
 * results, named "<contest>/<entrant>". */

enum cb_cache {
    CB_WARM, /* one call before, untimed: what fits a cache is in it */
    CB_COLD, /* no line of the operands is in any cache when a call begins */
};

struct cb_entrant {
    char name[32];       /* "winograd:avx512", "oneDNN:direct" */
    const char *library; /* NULL: ours */
    enum cb_isa isa;     /* of ours. Libraries choose by themselves: the best that is offered here, for the ceilings */
    unsigned variant;    /* the kernel's own */
    unsigned part;       /* 0: the whole work; else its share of what only several of the library's calls do together */
    bool own_threads;    /* beside OpenMP's: they spin after their work and would take cores from the next case */
    bool own_process;    /* whose CPU time is not ours */
    const char *unverified; /* why its result is not compared; NULL: it is */
    struct cb_cost cost;
};

enum { CB_MAX_ENTRANTS = 16 };

struct cb_kernel;

struct cb_contest {
    char name[96]; /* "conv/fwd/3x3/c:16/k:16/hw:32/batch:128/t:2/warm" */
    const struct cb_kernel *kernel;
    const struct cb_shape *shape;
    size_t threads;
    enum cb_cache cache;
    struct cb_entrant entrant[CB_MAX_ENTRANTS];
    size_t n_entrants;
};

enum { CB_MAX_LIBRARIES = 8 };

/* Who may take part: what this machine, this build and the user offer. */
struct cb_field {
    enum cb_isa isa[CB_ISA_COUNT];
    size_t n_isas;
    enum cb_isa best; /* that this machine and the user's cap offer */
    const char *library[CB_MAX_LIBRARIES];
    size_t n_libraries;
};

typedef void cb_buffer_fn(void *context, const void *buffer, size_t bytes);

/* A line of the table of benchmarks (suites/kernels.c). Functions get the work that setup made. */
struct cb_kernel {
    const char *name;                            /* "conv/fwd" */
    unsigned pass;                               /* the suite's own */
    const struct cb_shape_form *form;            /* the shapes that it takes ... */
    bool (*takes)(const struct cb_shape *shape); /* ... if this says so; NULL: all */
    void (*enter)(struct cb_contest *contest, const struct cb_field *field);
    size_t (*scratch_bytes)(const struct cb_shape *shape); /* that a thread of the team needs; NULL: none */
    /* May select another ISA. */
    enum cb_status (*setup)(void **work, const struct cb_contest *contest, struct cb_team *team, struct cb_error *err);
    /* Plans and memory of an entrant. Its ISA is selected now and in all that follows. CB_UNAVAILABLE: it does not
     * offer this; the case is skipped with the message as the reason. */
    enum cb_status (*prepare)(void *work, const struct cb_entrant *entrant, struct cb_error *err);
    /* Runs it and holds its result against the scalar reference, a library's against ours. A failure means that the
     * result is wrong: the case is an error and is not timed. */
    enum cb_status (*verify)(void *work, const struct cb_entrant *entrant, struct cb_error *err);
    enum cb_status (*run)(void *work, const struct cb_entrant *entrant, struct cb_error *err);
    /* What an entrant says of itself, once it is prepared: the kernel that a library chose. May return NULL; NULL:
     * nothing. */
    const char *(*label)(void *work, const struct cb_entrant *entrant);
    /* The version of a library that is not in this process; NULL: there is none. */
    const char *(*library_version)(void *work, const struct cb_entrant *entrant);
    /* Shows the memory that a call reads and writes; NULL: there are no cold cases of this kernel. */
    void (*buffers)(void *work, const struct cb_entrant *entrant, cb_buffer_fn *visit, void *context);
    void (*release)(void *work); /* accepts NULL, and what a failed setup left */
};

/* All of them; the last is NULL. */
extern const struct cb_kernel *const cb_kernels[];

/* For enter: adds a variant of ours in every ISA of the field, or a library's way of doing it: NULL if the library is
 * not in the field. name and way end up in the entrant's name ("" where there is only one). bf16: an operand or a tensor
 * is; else avx512bf16 would run what avx512 does, and is left out beside it. */
void cb_enter_ours(struct cb_contest *contest, const struct cb_field *field, const char *name, unsigned variant,
                   const struct cb_cost *cost, bool bf16);
struct cb_entrant *cb_enter_library(struct cb_contest *contest, const struct cb_field *field, const char *library,
                                    const char *way, unsigned variant, const struct cb_cost *cost);

/* Selects the ISA, which must be available, of what our kernels do from now on. */
void cb_use_isa(enum cb_isa isa);

#endif
