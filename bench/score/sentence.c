#include "sentence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void cb_score_time_text(char *text, size_t bytes, double seconds, int decimals)
{
    const double minutes = floor(seconds / 60 + 0.5);
    if (seconds < 100)
        snprintf(text, bytes, "%.*f s", decimals, seconds);
    else if (seconds < 6000)
        snprintf(text, bytes, "%.*f min", decimals, seconds / 60);
    else
        snprintf(text, bytes, "%.0f h %02.0f min", floor(minutes / 60), fmod(minutes, 60));
}

const char *cb_score_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static double seconds_of(const json_t *projection)
{
    return json_number_value(json_object_get(projection, "seconds_to_target"));
}

/* "the step schedule (step-64k-b)"; where both have the same schedule, the recipe alone. */
static void name_it(char name[200], const json_t *projection, const json_t *other)
{
    const char *schedule = cb_score_text(projection, "schedule"), *recipe = cb_score_text(projection, "recipe");
    const char *known = !strcmp(schedule, "one_cycle") ? "1cycle"
                        : !strcmp(schedule, "step")    ? "the step schedule"
                                                       : NULL;
    if (known && other && strcmp(schedule, cb_score_text(other, "schedule")))
        snprintf(name, 200, "%s (%s)", known, recipe);
    else
        snprintf(name, 200, "%s", recipe);
}

/* "step-64k-b seed 1, 3 (not 2, which missed it)" */
static void list_seeds(char list[400], const json_t *projection)
{
    size_t i, length = (size_t)snprintf(list, 400, "%.80s seed ", cb_score_text(projection, "recipe"));
    const json_t *missed = json_object_get(projection, "seeds_not_reached");
    json_t *seed;
    json_array_foreach(json_object_get(projection, "epochs_to_target"), i, seed) if (length < 200) length +=
        (size_t)snprintf(list + length, 400 - length, "%s%lld", i ? ", " : "",
                         (long long)json_integer_value(json_object_get(seed, "seed")));
    json_array_foreach(missed, i, seed) if (length < 300) length +=
        (size_t)snprintf(list + length, 400 - length, "%s%lld", i ? ", " : " (not ",
                         (long long)json_integer_value(json_object_get(seed, "seed")));
    if (json_array_size(missed)) snprintf(list + length, 400 - length, ", which missed it)");
}

/* The first that is projected in the fastest version; and then one of another schedule, or any other; NULL: none. */
static void choose(const json_t *document, const json_t *chosen[2])
{
    size_t i;
    json_t *p;
    chosen[0] = chosen[1] = NULL;
    json_array_foreach(json_object_get(document, "projections"), i, p)
    {
        if (!json_is_number(json_object_get(p, "seconds_to_target")) ||
            strcmp(cb_score_text(p, "numerics"), cb_score_text(document, "fastest_numerics")))
            continue;
        if (!chosen[0])
            chosen[0] = p;
        else if (!chosen[1] || (!strcmp(cb_score_text(chosen[1], "schedule"), cb_score_text(chosen[0], "schedule")) &&
                                strcmp(cb_score_text(p, "schedule"), cb_score_text(chosen[0], "schedule"))))
            chosen[1] = p;
    }
}

void cb_score_put_summary(json_t *document)
{
    const json_t *p[2];
    char name[2][200], seeds[2][400], time[2][32];
    const double target = json_number_value(json_object_get(document, "target_percent"));
    const char *disturbed =
        json_is_true(json_object_get(document, "disturbed")) ? "; other programs disturbed the measurement" : "";
    choose(document, p);
    if (!p[0]) {
        json_object_set_new(document, "summary", json_null());
        json_object_set_new(document, "summary_reason", json_string("nothing is projected"));
        return;
    }
    for (size_t i = 0; i < 2 && p[i]; i++) {
        name_it(name[i], p[i], p[1 - i]);
        list_seeds(seeds[i], p[i]);
        cb_score_time_text(time[i], sizeof time[i], seconds_of(p[i]), 0);
    }
    const char *version = cb_score_text(document, "fastest_numerics");
    json_t *summary =
        p[1] ? json_sprintf("On this machine %s would reach %g %% in about %s, %s in about %s: %.2f times as fast "
                            "(projection with %s, from the epochs of %s and %s%s).",
                            name[0], target, time[0], name[1], time[1], seconds_of(p[1]) / seconds_of(p[0]), version,
                            seeds[0], seeds[1], disturbed)
             : json_sprintf(
                   "On this machine %s would reach %g %% in about %s (projection with %s, from the epochs of %s%s).",
                   name[0], target, time[0], version, seeds[0], disturbed);
    json_object_set_new(document, "summary", summary);
}
