/* Groups and a target in one sentence: who reached it, in the order of their times. */
#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "summary.h"
#include "values.h"

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)INFINITY;
}

/* Those without a time come last, in the order of their epochs. */
static int by_time(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    const double time[] = {number(x, "mean_seconds_to_target"), number(y, "mean_seconds_to_target")},
                 epochs[] = {number(x, "mean_epochs_to_target"), number(y, "mean_epochs_to_target")};
    if (time[0] < time[1] || time[0] > time[1]) return time[0] < time[1] ? -1 : 1;
    return (epochs[0] > epochs[1]) - (epochs[0] < epochs[1]);
}

/* "step-64k-b after 40.6 min (1 of 1 run)"; of another machine than the first, it says so. */
static json_t *piece(const json_t *group, const json_t *first)
{
    const double seconds = number(group, "mean_seconds_to_target");
    const char *images = json_object_get(group, "accuracies_are_of") ? ", synthetic images" : "";
    const long long reached = (long long)json_integer_value(json_object_get(group, "reached")),
                    n = (long long)json_integer_value(json_object_get(group, "n"));
    const char *label = json_string_value(json_object_get(group, "label")),
               *machine = cb_equal(json_object_get(group, "times_of"), json_object_get(first, "times_of"))
                              ? ""
                              : ", on another machine";
    const char *unit = seconds < 600 ? "s" : "min", *runs = n == 1 ? "run" : "runs";
    if (!isfinite(seconds))
        return cb_sentence("%s in epoch %.0f (%lld of %lld %s, none with a time%s)", label,
                           number(group, "mean_epochs_to_target"), reached, n, runs, images);
    return cb_sentence("%s after %.1f %s (%lld of %lld %s%s%s)", label, seconds < 600 ? seconds : seconds / 60, unit,
                       reached, n, runs, machine, images);
}

/* A group that did not reach the target, maybe because its runs did not end. */
static json_t *failure(const json_t *group)
{
    const bool open = json_integer_value(json_object_get(group, "undecided")) > 0;
    return cb_sentence("%s%s%s", json_string_value(json_object_get(group, "label")), open ? " (not finished)" : "",
                       json_object_get(group, "accuracies_are_of") ? " (synthetic images)" : "");
}

json_t *cb_order_summary(const json_t *groups, double target)
{
    const size_t count = json_array_size(groups);
    json_t **sorted = cb_report_alloc(count * sizeof *sorted), *reached = json_array(), *missed = json_array();
    for (size_t i = 0; i < count; i++) sorted[i] = json_array_get(groups, i);
    qsort(sorted, count, sizeof *sorted, by_time);
    for (size_t i = 0; i < count; i++) {
        if (json_integer_value(json_object_get(sorted[i], "reached")))
            cb_append(reached, piece(sorted[i], sorted[0]));
        else
            cb_append(missed, failure(sorted[i]));
    }
    json_t *first = cb_joined(reached), *others = cb_joined(missed), *text;
    if (!json_array_size(reached))
        text = cb_sentence("None reached %g %%: %s.", target, json_string_value(others));
    else
        text = cb_sentence("%g %% was reached by %s%s%s.", target, json_string_value(first),
                           json_array_size(missed) ? "; not by " : "", json_string_value(others));
    json_decref(first);
    json_decref(others);
    json_decref(reached);
    json_decref(missed);
    free(sorted);
    return text;
}
