#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "perf/run_perf.h"

static const json_t *total(const json_t *totals, const char *name, const char *key)
{
    return json_object_get(json_object_get(totals, name), key);
}

/* The events, and joules. */
enum { JOULES = CB_EVENT_COUNT, NAMES };
static const char *name_of(int i)
{
    return i == JOULES ? "joules" : cb_event_name((enum cb_event)i);
}

static void print_known(const json_t *totals, const char *what)
{
    printf("perf %s, %lld iterations and %lld evaluations:", what,
           (long long)json_integer_value(json_object_get(totals, "iterations")),
           (long long)json_integer_value(json_object_get(totals, "evaluations")));
    for (int i = 0; i < NAMES; i++) {
        const json_t *value = total(totals, name_of(i), i == JOULES ? "value" : "value_scaled");
        if (json_is_number(value)) printf(" %s %.4g,", name_of(i), json_number_value(value));
    }
    printf(" flops %.4g (analytic)\n", json_number_value(total(totals, "flops", "value")));
}

/* A line for each reason, with all that it holds for. */
static void print_missing(const json_t *totals)
{
    bool told[NAMES] = {false};
    for (int i = 0; i < NAMES; i++) {
        const char *reason = json_string_value(total(totals, name_of(i), "reason"));
        if (!reason || told[i]) continue;
        printf("perf: not counted: %s", name_of(i));
        for (int other = i + 1; other < NAMES; other++) {
            const char *same = json_string_value(total(totals, name_of(other), "reason"));
            if (!same || strcmp(same, reason)) continue;
            told[other] = true;
            printf(", %s", name_of(other));
        }
        printf(": %s\n", reason);
    }
}

void cb_run_perf_print(const json_t *perf)
{
    const json_t *totals = json_object_get(perf, "run"), *to_target = json_object_get(perf, "to_target");
    if (!totals) return;
    const bool whole = json_is_object(totals);
    if (!whole) totals = json_object_get(perf, "session");
    print_known(totals, whole ? "of the run" : "of this session");
    if (json_is_object(to_target)) print_known(to_target, "to the target");
    print_missing(totals);
}
