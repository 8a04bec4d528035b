#ifndef CB_COUNTED_H
#define CB_COUNTED_H

#include "cases.h"

/* What `cyclebench count` counts: every operation of the kernels' list by the benchmarks' own cases, on fixed small
 * shapes, and a training step of a small network; one thread, one ISA. Nothing here needs more than libkernels and the
 * model, so that it also runs under qemu. */

struct cb_counted {
    enum cb_isa isa;
    struct cb_shapes shapes;
    struct cb_cases cases;
};

/* The cases of an ISA; of one that builds bf16 alone, those with bf16 in them. CB_UNAVAILABLE: this CPU has no such
 * ISA. */
enum cb_status cb_counted_make(struct cb_counted *counted, enum cb_isa isa, struct cb_error *err);
void cb_counted_free(struct cb_counted *counted);

/* "conv/fwd/3x3/c:32/k:32/hw:8/batch:1/fp32/direct": without threads, caches and ISA, which are the same for all. */
enum { CB_COUNTED_NAME = 128 };
void cb_counted_name(const struct cb_counted *counted, const struct cb_case *the_case,
                     const struct cb_implementation *implementation, char name[CB_COUNTED_NAME]);

/* Calls one(context, case, implementation) for each of the ISA, in their order. */
typedef void cb_counted_visit_fn(void *context, const struct cb_case *the_case,
                                 const struct cb_implementation *implementation);
void cb_counted_visit(const struct cb_counted *counted, cb_counted_visit_fn *one, void *context);

/* The ISA that provides the operations of a case in this build: below the one asked for where dispatch fell back. */
enum cb_isa cb_counted_provider(enum cb_isa isa, const struct cb_case *the_case,
                                const struct cb_implementation *implementation);

/* A training step of a network small enough for single steps: form "small_step". */
extern const struct cb_kernel cb_suite_small_step[];

#endif
