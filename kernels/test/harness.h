#ifndef CB_HARNESS_H
#define CB_HARNESS_H

/* The check harness of libkernels: cases with guarded buffers, printed as TAP lines ("ok 1 - name"). See README.md.
 *
 *     CHECK_EACH_ISA(isa) {
 *         check_begin(isa, "bn_apply_f32");
 *         for (...) {
 *             check_at("c=%zu h=%zu", c, h);
 *             float *x = check_floats(n), *want = check_floats(n), *got = check_floats(n);
 *             check_fill(x, n, CHECK_NORMAL, seed);
 *             ... the scalar function writes want, the variant writes got ...
 *             check_equal("z", got, want, n);
 *             check_release();
 *         }
 *         check_end();
 *     }
 *     return check_finish();
 */

#include <stdbool.h>

#include "core/ops.h"

/* --- cases: one TAP line each --- */

/* Opens a case of one ISA; the line is "<isa> <name>". CB_ISA_SCALAR also for cases that belong to no ISA. */
void check_begin(enum cb_isa isa, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a kernel that is wrong on purpose: the case is `ok` only if some check in it fails. */
void check_begin_must_fail(enum cb_isa isa, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What is being computed now (shape, seed, ...): printed with every failure that follows. */
void check_at(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Checks the guards of all buffers of the case and frees them: for loops over shapes within a case. */
void check_release(void);
/* Releases, prints the line; false if the case is `not ok`. */
bool check_end(void);
/* A case that cannot run here, and why. */
void check_skip(const char *name, const char *reason);
/* Prints the counts of every ISA, a SKIP line for each ISA that is not available, and the plan. Returns main's exit
 * status: 0 if at least one case ran and none failed. */
int check_finish(void);

/* --- buffers: 64-byte aligned, poisoned with NaN, with guard bands before and after; owned by the case --- */

void *check_bytes(size_t bytes);
float *check_floats(size_t n);
double *check_doubles(size_t n);
float *check_copy(const float *from, size_t n);
/* n elements as a tensor in memory. */
void *check_stored(enum cb_format storage, size_t n);

/* --- contents --- */

enum check_fill {
    CHECK_NORMAL,    /* mean 0, variance 1, within +-3.5 */
    CHECK_INTEGERS,  /* -3 .. 3: sums below 2^24 are exact in any order */
    CHECK_DENORMALS, /* denormal numbers, +0, -0 and the smallest normal ones */
    CHECK_SPECIALS,  /* CHECK_NORMAL, about one value in 61 replaced by NaN, +-infinity, +-0, a denormal or +-FLT_MAX */
};
/* Depends on (kind, seed, index) only. */
void check_fill(float *p, size_t n, enum check_fill kind, uint64_t seed);
/* The same for a tensor in memory; as bf16 what is filled in is cut off, not rounded. */
void check_fill_stored(void *p, enum cb_format storage, size_t n, enum check_fill kind, uint64_t seed);
/* 64 bits from (seed, index), for shapes, labels and the like. */
uint64_t check_random(uint64_t seed, uint64_t index);

/* --- checks: return whether they hold; a failure is printed and counted --- */

bool check_true(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same bits, where a NaN equals any NaN: x86 and Arm make NaNs of different sign. */
bool check_equal(const char *what, const float *got, const float *want, size_t n);
bool check_equal_stored(const char *what, enum cb_format storage, const void *got, const void *want, size_t n);
bool check_equal_bytes(const char *what, const void *got, const void *want, size_t bytes);
/* |got - want| <= bound for each element; a NaN fails. */
bool check_near(const char *what, const float *got, const double *want, const double *bound, size_t n);
/* |got - want| <= bound; a NaN fails. */
bool check_near1(const char *what, double got, double want, double bound);

/* --- ISAs and threads --- */

#define CHECK_EACH_ISA(isa)                                                                                            \
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++)                                                   \
        if (cb_isa_available(isa))
/* All but the scalar reference: what is compared with it. */
#define CHECK_EACH_SIMD(isa) CHECK_EACH_ISA(isa) if (isa != CB_ISA_SCALAR)
/* An ISA that builds not all operations takes the others from its base, with which they are tested. */
#define CHECK_IS_OWN(isa, op) ((isa) == CB_ISA_SCALAR || cb_ops_of(isa)->op != cb_ops_of(cb_isa_base(isa))->op)
/* Every comparison with the reference tells which function it compared ... */
void check_compared_(void (*fn)(void));
#define CHECK_COMPARED(fn) check_compared_((void (*)(void))(fn))
/* ... and at its end a family's test holds each operation of its .inc against them. */
bool check_was_compared_(void (*fn)(void));
#define CHECK_WAS_COMPARED(isa, name)                                                                                  \
    check_true(!CHECK_IS_OWN(isa, name) || check_was_compared_((void (*)(void))cb_ops_of(isa)->name),                  \
               "%s is never compared with the reference", #name);
/* The drivers (cb_conv_forward, ...) use this ISA from now on. */
void check_select(enum cb_isa isa);
/* A team, or the end of the program. The caller destroys it. */
struct cb_team *check_team(size_t threads, size_t scratch_bytes);
/* Counts of threads that every driver is tested with: one, two, odd, more than there are cores here. */
enum { CHECK_TEAMS = 4 };
extern const size_t check_threads[CHECK_TEAMS];

#endif
