#ifndef CB_COUNTER_PLAN_H
#define CB_COUNTER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "counter_table.h"
#include "counters.h"

struct cb_planned_event {
    bool proven;
    const struct cb_expression *expression;
    int codes[CB_MAX_TERMS];
    size_t terms;
    size_t pass, first; /* which pass counts it, and where its codes begin there */
    char text[256];     /* the proof, or why there is none */
};

/* What this machine can count, and which events together. */
struct cb_counter_plan {
    struct cb_planned_event events[CB_MAX_EVENTS]; /* of the kernel's accounting: unused */
    size_t passes;                                 /* may be 0 */
    struct {
        int codes[CB_MAX_CODES];
        size_t n;
    } pass[CB_MAX_EVENTS];
};

/* False: an event of the kernel's accounting. */
static inline bool cb_event_is_planned(enum cb_event event)
{
    return event < CB_HARDWARE_EVENTS || event >= CB_EVENT_COUNT;
}

/* Made once, by the first caller: tries and proves every event. */
const struct cb_counter_plan *cb_counter_plan(void);

/* cb_counters_open with a plan that need not be this machine's: for tests. The plan must outlive the counters. */
enum cb_status cb_counters_open_plan(struct cb_counters **counters, const struct cb_counter_plan *plan,
                                     struct cb_team *team, struct cb_error *err);

#endif
