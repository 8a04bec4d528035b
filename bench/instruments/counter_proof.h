#ifndef CB_COUNTER_PROOF_H
#define CB_COUNTER_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"

/* A counter is believed when it counts known work right, and next to nothing where there is nothing to count. Wrong
 * event codes, hypervisors that return zeros and counters that are off by a factor all fail here. */

struct cb_loop {
    void (*prepare)(void); /* before each run, not counted; or NULL */
    void (*run)(size_t n);
    size_t n;
};

/* Counts the event while the loop runs. False: *problem says why there is no number. */
typedef bool cb_measure_fn(void *context, const struct cb_loop *loop, uint64_t *count, const char **problem);

/* The events that have a loop: the hardware's, CB_EVENT_CPU_NS and CB_EVENT_PAGE_FAULTS. Three times each. text: what was expected and counted, or what is wrong with it. */
bool cb_prove_event(enum cb_event event, cb_measure_fn *measure, void *context, char *text, size_t bytes);

/* What an event counts in each of the loops, where none of them has a known number of it. False: it cannot be counted,
 * and text says why. */
bool cb_observe_event(cb_measure_fn *measure, void *context, char *text, size_t bytes);

#endif
