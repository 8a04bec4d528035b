#include "times.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "memory.h"
#include "values.h"

bool cb_same_setting(const struct cb_report_run *a, const struct cb_report_run *b)
{
    return cb_same_machine(cb_member(a->header, "machine"), cb_member(b->header, "machine")) &&
           cb_equal(cb_member(a->header, "machine.isa_selected"), cb_member(b->header, "machine.isa_selected")) &&
           cb_equal(cb_member(a->header, "threads"), cb_member(b->header, "threads"));
}

static bool resumed_elsewhere(const struct cb_report_run *run)
{
    for (size_t r = 0; r < json_array_size(run->resumes); r++) {
        const json_t *line = json_array_get(run->resumes, r), *machine = json_object_get(line, "machine");
        if (!machine) continue; /* format 1 */
        if (!cb_same_machine(cb_member(run->header, "machine"), machine) ||
            !cb_equal(cb_member(run->header, "machine.isa_selected"), json_object_get(machine, "isa_selected")) ||
            !cb_equal(cb_member(run->header, "threads"), json_object_get(line, "threads")))
            return true;
    }
    return false;
}

/* A run that neither reached the target nor ended has no time that says something of its recipe. */
static const char *why_barred(const struct cb_report_run *run, const json_t *object, bool with_resumed)
{
    const char *status = json_string_value(json_object_get(object, "status"));
    if (json_is_string(json_object_get(object, "disturbed"))) return "disturbed";
    if (resumed_elsewhere(run)) return "resumed on another machine or with other threads";
    if (run->times_resumed && !with_resumed) return "resumed; --with-resumed takes it in";
    if (!json_is_number(json_object_get(object, "seconds_to_target")) && strcmp(status, "completed"))
        return "neither at the target nor at its end";
    return NULL;
}

static bool has_times(const struct cb_times *times, const struct cb_grouping *in, size_t group, size_t machine)
{
    for (size_t i = 0; i < in->runs; i++)
        if (in->group[i] == group && times->machine[i] == machine && !times->barred[i]) return true;
    return false;
}

/* Runs with times on a machine, of one group or, with SIZE_MAX, of all. */
static size_t count_runs(const struct cb_times *times, const struct cb_grouping *in, size_t group, size_t machine)
{
    size_t n = 0;
    for (size_t i = 0; i < in->runs; i++)
        n += (group == SIZE_MAX || in->group[i] == group) && times->machine[i] == machine && !times->barred[i];
    return n;
}

static size_t count_groups(const struct cb_times *times, const struct cb_grouping *in, size_t machine)
{
    size_t n = 0;
    for (size_t g = 0; g < in->groups; g++) n += has_times(times, in, g, machine);
    return n;
}

/* The machine of most groups, then runs; of one group alone, or of all. */
static size_t most_common(const struct cb_times *times, const struct cb_grouping *in, size_t group)
{
    size_t best = SIZE_MAX, most_groups = 0, most_runs = 0;
    for (size_t i = 0; i < in->runs; i++) {
        size_t machine = times->machine[i];
        if (machine != i) continue;
        size_t runs = count_runs(times, in, group, machine),
               groups = group == SIZE_MAX ? count_groups(times, in, machine) : 1;
        if (!runs) continue;
        if (best != SIZE_MAX && (groups < most_groups || (groups == most_groups && runs <= most_runs))) continue;
        best = machine;
        most_groups = groups;
        most_runs = runs;
    }
    return best;
}

struct cb_times cb_times_choose(const struct cb_report_run *runs, const struct cb_grouping *in, const json_t *objects,
                                bool with_resumed)
{
    struct cb_times times = {.machine = cb_report_alloc(in->runs * sizeof *times.machine),
                             .barred = cb_report_alloc(in->runs * sizeof *times.barred),
                             .chosen = cb_report_alloc(in->groups * sizeof *times.chosen)};
    for (size_t i = 0; i < in->runs; i++) {
        size_t first = 0;
        while (first < i && !cb_same_setting(&runs[first], &runs[i])) first++;
        times.machine[i] = first;
        times.barred[i] = why_barred(&runs[i], json_array_get(objects, i), with_resumed);
    }
    times.common = most_common(&times, in, SIZE_MAX);
    for (size_t g = 0; g < in->groups; g++)
        times.chosen[g] = has_times(&times, in, g, times.common) ? times.common : most_common(&times, in, g);
    return times;
}

void cb_times_free(struct cb_times *times)
{
    free(times->machine);
    free(times->barred);
    free(times->chosen);
}

bool cb_times_count(const struct cb_times *times, const struct cb_grouping *in, size_t i)
{
    return !times->barred[i] && times->machine[i] == times->chosen[in->group[i]];
}
