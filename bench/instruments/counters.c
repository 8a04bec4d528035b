#include "counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counter_choice.h"
#include "counter_set.h"
#include "counter_plan.h"
#include "counter_usage.h"

const char *cb_event_name(enum cb_event event)
{
    static const char *const names[CB_EVENT_COUNT] = {
        [CB_EVENT_INSTRUCTIONS] = "instructions",
        [CB_EVENT_CYCLES] = "cycles",
        [CB_EVENT_FP_OPS] = "fp_ops",
        [CB_EVENT_BRANCHES] = "branches",
        [CB_EVENT_BRANCH_MISSES] = "branch_misses",
        [CB_EVENT_L1D_MISSES] = "l1d_misses",
        [CB_EVENT_L2_MISSES] = "l2_misses",
        [CB_EVENT_L3_MISSES] = "l3_misses",
        [CB_EVENT_CPU_NS] = "cpu_ns",
        [CB_EVENT_PAGE_FAULTS] = "page_faults",
        [CB_EVENT_CONTEXT_SWITCHES] = "context_switches",
        [CB_EVENT_MIGRATIONS] = "migrations",
    };
    return event < CB_EVENT_COUNT ? names[event] : cb_chosen_name(event - CB_EVENT_COUNT);
}

enum cb_event cb_event_end(void)
{
    return CB_EVENT_COUNT + (enum cb_event)cb_chosen_events();
}

/* What one thread of the team counts. Only the thread itself writes it while it runs. */
struct thread_counts {
    bool whole; /* the same thread started and stopped it, for this place in the team alone */
    struct cb_counter_set set;
    int error; /* of PAPI, in this pass */
    struct cb_thread_usage before, after;
    long long values[CB_MAX_CODES];
    struct cb_count counts[CB_MAX_EVENTS];
};

struct cb_counters {
    struct cb_team *team;
    const struct cb_counter_plan *plan;
    size_t threads, pass;
    struct thread_counts *thread;
};

/* What the calling thread is counting for: the runtime may replace a thread between start and stop. */
static _Thread_local const struct thread_counts *counting;

static const char not_measured[] = "no pass has counted this yet";
static const char replaced[] = "the OpenMP runtime replaced a thread of the team (a smaller team in the measured code)";

enum cb_status cb_counters_open_plan(struct cb_counters **out, const struct cb_counter_plan *plan, struct cb_team *team,
                                     struct cb_error *err)
{
    *out = NULL;
    struct cb_counters *counters = calloc(1, sizeof *counters);
    struct thread_counts *thread = calloc(cb_team_threads(team), sizeof *thread);
    if (!counters || !thread) {
        free(counters);
        free(thread);
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the counters of %zu threads", cb_team_threads(team));
    }
    *counters = (struct cb_counters){.team = team, .plan = plan, .threads = cb_team_threads(team), .thread = thread};
    for (size_t t = 0; t < counters->threads; t++)
        for (enum cb_event event = 0; event < cb_event_end(); event++) {
            bool impossible = cb_event_is_planned(event) && !counters->plan->events[event].proven;
            cb_count_missing(&thread[t].counts[event], "%s",
                             impossible ? counters->plan->events[event].text : not_measured);
        }
    *out = counters;
    return CB_OK;
}

enum cb_status cb_counters_open(struct cb_counters **counters, struct cb_team *team, struct cb_error *err)
{
    return cb_counters_open_plan(counters, cb_counter_plan(), team, err);
}

void cb_counters_close(struct cb_counters *counters)
{
    if (!counters) return;
    free(counters->thread);
    free(counters);
}

size_t cb_counters_passes(const struct cb_counters *counters)
{
    return counters->plan->passes ? counters->plan->passes : 1;
}

bool cb_counters_counts(const struct cb_counters *counters, enum cb_event event, size_t pass)
{
    if (!cb_event_is_planned(event)) return true;
    return counters->plan->events[event].proven && counters->plan->events[event].pass == pass;
}

static bool has_hardware_pass(const struct cb_counters *counters)
{
    return counters->pass < counters->plan->passes;
}

static void start_thread(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct cb_counters *counters = context;
    struct thread_counts *t = &counters->thread[task];
    t->error = 0;
    if (counting) return;
    counting = t;
    cb_thread_usage(&t->before);
    if (has_hardware_pass(counters))
        t->error =
            cb_set_start(&t->set, counters->plan->pass[counters->pass].codes, counters->plan->pass[counters->pass].n);
    t->before.cpu_ns = cb_thread_cpu_ns(); /* without what starting took */
}

void cb_counters_start(struct cb_counters *counters, size_t pass)
{
    counters->pass = pass;
    cb_team_each(counters->team, start_thread, counters);
}

