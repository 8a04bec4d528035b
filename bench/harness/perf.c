#include "perf.h"

#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "derived.h"
#include "exact.h"
#include "joules.h"

/* Some 12 seconds of single steps; and calls that would need more are not tried: a core does at least an instruction
 * a nanosecond. */
enum { STEP_LIMIT = 500000 };

struct calls {
    struct cb_session *session;
    size_t implementation, n;
    struct cb_error err;
};

static void run(void *context)
{
    struct calls *c = context;
    cb_session_run(c->session, c->implementation, c->n, &c->err);
}

/* Why nothing is counted; NULL: it is. */
static const char *not_counted(const struct cb_case *the_case, const struct cb_implementation *e)
{
    if (e->peer && e->peer->own_process) return "it runs in another process";
    if (e->peer && e->peer->own_threads && the_case->threads > 1) return "the library has threads of its own";
    if (the_case->cache == CB_COLD) return "in a cold case flushing the caches would be counted with the call";
    return NULL;
}

static void set_all_missing(struct cb_count counts[CB_MAX_EVENTS], const char *reason)
{
    for (enum cb_event event = 0; event < cb_event_end(); event++) cb_count_missing(&counts[event], "%s", reason);
}

static void count_by_team(struct calls *calls, struct cb_count counts[CB_MAX_EVENTS])
{
    struct cb_counters *counters;
    struct cb_error err;
    if (cb_counters_open(&counters, calls->session->team, &err)) {
        set_all_missing(counts, err.text);
        return;
    }
    for (size_t pass = 0; pass < cb_counters_passes(counters); pass++) {
        cb_counters_start(counters, pass);
        run(calls);
        cb_counters_stop(counters);
    }
    for (enum cb_event event = 0; event < cb_event_end(); event++) cb_counters_read(counters, event, &counts[event]);
    cb_counters_close(counters);
}

/* One call. Keeps the reason of the hardware's counter beside its own. */
static void step_one_call(struct calls *calls, double call_s, struct cb_count *count)
{
    const struct cb_implementation *e = &calls->session->the_case->implementation[calls->implementation];
    struct cb_count stepped;
    if (e->peer)
        cb_count_missing(&stepped, "single-step: of our kernels alone");
    else if (calls->session->the_case->threads > 1)
        cb_count_missing(&stepped, "single-step: one thread at a time; --threads 1");
    else if (call_s * 1e9 > STEP_LIMIT)
        cb_count_missing(&stepped, "single-step: a call of more than %d instructions takes too long; a smaller --batch",
                         (int)STEP_LIMIT);
    else
        cb_count_by_step(&stepped, run,
                         &(struct calls){.session = calls->session, .implementation = calls->implementation, .n = 1},
                         STEP_LIMIT);
    if (!stepped.known) {
        char both[sizeof stepped.reason];
        snprintf(both, sizeof both, "%.120s; %.120s", count->reason, stepped.reason);
        cb_count_missing(&stepped, "%s", both);
    }
    *count = stepped;
}

/* Instructions, misses, ... of one call: whole where they are exact. */
static json_t *per_call(const struct cb_count *count, size_t calls)
{
    return count->exact ? json_integer((json_int_t)count->value) : json_real((double)count->value / (double)calls);
}

json_t *cb_perf_count(struct cb_session *session, size_t implementation, size_t n, double call_s)
{
    struct cb_count counts[CB_MAX_EVENTS];
    struct calls calls = {.session = session, .implementation = implementation, .n = n};
    const char *reason = not_counted(session->the_case, &session->the_case->implementation[implementation]);
    if (reason) {
        set_all_missing(counts, reason);
    } else {
        cb_use_isa(session->the_case->implementation[implementation].isa);
        run(&calls); /* first uses: lazy binding, allocation */
        count_by_team(&calls, counts);
        if (!counts[CB_EVENT_INSTRUCTIONS].known) step_one_call(&calls, call_s, &counts[CB_EVENT_INSTRUCTIONS]);
    }
    json_t *perf = json_pack("{s:I}", "counted_calls", (json_int_t)n), *counters = json_object();
    for (enum cb_event event = 0; event < cb_event_end(); event++) {
        json_t *count = cb_count_json(&counts[event]);
        json_object_set_new(counters, cb_event_name(event), count);
        if (!counts[event].known) continue;
        json_object_set_new(count, "value", per_call(&counts[event], n));
        json_object_set(perf, cb_event_name(event), json_object_get(count, "value"));
    }
    json_t *joules = reason ? json_pack("{s:n, s:s, s:s}", "value", "source", "unavailable", "reason", reason)
                            : cb_joules_of("", run, &calls, n);
    json_object_set_new(counters, "joules", joules);
    if (json_is_number(json_object_get(joules, "value")))
        json_object_set(perf, "joules", json_object_get(joules, "value"));
    json_object_set_new(perf, "counters", counters);
    json_object_set_new(perf, "derived",
                        cb_derived(counters, session->the_case->implementation[implementation].cost.flops, call_s));
    return perf;
}

/* One line for each reason, with all events that it holds for. */
void cb_perf_print_missing(FILE *out)
{
    json_t *known = cb_counters_describe();
    bool told[CB_MAX_EVENTS] = {false};
    for (enum cb_event event = 0; event < cb_event_end(); event++) {
        char key[128];
        snprintf(key, sizeof key, "%s_reason", cb_event_name(event));
        const char *reason = json_string_value(json_object_get(known, key));
        if (!reason || told[event]) continue;
        fprintf(out, "# not counted: %s", cb_event_name(event));
        for (enum cb_event other = event + 1; other < cb_event_end(); other++) {
            snprintf(key, sizeof key, "%s_reason", cb_event_name(other));
            const char *same = json_string_value(json_object_get(known, key));
            if (!same || strcmp(same, reason)) continue;
            told[other] = true;
            fprintf(out, ", %s", cb_event_name(other));
        }
        fprintf(out, ": %s\n", reason);
    }
    json_decref(known);
}
