#include "exact.h"

#include <stdio.h>

#include "core/team.h"
#include "counters.h"

static void count_by_hardware(struct cb_count *count, cb_work_fn *work, void *context)
{
    struct cb_team *team;
    struct cb_counters *counters;
    struct cb_error error;
    if (cb_team_create(&team, 1, 0, &error)) {
        cb_count_missing(count, "%s", error.text);
        return;
    }
    if (cb_counters_open(&counters, team, &error)) {
        cb_count_missing(count, "%s", error.text);
    } else {
        cb_counters_read(counters, CB_EVENT_INSTRUCTIONS, count);
        for (size_t pass = 0; !count->known && pass < cb_counters_passes(counters); pass++) {
            cb_counters_start(counters, pass);
            work(context);
            cb_counters_stop(counters);
            cb_counters_read(counters, CB_EVENT_INSTRUCTIONS, count);
        }
        cb_counters_close(counters);
    }
    cb_team_destroy(team);
}

void cb_count_instructions(struct cb_count *count, cb_work_fn *work, void *context, uint64_t limit)
{
    work(context);
    count_by_hardware(count, work, context);
    if (count->known) return;
    struct cb_count stepped;
    cb_count_by_step(&stepped, work, context, limit);
    if (!stepped.known) {
        char both[sizeof count->reason];
        snprintf(both, sizeof both, "%.120s; %.120s", count->reason, stepped.reason);
        cb_count_missing(&stepped, "%s", both);
    }
    *count = stepped;
}
