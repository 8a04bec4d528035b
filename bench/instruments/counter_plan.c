#include "counter_plan.h"

#include <stdio.h>
#include <string.h>

#include "counter_cause.h"
#include "counter_papi.h"
#include "counter_proof.h"
#include "processor.h"

static bool measure(void *context, const struct cb_loop *loop, uint64_t *count, const char **problem)
{
    const struct cb_planned_event *event = context;
    struct cb_papi_set set;
    long long values[CB_MAX_TERMS];
    int error = cb_papi_start(&set, event->codes, event->terms);
    if (!error) {
        loop->run(loop->n);
        error = cb_papi_stop(&set, values);
    }
    if (error) {
        *problem = cb_papi_error(error);
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
        int error = cb_papi_code(event->expression->names[i], &event->codes[i]);
        if (error) {
            snprintf(event->text, sizeof event->text, "%s", cb_papi_error(error));
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
    struct cb_papi_set set;
    long long values[CB_MAX_CODES];
    return !cb_papi_start(&set, codes, n) && !cb_papi_stop(&set, values);
}

/* Fills a pass until the next event does not fit. */
static void assign_passes(struct cb_counter_plan *plan)
{
    for (size_t e = 0; e < CB_HARDWARE_EVENTS; e++) {
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

static void say_for_all(struct cb_counter_plan *plan, const char *reason)
{
    for (size_t e = 0; e < CB_HARDWARE_EVENTS; e++)
        snprintf(plan->events[e].text, sizeof plan->events[e].text, "%s", reason);
}

static void make_plan(struct cb_counter_plan *plan)
{
    char reason[256];
    int error = cb_counter_probe();
    if (error) {
        cb_counter_cause(reason, sizeof reason, error, cb_counter_paranoid(), cb_processor_is_virtual());
        say_for_all(plan, reason);
        return;
    }
    const char *problem = cb_papi_ready();
    if (problem) {
        snprintf(reason, sizeof reason, "PAPI cannot count: %s", problem);
        say_for_all(plan, reason);
        return;
    }
    struct cb_cpu cpu;
    cb_processor_identify(&cpu);
    for (enum cb_event event = 0; event < CB_HARDWARE_EVENTS; event++) plan_event(&plan->events[event], event, &cpu);
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
