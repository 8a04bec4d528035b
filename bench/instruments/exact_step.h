#ifndef CB_EXACT_STEP_H
#define CB_EXACT_STEP_H

#include "exact.h"

/* Between exact_step.c and the two ways to stop after each instruction: the processor's trap flag, which stays within
 * one process (exact_trap.c, x86-64), and ptrace, where each step is two switches of processes (exact_ptrace.c). */

/* The kernel's own code in each process, which reads the clock and starts again whenever the kernel sets it meanwhile:
 * its instructions are not counted, since a stepped reading starts again by chance. */
struct cb_code_range {
    uintptr_t first, end;
};

/* Counts from mark to mark in a copy of this process. True: count holds the number, the marks' own included. */
bool cb_step_marked(struct cb_count *count, cb_work_fn *work, void *context, uint64_t limit, struct cb_code_range vdso);

/* The number, or that there were more than limit. True: known. */
bool cb_step_result(struct cb_count *count, uint64_t steps, uint64_t limit);

#endif
