#ifndef CB_COUNTER_PLAN_H
#define CB_COUNTER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "counter_table.h"
#include "counters.h"

enum { CB_MAX_CODES = CB_HARDWARE_EVENTS * CB_MAX_TERMS };

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
    struct cb_planned_event events[CB_HARDWARE_EVENTS];
    size_t passes; /* may be 0 */
    struct {
        int codes[CB_MAX_CODES];
        size_t n;
    } pass[CB_HARDWARE_EVENTS];
};

/* Made once, by the first caller: tries and proves every event. */
const struct cb_counter_plan *cb_counter_plan(void);

/* cb_counters_open with a plan that need not be this machine's: for tests. The plan must outlive the counters. */
enum cb_status cb_counters_open_plan(struct cb_counters **counters, const struct cb_counter_plan *plan,
                                     struct cb_team *team, struct cb_error *err);

#endif
