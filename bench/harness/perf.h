#ifndef CB_PERF_H
#define CB_PERF_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "session.h"

/* --perf: the events of a case. They are counted after its repetitions were timed, in calls that are not timed, so that
 * neither disturbs the other: the hardware's and the kernel's for each thread of the team, or, where the hardware
 * counts nothing, the instructions of one call by single steps. */

/* Counts in `calls` calls of an implementation that is ready, of `call_s` seconds each. {"counted_calls", "counters":
 * {event: {"value", "source", "exact"} or {"value": null, "source", "reason"}}, "derived": as cb_derived makes it,
 * event: value, ...}: values of one call; at the top level those that are known, as Google Benchmark has its counters.
 * The events are all of enum cb_event, those that were chosen (counter_choice.h), and "joules". New reference. */
json_t *cb_perf_count(struct cb_session *session, size_t implementation, size_t calls, double call_s);

/* Which events are not counted here, and why: "# " lines. */
void cb_perf_print_missing(FILE *out);

#endif
