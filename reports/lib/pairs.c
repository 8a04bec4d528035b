#include "pairs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "identity.h"
#include "memory.h"
#include "statistics.h"
#include "trainings.h"
#include "values.h"

/* --- speed-ups ---------------------------------------------------------------------------------------------------- */

static double time_of(const json_t *group, const char *statistic)
{
    char key[64];
    snprintf(key, sizeof key, "%s_seconds_to_target", statistic);
    const json_t *value = json_object_get(group, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Into object: how many times as fast `fast` is as `slow`, and between which values single trainings put it. */
static void put_speedup(json_t *object, const json_t *fast, const json_t *slow)
{
    const char *one = fast == slow ? "it is the slowest itself" : "one time each has no spread";
    bool spread =
        fast != slow && (time_of(fast, "max") > time_of(fast, "min") || time_of(slow, "max") > time_of(slow, "min"));
    cb_put(object, "speedup_to_target", json_real(time_of(slow, "mean") / time_of(fast, "mean")));
    cb_put_number(object, "min_speedup_to_target", spread ? time_of(slow, "min") / time_of(fast, "max") : (double)NAN,
                  one);
    cb_put_number(object, "max_speedup_to_target", spread ? time_of(slow, "max") / time_of(fast, "min") : (double)NAN,
                  one);
}

static void put_no_speedup(json_t *object, const char *reason)
{
    static const char *const keys[] = {"speedup_to_target", "min_speedup_to_target", "max_speedup_to_target"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) cb_put_missing(object, keys[k], "%s", reason);
}

static bool has_time(const json_t *group)
{
    return time_of(group, "mean") > 0 && time_of(group, "min") > 0;
}

static const char *why_no_speedup(const json_t *group, const char *impossible)
{
    if (json_integer_value(json_object_get(group, "reached")) == 0) return "not reached";
    if (!has_time(group)) return "no run at the target has a time";
    return impossible;
}

void cb_groups_add_speedups(json_t *groups, const struct cb_times *times, const char *impossible)
{
    json_t *group;
    size_t i, parts = 0;
    const json_t *slowest = NULL;
    json_array_foreach(groups, i, group)
    {
        if (!has_time(group) || times->chosen[i] != times->common) continue;
        parts++;
        if (!slowest || time_of(group, "mean") > time_of(slowest, "mean")) slowest = group;
    }
    json_array_foreach(groups, i, group)
    {
        const char *reason = why_no_speedup(group, impossible);
        if (!reason && times->chosen[i] != times->common) reason = "its times are of another machine";
        if (!reason && parts < 2) reason = "no other time on the same machine to set beside it";
        if (reason)
            put_no_speedup(group, reason);
        else
            put_speedup(group, group, slowest);
    }
}

/* --- pairs -------------------------------------------------------------------------------------------------------- */

struct difference {
    const char *before, *after; /* "mean" and, say, "epochs_difference" */
    size_t member;              /* of struct cb_training */
    bool is_time;
};

static const struct difference differences[] = {
    {"accuracy", "difference_percent", offsetof(struct cb_training, accuracy_percent), false},
    {"epochs", "difference", offsetof(struct cb_training, epochs_to_target), false},
    {"seconds", "difference", offsetof(struct cb_training, seconds_to_target), true},
};

struct side {
    const struct cb_training *trainings;
    size_t n;
    const json_t *objects;
};

static const json_t *seed_of(const struct side *side, size_t training)
{
    const json_t *object = json_array_get(side->objects, side->trainings[training].first);
    return json_object_get(json_object_get(object, "recipe_keys"), "run.seed");
}

/* The only training of that seed; NULL: there is none, or two that differ. */
static const struct cb_training *with_seed(const struct side *side, const json_t *seed)
{
    const struct cb_training *found = NULL;
    for (size_t t = 0; t < side->n; t++) {
        if (!seed || !json_equal(seed_of(side, t), seed)) continue;
        if (found) return NULL;
        found = &side->trainings[t];
    }
    return found;
}

static void put_difference(json_t *pair, const struct difference *what, const struct side sides[2], const char *reason)
{
    double *values = cb_report_alloc(sides[0].n * sizeof *values);
    size_t n = 0;
    for (size_t t = 0; t < sides[0].n && !reason; t++) {
        const struct cb_training *a = with_seed(&sides[0], seed_of(&sides[0], t)),
                                 *b = with_seed(&sides[1], seed_of(&sides[0], t));
        if (!a || !b) continue;
        double value = cb_training_value(a, what->member) - cb_training_value(b, what->member);
        if (isfinite(value)) values[n++] = value;
    }
    struct cb_statistics s = cb_statistics_of(values, n);
    free(values);
    if (!reason) reason = n ? "one pair has no spread" : "no seed for which both have it";
    char key[64];
    snprintf(key, sizeof key, "n_%s_%s", what->before, what->after);
    cb_put(pair, key, json_integer((json_int_t)n));
    snprintf(key, sizeof key, "mean_%s_%s", what->before, what->after);
    cb_put_number(pair, key, s.mean, reason);
    snprintf(key, sizeof key, "sd_%s_%s", what->before, what->after);
    cb_put_number(pair, key, s.sd, reason);
}

static json_t *make_pair(const struct side sides[2], const json_t *const groups[2], bool same_machine, bool same_images)
{
    const char *incomparable = same_images ? NULL : "they were evaluated on different images";
    static const char machines[] = "their times are of different machines";
    json_t *pair = json_object(), *labels = json_array(), *seeds = json_array();
    for (int i = 0; i < 2; i++) cb_append(labels, json_incref(json_object_get(groups[i], "label")));
    for (size_t t = 0; t < sides[0].n; t++)
        if (with_seed(&sides[0], seed_of(&sides[0], t)) && with_seed(&sides[1], seed_of(&sides[0], t)))
            cb_append(seeds, cb_value_text(seed_of(&sides[0], t)));
    cb_put(pair, "groups", labels);
    cb_put(pair, "seeds", seeds);
    for (size_t d = 0; d < sizeof differences / sizeof *differences; d++) {
        const char *reason = incomparable;
        if (!reason && differences[d].is_time && !same_machine) reason = machines;
        put_difference(pair, &differences[d], sides, reason);
    }
    const char *reason = why_no_speedup(groups[0], incomparable);
    if (!reason) reason = why_no_speedup(groups[1], incomparable);
    if (!reason && !same_machine) reason = machines;
    if (reason)
        put_no_speedup(pair, reason);
    else
        put_speedup(pair, groups[0], groups[1]);
    return pair;
}

static bool same_images(const struct cb_report_run *runs, const struct cb_grouping *in, size_t a, size_t b)
{
    for (size_t i = 0; i < in->runs; i++)
        for (size_t j = 0; in->group[i] == a && j < in->runs; j++)
            if (in->group[j] == b &&
                (cb_same_images(runs, in->runs, i, j, true) == CB_DIFFERENT ||
                 !cb_equal(cb_member(runs[i].header, "evaluated_on"), cb_member(runs[j].header, "evaluated_on"))))
                return false;
    return true;
}

json_t *cb_pair(const struct cb_report_run *runs, const struct cb_grouping *in, const struct cb_times *times,
                const json_t *objects, const json_t *groups, size_t a, size_t b)
{
    struct side sides[2] = {{.objects = objects}, {.objects = objects}};
    const json_t *const two[2] = {json_array_get(groups, a), json_array_get(groups, b)};
    sides[0].trainings = cb_trainings_of(runs, in, times, objects, a, &sides[0].n);
    sides[1].trainings = cb_trainings_of(runs, in, times, objects, b, &sides[1].n);
    json_t *pair = make_pair(sides, two, times->chosen[a] == times->chosen[b], same_images(runs, in, a, b));
    for (int i = 0; i < 2; i++) free((struct cb_training *)sides[i].trainings);
    return pair;
}

json_t *cb_pairs(const struct cb_report_run *runs, const struct cb_grouping *in, const struct cb_times *times,
                 const json_t *objects, const json_t *groups)
{
    json_t *pairs = json_array();
    for (size_t a = 0; a < in->groups; a++)
        for (size_t b = a + 1; b < in->groups; b++) cb_append(pairs, cb_pair(runs, in, times, objects, groups, a, b));
    return pairs;
}
