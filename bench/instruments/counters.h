#ifndef CB_COUNTERS_H
#define CB_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "core/team.h"
#include "count.h"

/* What the threads of a team do to the hardware and ask of the kernel during a fixed amount of work:
 *
 *     cb_counters_open(&counters, team, &err);
 *     for (size_t pass = 0; pass < cb_counters_passes(counters); pass++) {
 *         cb_counters_start(counters, pass);
 *         ... the same number of iterations in every pass: a millisecond or more ...
 *         cb_counters_stop(counters);
 *     }
 *     cb_counters_read(counters, CB_EVENT_INSTRUCTIONS, &count);
 *     cb_counters_close(counters);
 *
 * A CPU counts only a few events at a time. Nothing is multiplexed: each pass counts the events that fit together.
 *
 * A thread counts from the start to the end of the pass, so also while it waits for work: instructions and cycles of
 * more than one thread hold the waiting loops of the OpenMP runtime. For numbers that repeat, use a team of one. */

enum cb_event {
    /* in user space, by the hardware through PAPI; each proven by a loop of known work before it is offered */
    CB_EVENT_INSTRUCTIONS,
    CB_EVENT_CYCLES,
    CB_EVENT_FP_OPS, /* additions, multiplications, ... of each lane; a fused multiply-add is two */
    CB_EVENT_BRANCHES,
    CB_EVENT_BRANCH_MISSES,
    CB_EVENT_L1D_MISSES, /* of loads; so are the next two */
    CB_EVENT_L2_MISSES,
    CB_EVENT_L3_MISSES,
    CB_HARDWARE_EVENTS,
    /* by the kernel's accounting of each thread */
    CB_EVENT_CPU_NS = CB_HARDWARE_EVENTS,
    CB_EVENT_PAGE_FAULTS,
    CB_EVENT_CONTEXT_SWITCHES,
    CB_EVENT_MIGRATIONS,
    CB_EVENT_COUNT
};

/* Those of the user's choice (counter_choice.h) are numbered from CB_EVENT_COUNT on. */
enum { CB_MAX_CHOSEN = 16, CB_MAX_EVENTS = CB_EVENT_COUNT + CB_MAX_CHOSEN };
enum cb_event cb_event_end(void); /* CB_EVENT_COUNT and how many are chosen */

/* "instructions", "fp_ops", "cpu_ns", ...: the key in result files. */
const char *cb_event_name(enum cb_event event);

struct cb_counters;

/* Fails only without memory: an event that cannot be counted gives its reason when it is read. Select the ISA before.
 * The first call of the process tries all events, which takes some 10 ms where there are counters. */
enum cb_status cb_counters_open(struct cb_counters **counters, struct cb_team *team, struct cb_error *err);
void cb_counters_close(struct cb_counters *counters); /* accepts NULL */

/* How often the work must be repeated until all events are counted; at least 1. */
size_t cb_counters_passes(const struct cb_counters *counters);

/* Whether the pass counts the event: the kernel's events are counted in every pass, the hardware's in one, those that
 * cannot be counted in none. */
bool cb_counters_counts(const struct cb_counters *counters, enum cb_event event, size_t pass);

/* Around a pass, on the thread that runs the team, outside of cb_team_run. */
void cb_counters_start(struct cb_counters *counters, size_t pass);
void cb_counters_stop(struct cb_counters *counters);

/* All threads together, or thread t of the team. The kernel's events are those of the last pass. */
void cb_counters_read(const struct cb_counters *counters, enum cb_event event, struct cb_count *count);
void cb_counters_read_thread(const struct cb_counters *counters, enum cb_event event, size_t thread,
                             struct cb_count *count);

/* For the machine block: for each event what counts it, or null with "<event>_reason"; for each proven one
 * "<event>_proof". New reference. */
json_t *cb_counters_describe(void);

#endif
