#ifndef CB_COUNTER_CAUSE_H
#define CB_COUNTER_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

/* Why the hardware's events cannot be counted: libraries only say that an event does not exist. */

/* Asks the kernel for the plainest of all counters. 0 if it grants it, else errno. */
int cb_counter_probe(void);

/* kernel.perf_event_paranoid, or -100 if there is none. */
int cb_counter_paranoid(void);

/* What an errno of the probe means, and what to do. */
void cb_counter_cause(char *text, size_t bytes, int error, int paranoid, bool virtual_machine);

#endif