static void stop_thread(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct cb_counters *counters = context;
    struct thread_counts *t = &counters->thread[task];
    t->whole = counting == t;
    if (!t->whole) return;
    counting = NULL;
    const uint64_t cpu_ns = cb_thread_cpu_ns();
    if (has_hardware_pass(counters) && !t->error) t->error = cb_set_stop(&t->set, t->values);
    cb_thread_usage(&t->after);
    t->after.cpu_ns = cpu_ns;
}

static void note_hardware(const struct cb_counters *counters, struct thread_counts *t, enum cb_event event)
{
    const struct cb_planned_event *planned = &counters->plan->events[event];
    if (t->error) {
        cb_count_missing(&t->counts[event], "%s: %s", t->error > 0 ? "perf" : "PAPI", cb_set_error(t->error));
        return;
    }
    char source[sizeof t->counts[event].source];
    cb_expression_text(planned->expression, source, sizeof source);
    cb_count_set(&t->counts[event], cb_expression_total(planned->expression, t->values + planned->first), false,
                 source);
}

static void note_kernel(struct thread_counts *t)
{
    const struct cb_thread_usage *a = &t->before, *b = &t->after;
    cb_count_set(&t->counts[CB_EVENT_CPU_NS], b->cpu_ns - a->cpu_ns, false, "CLOCK_THREAD_CPUTIME_ID");
    cb_count_set(&t->counts[CB_EVENT_PAGE_FAULTS], b->page_faults - a->page_faults, false, "getrusage");
    cb_count_set(&t->counts[CB_EVENT_CONTEXT_SWITCHES], b->context_switches - a->context_switches, false, "getrusage");
    if (a->migrations_known && b->migrations_known)
        cb_count_set(&t->counts[CB_EVENT_MIGRATIONS], b->migrations - a->migrations, false, "/proc/thread-self/sched");
    else
        cb_count_missing(&t->counts[CB_EVENT_MIGRATIONS],
                         "/proc/thread-self/sched does not tell: a kernel without CONFIG_SCHED_DEBUG");
}

void cb_counters_stop(struct cb_counters *counters)
{
    cb_team_each(counters->team, stop_thread, counters);
    for (size_t i = 0; i < counters->threads; i++) {
        struct thread_counts *t = &counters->thread[i];
        for (enum cb_event event = 0; event < cb_event_end(); event++) {
            const struct cb_planned_event *planned = &counters->plan->events[event];
            if (!cb_event_is_planned(event) || !planned->proven || planned->pass != counters->pass) continue;
            if (t->whole)
                note_hardware(counters, t, event);
            else
                cb_count_missing(&t->counts[event], "%s", replaced);
        }
        if (t->whole)
            note_kernel(t);
        else
            for (enum cb_event event = CB_HARDWARE_EVENTS; event < CB_EVENT_COUNT; event++)
                cb_count_missing(&t->counts[event], "%s", replaced);
    }
}

void cb_counters_read_thread(const struct cb_counters *counters, enum cb_event event, size_t thread,
                             struct cb_count *count)
{
    *count = counters->thread[thread].counts[event];
}

void cb_counters_read(const struct cb_counters *counters, enum cb_event event, struct cb_count *count)
{
    *count = counters->thread[0].counts[event];
    for (size_t t = 1; count->known && t < counters->threads; t++) {
        const struct cb_count *other = &counters->thread[t].counts[event];
        if (other->known)
            count->value += other->value;
        else
            *count = *other;
    }
}

json_t *cb_counters_describe(void)
{
    const struct cb_counter_plan *plan = cb_counter_plan();
    json_t *counters = json_object();
    for (enum cb_event event = 0; event < cb_event_end(); event++) {
        if (!cb_event_is_planned(event)) continue;
        const struct cb_planned_event *planned = &plan->events[event];
        char key[128], text[128];
        snprintf(key, sizeof key, "%s_%s", cb_event_name(event), planned->proven ? "proof" : "reason");
        if (planned->proven) cb_expression_text(planned->expression, text, sizeof text);
        json_object_set_new(counters, cb_event_name(event), planned->proven ? json_string(text) : json_null());
        json_object_set_new(counters, key, json_string(planned->text));
    }
    struct cb_thread_usage usage;
    cb_thread_usage(&usage);
    json_object_set_new(counters, cb_event_name(CB_EVENT_CPU_NS), json_string("CLOCK_THREAD_CPUTIME_ID"));
    json_object_set_new(counters, cb_event_name(CB_EVENT_PAGE_FAULTS), json_string("getrusage"));
    json_object_set_new(counters, cb_event_name(CB_EVENT_CONTEXT_SWITCHES), json_string("getrusage"));
    json_object_set_new(counters, cb_event_name(CB_EVENT_MIGRATIONS),
                        usage.migrations_known ? json_string("/proc/thread-self/sched") : json_null());
    if (!usage.migrations_known)
        json_object_set_new(counters, "migrations_reason",
                            json_string("/proc/thread-self/sched does not tell: a kernel without CONFIG_SCHED_DEBUG"));
    return counters;
}
