#ifndef CB_COUNTER_LOOPS_H
#define CB_COUNTER_LOOPS_H

#include <stdbool.h>
#include <stddef.h>

/* Loops of known work, which prove what a counter counts. */

/* False on an architecture that they are not written for. */
bool cb_loops_available(void);

enum { CB_PLAIN_INSTRUCTIONS = 50, CB_CHAINED_MULTIPLICATIONS = 16, CB_COLD_LINES = 4096 };

/* n rounds of CB_PLAIN_INSTRUCTIONS instructions, one of them a branch, none on memory or floating-point numbers. */
void cb_loop_plain(size_t n);
/* n rounds of CB_CHAINED_MULTIPLICATIONS integer multiplications that wait for each other, 3 cycles each on most CPUs.
 */
void cb_loop_multiply(size_t n);
/* n branches whose way nobody can foresee. */
void cb_loop_random_branches(size_t n);
/* n rounds of fused multiply-adds of the selected ISA, cb_loop_fma_flops() operations each. */
void cb_loop_fma(size_t n);
double cb_loop_fma_flops(void);
/* n loads, each from another cache line that no cache holds. Before each call: cb_loop_cold_prepare, and n at most
 * CB_COLD_LINES. Without memory for them it loads nothing, which proves nothing. */
void cb_loop_cold_prepare(void);
void cb_loop_cold(size_t n);
/* n loads from 4 KiB that the first-level cache holds after cb_loop_warm_prepare. */
void cb_loop_warm_prepare(void);
void cb_loop_warm(size_t n);

/* n pages that are touched for the first time: a page fault each. Without memory for them it touches none. */
void cb_loop_fault(size_t n);

#endif
