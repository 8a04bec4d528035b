#include "counter_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "counter_cause.h"
#include "counter_choice.h"
#include "counter_papi.h"
#include "counter_perf.h"
#include "counter_set.h"
#include "counters.h"
#include "energy.h"
#include "processor.h"

enum { MAX_PRESETS = 256 };

static const char *no_pmu(void)
{
    static char text[256];
    const int error = cb_counter_probe();
    if (error) cb_counter_cause(text, sizeof text, error, cb_counter_paranoid(), cb_processor_is_virtual());
    return error ? text : NULL;
}

static bool counts(int code, char *reason, size_t bytes)
{
    struct cb_counter_set set;
    long long value;
    int error = cb_set_start(&set, &code, 1);
    if (!error) error = cb_set_stop(&set, &value);
    if (error) snprintf(reason, bytes, "%s", cb_set_error(error));
    return !error;
}

/* NULL: the event can be counted. */
static const char *why_not(const char *name)
{
    static char reason[256];
    int code = cb_perf_code(name);
    const char *missing = no_pmu();
    if (missing && (code < 0 || !cb_perf_is_software(code))) return missing;
    if (code >= 0) return counts(code, reason, sizeof reason) ? NULL : reason;
    const char *problem = cb_papi_ready();
    if (problem) {
        snprintf(reason, sizeof reason, "PAPI cannot count: %s", problem);
        return reason;
    }
    const int error = cb_papi_code(name, &code);
    if (error) return cb_set_error(error);
    return counts(code, reason, sizeof reason) ? NULL : reason;
}

json_t *cb_event_names_describe(void)
{
    const char *presets[MAX_PRESETS], *name;
    json_t *perf = json_array(), *perf_missing = json_object(), *papi = json_array(), *papi_missing = json_object();
    for (size_t i = 0; (name = cb_perf_name(i)); i++) {
        const char *reason = why_not(name);
        if (reason)
            json_object_set_new(perf_missing, name, json_string(reason));
        else
            json_array_append_new(perf, json_string(name));
    }
    const size_t n = cb_papi_presets(presets, MAX_PRESETS);
    for (size_t i = 0; i < n; i++) {
        const char *reason = why_not(presets[i]);
        const json_int_t so_far = reason ? json_integer_value(json_object_get(papi_missing, reason)) : 0;
        if (reason)
            json_object_set_new(papi_missing, reason, json_integer(so_far + 1));
        else
            json_array_append_new(papi, json_string(presets[i]));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "perf", perf, "perf_missing", perf_missing, "papi_presets", papi,
                     "papi_presets_missing", papi_missing);
}

/* One of enum cb_event as it was proven, another as it is tried. */
static const char *group_obstacle(const json_t *counters, const char *name)
{
    char key[128];
    const json_t *source = json_object_get(counters, name);
    if (!source) return why_not(name);
    snprintf(key, sizeof key, "%s_reason", name);
    return json_is_string(source) ? NULL : json_string_value(json_object_get(counters, key));
}

/* Energy is no event. */
static const char *energy_obstacle(void)
{
    static struct cb_energy energy;
    cb_energy_open(&energy, "");
    return energy.packages ? NULL : energy.reason;
}

json_t *cb_event_groups_describe(void)
{
    json_t *groups = json_object(), *counters = cb_counters_describe();
    for (const struct cb_event_group *group = cb_event_groups; group->name; group++) {
        char list[256], key[64];
        const char *reason = !strcmp(group->name, "energy") ? energy_obstacle() : NULL;
        json_t *works = json_array();
        snprintf(list, sizeof list, "%s", !strcmp(group->name, "energy") ? "" : group->events);
        if (!*list && !reason) json_array_append_new(works, json_string("joules"));
        for (char *rest = list, *name; *list && (name = strsep(&rest, ","));) {
            const char *obstacle = group_obstacle(counters, name);
            if (obstacle && !reason) reason = obstacle;
            if (!obstacle) json_array_append_new(works, json_string(name));
        }
        snprintf(key, sizeof key, "%s_reason", group->name);
        if (reason) json_object_set_new(groups, key, json_string(reason));
        if (json_array_size(works))
            json_object_set(groups, group->name, works);
        else
            json_object_set_new(groups, group->name, json_null());
        json_decref(works);
    }
    json_decref(counters);
    return groups;
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void print_list(const char *label, const json_t *list)
{
    printf("  %-24s", label);
    for (size_t i = 0; i < json_array_size(list); i++) printf(" %s", json_string_value(json_array_get(list, i)));
    printf("%s\n", json_array_size(list) ? "" : " none");
}

/* Each reason once, with how many it holds for: {name: reason} or {reason: how many}. */
static void print_missing(const char *what, const json_t *reasons)
{
    const char *key;
    json_t *value, *counted = json_object();
    json_object_foreach((json_t *)reasons, key, value)
    {
        const char *reason = json_is_string(value) ? json_string_value(value) : key;
        const json_int_t more = json_is_string(value) ? 1 : json_integer_value(value);
        json_object_set_new(counted, reason, json_integer(json_integer_value(json_object_get(counted, reason)) + more));
    }
    json_object_foreach(counted, key, value)
        printf("  not counted: %lld %s\n    because %s\n", (long long)json_integer_value(value), what, key);
    json_decref(counted);
}

void cb_event_names_print(const json_t *names, const json_t *groups)
{
    printf("Events of your choice (cyclebench bench --events)\n");
    print_list("perf", json_object_get(names, "perf"));
    print_missing("events of perf", json_object_get(names, "perf_missing"));
    print_list("presets of PAPI", json_object_get(names, "papi_presets"));
    print_missing("presets of PAPI", json_object_get(names, "papi_presets_missing"));
    printf("Groups of events (cyclebench bench --group)\n");
    for (const struct cb_event_group *group = cb_event_groups; group->name; group++) {
        char key[64];
        snprintf(key, sizeof key, "%s_reason", group->name);
        const char *reason = json_string_value(json_object_get(groups, key));
        const json_t *works = json_object_get(groups, group->name);
        if (json_is_null(works)) {
            printf("  %-24s - (%s)\n", group->name, reason);
            continue;
        }
        print_list(group->name, works);
        if (reason) printf("  not counted: the others of %s\n    because %s\n", group->name, reason);
    }
}
