#ifndef CB_COUNTER_PERF_H
#define CB_COUNTER_PERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"

/* Events of the kernel under the names that `perf list` gives them, counted by perf_event_open itself: software events
 * need no PMU, and hardware ones no library that knows the CPU. */

/* Their codes begin here: those of PAPI are elsewhere. */
enum { CB_PERF_CODES = 1 << 20 };

/* -1: no event of this name. */
int cb_perf_code(const char *name);
/* The i-th name; NULL after the last. */
const char *cb_perf_name(size_t i);
bool cb_perf_is_software(int code);
/* The event whose loop proves it; CB_EVENT_COUNT: none does. */
enum cb_event cb_perf_proof(int code);

/* A counter of the calling thread. The hardware's counts in user space; the kernel's counts what the kernel does for
 * the thread too, or of page faults, where that is forbidden, those of user space. Returns a file, or -errno. */
int cb_perf_start(int code);
/* Ends it. 0, or an errno: EBUSY where other counters took its place. */
int cb_perf_stop(int file, long long *value);

#endif
