#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "regress.h"

/* What the CPU counts in a call, by `cyclebench bench --perf` of each build, in turn: medians over the rounds. Where
 * rounds of both sides overlap, the difference may be chance. Of two equal builds, one event in 126 does not overlap. */

enum { BASE, HEAD, SIDES, ROUNDS = 5 };

/* Counted, too, but not by the CPU that runs the code: the kernel's accounting, and the energy of all programs. */
static bool is_of_the_system(const char *event)
{
    static const char *const events[] = {"cpu_ns", "page_faults", "context_switches", "migrations", "joules"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (!strcmp(event, events[i])) return true;
    return false;
}

/* What bench wrote; NULL: *status is its exit status. New reference. */
static json_t *measure(const char *build, const char *filter, int *status)
{
    char program[4096], *option = NULL;
    *status = -1;
    snprintf(program, sizeof program, "%.4000s/cyclebench-bench", build);
    if (asprintf(&option, "--benchmark_filter=%s", filter) < 0) return NULL;
    const char *const argv[] = {program,  "--no-peers", "--threads", "1",    "--benchmark_repetitions=1",
                                "--perf", "--group",    "tlb",       option, "--benchmark_out=" RG_RESULT_FILE,
                                NULL};
    json_t *found = rg_run(argv, status);
    free(option);
    return found;
}

static const json_t *case_of(const json_t *measured, const char *name)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(measured, "benchmarks"), i, row)
    {
        const char *text = json_string_value(json_object_get(row, "name"));
        if (text && !strcmp(text, name)) return row;
    }
    return NULL;
}

/* Smallest, median and largest value of the rounds; all NaN where one of them has none, and *reason says why. */
struct spread {
    double low, median, high;
    const char *reason;
};

static struct spread spread_of(json_t *const rounds[ROUNDS], const char *name, const char *event)
{
    double values[ROUNDS];
    for (size_t r = 0; r < ROUNDS; r++) {
        const json_t *row = case_of(rounds[r], name);
        const json_t *counter = json_object_get(json_object_get(row, "counters"), event);
        const json_t *value = json_object_get(counter, "value");
        const char *reason = json_string_value(json_object_get(counter, "reason"));
        if (!json_is_number(value)) return (struct spread){NAN, NAN, NAN, reason ? reason : "not counted"};
        values[r] = json_number_value(value);
    }
    double median = cb_sort_median(values, ROUNDS);
    return (struct spread){values[0], median, values[ROUNDS - 1], NULL};
}

/* reason: its events, with commas between them. */
static void remember(json_t *missing, const char *reason, const char *event)
{
    const char *events = json_string_value(json_object_get(missing, reason));
    size_t len = strlen(event);
    for (const char *at = events; at && *at; at += strcspn(at, ","), at += strspn(at, ", "))
        if (!strncmp(at, event, len) && (!at[len] || at[len] == ',')) return;
    json_object_set_new(missing, reason, json_sprintf("%s%s%s", events ? events : "", events ? ", " : "", event));
}

static void compare_event(struct rg_result *result, json_t *rounds[SIDES][ROUNDS], const char *name, const char *event,
                          json_t *missing)
{
    struct spread base = spread_of(rounds[BASE], name, event), head = spread_of(rounds[HEAD], name, event);
    char full_name[320];
    if (base.reason || head.reason) {
        remember(missing, base.reason ? base.reason : head.reason, event);
        return;
    }
    snprintf(full_name, sizeof full_name, "%.240s/%.60s", name, event);
    const struct rg_case c = {.kind = RG_EVENT,
                              .name = full_name,
                              .source = "events",
                              .base = base.median,
                              .head = head.median,
                              .limit_percent = rg_soft_limit_percent,
                              .by_chance = base.low <= head.high && head.low <= base.high};
    rg_add(result, &c);
}

static void compare_rounds(struct rg_result *result, json_t *rounds[SIDES][ROUNDS])
{
    size_t i;
    json_t *row, *missing = json_object(), *value;
    const char *event, *reason;
    json_array_foreach(json_object_get(rounds[BASE][0], "benchmarks"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        json_t *counters = name ? json_object_get(row, "counters") : NULL, *counter;
        if (counters && !case_of(rounds[HEAD][0], name)) {
            rg_note(result, "events: %s: HEAD has no such case", name);
            continue;
        }
        json_object_foreach(counters, event, counter) if (!is_of_the_system(event))
            compare_event(result, rounds, name, event, missing);
    }
    json_object_foreach(missing, reason, value) rg_note(result, "events: %s: %s", json_string_value(value), reason);
    json_decref(missing);
}

void rg_compare_events(struct rg_result *result, const char *base, const char *head, const char *filter)
{
    json_t *rounds[SIDES][ROUNDS] = {{0}};
    const char *const builds[SIDES] = {base, head};
    bool complete = true;
    for (size_t i = 0; i < (size_t)SIDES * ROUNDS && complete; i++) {
        size_t round = i / SIDES, side = (i + round) % SIDES; /* each begins every other round */
        int status;
        rounds[side][round] = measure(builds[side], filter, &status);
        complete = rounds[side][round];
        if (!complete)
            rg_note(result, "events: not compared: %s's cyclebench-bench ended with status %d",
                    side == BASE ? "BASE" : "HEAD", status);
    }
    if (complete) compare_rounds(result, rounds);
    for (size_t i = 0; i < (size_t)SIDES * ROUNDS; i++) json_decref(rounds[i / ROUNDS][i % ROUNDS]);
}
