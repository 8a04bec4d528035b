#include "counter_plan.h"

#include <stdio.h>
#include <string.h>

#include "counter_cause.h"
#include "counter_choice.h"
#include "counter_papi.h"
#include "counter_perf.h"
#include "counter_set.h"
#include "counter_proof.h"
#include "processor.h"

static bool measure(void *context, const struct cb_loop *loop, uint64_t *count, const char **problem)
{
    const struct cb_planned_event *event = context;
    struct cb_counter_set set;
    long long values[CB_MAX_TERMS];
    int error = cb_set_start(&set, event->codes, event->terms);
    if (!error) {
        loop->run(loop->n);
        error = cb_set_stop(&set, values);
    }
    if (error) {
        *problem = cb_set_error(error);
        return false;
    }
    *count = cb_expression_total(event->expression, values);
    return true;
}

/* Finds out whether this machine has the event's terms; text tells if not. */
static bool find_codes(struct cb_planned_event *event)
{
    event->terms = 0;
    for (size_t i = 0; i < CB_MAX_TERMS && event->expression->names[i]; i++) {
        int error = cb_set_code(event->expression->names[i], &event->codes[i]);
        if (error) {
            snprintf(event->text, sizeof event->text, "%s", cb_set_error(error));
            return false;
        }
        event->terms++;
    }
    return true;
}

static void plan_event(struct cb_planned_event *planned, enum cb_event event, const struct cb_cpu *cpu)
{
    const struct cb_expression *candidates[CB_MAX_CANDIDATES];
    size_t n = cb_event_candidates(cpu, event, candidates), used = 0;
    char failures[sizeof planned->text] = "";
    for (size_t i = 0; i < n; i++) {
        planned->expression = candidates[i];
        if (find_codes(planned) && cb_prove_event(event, measure, planned, planned->text, sizeof planned->text)) {
            planned->proven = true;
            return;
        }
        char name[128];
        cb_expression_text(candidates[i], name, sizeof name);
        if (used < sizeof failures)
            used += (size_t)snprintf(failures + used, sizeof failures - used, "%s%s: %s", used ? "; " : "", name,
                                     planned->text);
    }
    memcpy(planned->text, failures, sizeof failures);
    if (!n) snprintf(planned->text, sizeof planned->text, "no event of this CPU counts them");
}

static bool counts_together(const int *codes, size_t n)
{
    struct cb_counter_set set;
    long long values[CB_MAX_CODES];
    return !cb_set_start(&set, codes, n) && !cb_set_stop(&set, values);
}

/* Fills a pass until the next event does not fit. */
static void assign_passes(struct cb_counter_plan *plan)
{
    for (size_t e = 0; e < cb_event_end(); e++) {
        struct cb_planned_event *event = &plan->events[e];
        if (!event->proven) continue;
        size_t last = plan->passes ? plan->passes - 1 : 0, n = plan->pass[last].n;
        memcpy(plan->pass[last].codes + n, event->codes, event->terms * sizeof *event->codes);
        if (!plan->passes || !counts_together(plan->pass[last].codes, n + event->terms)) {
            last = plan->passes++;
            n = 0;
            memcpy(plan->pass[last].codes, event->codes, event->terms * sizeof *event->codes);
        }
        event->pass = last;
        event->first = n;
        plan->pass[last].n = n + event->terms;
    }
}

/* What is not of the kernel's own software. */
static bool needs_pmu(const struct cb_counter_plan *plan, enum cb_event event)
{
    if (event < CB_HARDWARE_EVENTS) return true;
    const int code = cb_perf_code(plan->events[event].expression->names[0]);
    return code < 0 || !cb_perf_is_software(code);
}

/* --- the events of the user's choice ------------------------------------------------------------------------------ */

static enum cb_event proof_of(const char *name)
{
    const int code = cb_perf_code(name);
    return code < 0 ? cb_event_of_papi(name) : cb_perf_proof(code);
}

/* Whether what counts the event counts instructions right: an event without a loop of its own is believed then. */
static bool is_source_proven(const struct cb_counter_plan *plan, const char *name)
{
    static const struct cb_expression cycles = {{"cpu-cycles"}, {1}};
    if (cb_perf_code(name) < 0)
        return plan->events[CB_EVENT_INSTRUCTIONS].proven || plan->events[CB_EVENT_CYCLES].proven;
    struct cb_planned_event event = {.expression = &cycles};
    return find_codes(&event) && cb_prove_event(CB_EVENT_CYCLES, measure, &event, event.text, sizeof event.text);
}

static void plan_chosen(struct cb_counter_plan *plan, enum cb_event event)
{
    struct cb_planned_event *planned = &plan->events[event];
    const char *name = planned->expression->names[0];
    const enum cb_event proof = proof_of(name);
    if (!find_codes(planned)) return;
    if (proof != CB_EVENT_COUNT) {
        planned->proven = cb_prove_event(proof, measure, planned, planned->text, sizeof planned->text);
        return;
    }
    if (needs_pmu(plan, event) && !is_source_proven(plan, name)) {
        snprintf(planned->text, sizeof planned->text,
                 "refused: no loop has a known number of them, and what counts them counts no cycles right");
        return;
    }
    planned->proven = cb_observe_event(measure, planned, planned->text, sizeof planned->text);
}

static void name_chosen(struct cb_counter_plan *plan)
{
    static struct cb_expression expressions[CB_MAX_CHOSEN];
    for (size_t i = 0; i < cb_chosen_events(); i++) {
        expressions[i] = (struct cb_expression){{cb_chosen_name(i)}, {1}};
        plan->events[CB_EVENT_COUNT + i].expression = &expressions[i];
    }
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* Why this event cannot be counted, before it is tried; NULL: nothing is against it. */
static const char *obstacle(const struct cb_counter_plan *plan, enum cb_event event)
{
    static char no_pmu[256], no_papi[256];
    const int error = cb_counter_probe();
    if (error) cb_counter_cause(no_pmu, sizeof no_pmu, error, cb_counter_paranoid(), cb_processor_is_virtual());
    if (error && needs_pmu(plan, event)) return no_pmu;
    if (event >= CB_EVENT_COUNT && cb_perf_code(plan->events[event].expression->names[0]) >= 0) return NULL;
    const char *problem = cb_papi_ready();
    if (problem) snprintf(no_papi, sizeof no_papi, "PAPI cannot count: %s", problem);
    return problem ? no_papi : NULL;
}

static void make_plan(struct cb_counter_plan *plan)
{
    struct cb_cpu cpu;
    cb_processor_identify(&cpu);
    name_chosen(plan);
    for (enum cb_event event = 0; event < cb_event_end(); event++) {
        if (!cb_event_is_planned(event)) continue;
        const char *reason = obstacle(plan, event);
        if (reason)
            snprintf(plan->events[event].text, sizeof plan->events[event].text, "%s", reason);
        else if (event < CB_HARDWARE_EVENTS)
            plan_event(&plan->events[event], event, &cpu);
        else
            plan_chosen(plan, event);
    }
    assign_passes(plan);
}

const struct cb_counter_plan *cb_counter_plan(void)
{
    static struct cb_counter_plan plan;
    static bool made;
    if (!made) {
        made = true;
        make_plan(&plan);
    }
    return &plan;
}
