#include "counter_choice.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "counter_cause.h"
#include "counter_papi.h"
#include "counter_perf.h"
#include "counters.h"
#include "nearest.h"

enum { NAME_BYTES = 64, MAX_NAMES = 512 };

const struct cb_event_group cb_event_groups[] = {
    {"cache", "load misses of each cache", "instructions,l1d_misses,l2_misses,l3_misses"},
    {"branch", "branches and those guessed wrong", "instructions,branches,branch_misses"},
    {"flops", "floating-point operations, beside those that the shape needs", "instructions,cycles,fp_ops"},
    {"tlb", "misses of the translation buffers",
     "instructions,PAPI_TLB_DM,PAPI_TLB_IM,dTLB-load-misses,iTLB-load-misses"},
    {"energy", "joules of the processor packages", "cpu_ns"},
    {0},
};

static struct {
    char names[CB_MAX_CHOSEN][NAME_BYTES];
    size_t n;
} chosen;

size_t cb_chosen_events(void)
{
    return chosen.n;
}

const char *cb_chosen_name(size_t i)
{
    return chosen.names[i];
}

static bool is_standard(const char *name)
{
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++)
        if (!strcmp(cb_event_name(event), name)) return true;
    return false;
}

/* As PAPI writes the names of native events: "component::event:mask=value". */
static bool looks_native(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_:.=-+", *c)) return false;
    return strchr(name, ':') != NULL;
}

/* Every name that is known without a PMU: a native event is only known to a PAPI that can count. */
static size_t all_names(const char *names[MAX_NAMES])
{
    size_t n = 0;
    for (; n < CB_EVENT_COUNT; n++) names[n] = cb_event_name((enum cb_event)n);
    for (size_t i = 0; cb_perf_name(i); i++) names[n++] = cb_perf_name(i);
    return n + cb_papi_presets(names + n, MAX_NAMES - n);
}

static bool is_known(const char *name)
{
    const char *names[MAX_NAMES];
    const size_t n = all_names(names);
    int code;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name)) return true;
    if (!cb_counter_probe() && !cb_papi_ready()) return !cb_papi_code(name, &code);
    return looks_native(name); /* nobody here can tell */
}

static enum cb_status choose(const char *option, const char *name, struct cb_error *err)
{
    if (strlen(name) >= NAME_BYTES)
        return cb_fail(err, CB_BAD_INPUT, "%s: the name '%.80s' is longer than %d characters", option, name,
                       NAME_BYTES - 1);
    if (!is_known(name)) {
        const char *names[MAX_NAMES];
        const size_t n = all_names(names);
        const char *nearest = cb_nearest(name, names, n, strlen(name) / 3);
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: no event is called '%s'%s%s%s; `cyclebench info` lists those of perf and PAPI, and native "
                       "events are written as component::event",
                       option, name, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    }
    if (is_standard(name)) return CB_OK;
    for (size_t i = 0; i < chosen.n; i++)
        if (!strcmp(chosen.names[i], name)) return CB_OK;
    if (chosen.n == CB_MAX_CHOSEN)
        return cb_fail(err, CB_BAD_INPUT, "%s: more than %d events beside those that are always counted", option,
                       (int)CB_MAX_CHOSEN);
    snprintf(chosen.names[chosen.n++], NAME_BYTES, "%s", name);
    return CB_OK;
}

enum cb_status cb_choose_events(const char *option, const char *list, struct cb_error *err)
{
    char copy[2048];
    enum cb_status status = CB_OK;
    if (!*list || (size_t)snprintf(copy, sizeof copy, "%s", list) >= sizeof copy)
        return cb_fail(err, CB_BAD_INPUT, "%s: expected names of events, as in PAPI_TLB_DM,page-faults, got '%.64s'",
                       option, list);
    for (char *rest = copy, *name; !status && (name = strsep(&rest, ","));) status = choose(option, name, err);
    return status;
}

enum cb_status cb_choose_group(const char *name, const struct cb_event_group **group, struct cb_error *err)
{
    const char *names[sizeof cb_event_groups / sizeof *cb_event_groups];
    char list[128] = "";
    size_t n = 0;
    for (; cb_event_groups[n].name; n++) {
        names[n] = cb_event_groups[n].name;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", n ? ", " : "", names[n]);
        if (strcmp(names[n], name)) continue;
        if (group) *group = &cb_event_groups[n];
        return cb_choose_events("--group", cb_event_groups[n].events, err);
    }
    const char *nearest = cb_nearest(name, names, n, 2);
    return cb_fail(err, CB_BAD_INPUT, "--group: expected one of %s, got '%s'%s%s%s", list, name,
                   nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}
