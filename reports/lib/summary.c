#include "summary.h"

#include <math.h>
#include <string.h>

#include "identity.h"
#include "times.h"
#include "values.h"

static double time_of(const json_t *object)
{
    const json_t *seconds = json_object_get(object, "seconds_to_target");
    return json_is_number(seconds) ? json_number_value(seconds) : (double)INFINITY;
}

static const char *name_of(const json_t *object)
{
    return json_string_value(json_object_get(object, "run"));
}

static bool resumed(const json_t *object)
{
    return json_is_true(json_object_get(object, "times_are_at_least"));
}

/* "after 100.5 s" */
static json_t *after(const json_t *object)
{
    return cb_sentence("after %s%.1f s", resumed(object) ? "at least " : "", time_of(object));
}

/* What the times of two runs that reached the target say. */
static json_t *verdict(const struct cb_report_run runs[2], const json_t *first, const json_t *second)
{
    const json_t *speedup = json_object_get(first, "speedup_to_target");
    if (cb_evaluated_differently(runs, 2))
        return cb_sentence("no speed-up, because they were evaluated on different images");
    if (json_is_string(json_object_get(first, "disturbed")) || json_is_string(json_object_get(second, "disturbed")))
        return cb_sentence("no speed-up, because a run was disturbed");
    if (!json_is_number(speedup)) return cb_sentence("no speed-up, because a run was resumed");
    const char *bound = resumed(first) ? resumed(second) ? "about " : "at most " : resumed(second) ? "at least " : "";
    return cb_sentence("%s%.2f times as fast%s", bound, json_number_value(speedup),
                       cb_same_setting(&runs[0], &runs[1]) ? "" : ", on different machines or with other threads");
}

/* It may still go on, or be resumed. */
static bool is_open(const json_t *object)
{
    const char *status = json_string_value(json_object_get(object, "status"));
    return !strcmp(status, "interrupted") || !strcmp(status, "unfinished");
}

/* first is the run that reached the target sooner. */
static json_t *result(const struct cb_report_run runs[2], const json_t *first, const json_t *second, double target)
{
    if (!isfinite(time_of(first)))
        return cb_sentence("neither %s nor %s reached %g %%%s", name_of(first), name_of(second), target,
                           is_open(first) && is_open(second)   ? " (both are not finished)"
                           : is_open(first) || is_open(second) ? " (one is not finished)"
                                                               : "");
    const json_t *best = json_object_get(second, "best_accuracy_percent");
    json_t *sooner = after(first), *later = after(second), *said = verdict(runs, first, second), *text;
    if (isfinite(time_of(second)))
        text = cb_sentence("%s reached %g %% %s, %s %s: %s", name_of(first), target, json_string_value(sooner),
                           name_of(second), json_string_value(later), json_string_value(said));
    else if (json_is_number(best))
        text = cb_sentence("%s reached %g %% %s, %s %s (at best %.2f %%)", name_of(first), target,
                           json_string_value(sooner), name_of(second),
                           is_open(second) ? "has not reached it so far" : "did not reach it", json_number_value(best));
    else
        text = cb_sentence("%s reached %g %% %s, %s was not evaluated", name_of(first), target,
                           json_string_value(sooner), name_of(second));
    json_decref(sooner);
    json_decref(later);
    json_decref(said);
    return text;
}

json_t *cb_summary(const struct cb_report_run runs[2], const json_t *objects, double target)
{
    const json_t *a = json_array_get(objects, 0), *b = json_array_get(objects, 1);
    const json_t *first = time_of(b) < time_of(a) ? b : a, *second = first == a ? b : a;
    json_t *text = result(runs, first, second, target);
    bool synthetic = cb_is_synthetic(&runs[0]) || cb_is_synthetic(&runs[1]);
    bool from_weights =
        json_is_object(json_object_get(a, "init_weights")) || json_is_object(json_object_get(b, "init_weights"));
    json_t *whole =
        cb_sentence("%s%s%s.", json_string_value(text), synthetic ? " (synthetic images, not CIFAR-10)" : "",
                    from_weights ? " (not both from scratch)" : "");
    json_decref(text);
    return whole;
}
