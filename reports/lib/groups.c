#include "groups.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "memory.h"
#include "recipe.h"
#include "statistics.h"
#include "trainings.h"
#include "values.h"

/* --- statistics --------------------------------------------------------------------------------------------------- */

static void put_statistic(json_t *group, const char *statistic, const char *of, double value, const char *reason)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", statistic, of);
    cb_put_number(group, key, value, reason);
}

struct quantity {
    const char *name;
    size_t member;          /* of struct cb_training */
    bool spread;            /* not only the mean */
    const char *if_missing; /* why no training has it */
};

static const struct quantity quantities[] = {
    {"accuracy_percent", offsetof(struct cb_training, accuracy_percent), true, "no training was completed"},
    {"epochs_to_target", offsetof(struct cb_training, epochs_to_target), true, "no training reached it"},
    {"seconds_to_target", offsetof(struct cb_training, seconds_to_target), true, "no run at the target has a time"},
    {"whole_seconds", offsetof(struct cb_training, whole_seconds), true, "no completed run has a time"},
    {"images_per_second", offsetof(struct cb_training, images_per_second), false, "no run has a time"},
    {"best_accuracy_percent", offsetof(struct cb_training, best_accuracy_percent), false, "no training was completed"},
    {"final_train_loss", offsetof(struct cb_training, train_loss), false, "no completed run tells it"},
    {"final_eval_loss", offsetof(struct cb_training, eval_loss), false, "no completed run tells it"},
};

static void put_quantity(json_t *group, const struct quantity *quantity, const struct cb_training *trainings, size_t n)
{
    double *values = cb_report_alloc(n * sizeof *values);
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        double value = cb_training_value(&trainings[i], quantity->member);
        if (isfinite(value)) values[known++] = value;
    }
    struct cb_statistics s = cb_statistics_of(values, known);
    free(values);
    const char *if_missing = quantity->if_missing;
    if (strstr(quantity->name, "_to_target") && !json_integer_value(json_object_get(group, "reached")))
        if_missing = "not reached";
    char key[64];
    snprintf(key, sizeof key, "n_%s", quantity->name);
    cb_put(group, key, json_integer((json_int_t)known));
    put_statistic(group, "mean", quantity->name, s.mean, if_missing);
    if (!quantity->spread) return;
    const char *spread = known ? "one value has no spread" : if_missing;
    put_statistic(group, "sd", quantity->name, s.sd, spread);
    put_statistic(group, "min", quantity->name, s.min, if_missing);
    put_statistic(group, "max", quantity->name, s.max, if_missing);
    put_statistic(group, "lower_bound", quantity->name, s.lower_bound, spread);
}

/* --- what a group is ---------------------------------------------------------------------------------------------- */

static const json_t *seed_of(const json_t *object)
{
    return json_object_get(json_object_get(object, "recipe_keys"), "run.seed");
}

/* Numbers as text: the longer one, or of equal length the later one. */
static bool is_later(const json_t *a, const json_t *b)
{
    size_t length = json_string_length(a), other = json_string_length(b);
    return length == other ? strcmp(json_string_value(a), json_string_value(b)) > 0 : length > other;
}

static void put_members(json_t *group, const struct cb_grouping *in, const json_t *objects, size_t index)
{
    json_t *runs = json_array(), *seeds = json_array();
    for (size_t i = 0; i < in->runs; i++) {
        const json_t *object = json_array_get(objects, i), *seed = seed_of(object);
        if (in->group[i] != index) continue;
        cb_append(runs, json_incref(json_object_get(object, "run")));
        if (!seed) continue;
        json_t *text = cb_value_text(seed);
        bool told = false;
        for (size_t k = 0; k < json_array_size(seeds) && !told; k++) told = json_equal(json_array_get(seeds, k), text);
        size_t at = 0;
        while (at < json_array_size(seeds) && !is_later(json_array_get(seeds, at), text)) at++;
        if (!told) json_array_insert(seeds, at, text);
        json_decref(text);
    }
    cb_put(group, "runs", runs);
    cb_put(group, "seeds", seeds);
}

static void put_outcomes(json_t *group, const struct cb_training *trainings, size_t n)
{
    size_t outcomes[] = {[CB_REACHED] = 0, [CB_MISSED] = 0, [CB_OPEN] = 0};
    for (size_t i = 0; i < n; i++) outcomes[trainings[i].outcome]++;
    cb_put(group, "n", json_integer((json_int_t)n));
    cb_put(group, "reached", json_integer((json_int_t)outcomes[CB_REACHED]));
    cb_put(group, "missed", json_integer((json_int_t)outcomes[CB_MISSED]));
    cb_put(group, "undecided", json_integer((json_int_t)outcomes[CB_OPEN]));
}

/* What is not in the statistics, and why: a sentence a run. */
static void put_left_out(json_t *group, const struct cb_grouping *in, const struct cb_times *times,
                         const json_t *objects, const struct cb_training *trainings, size_t n, size_t index)
{
    json_t *accuracies = json_array(), *seconds = json_array();
    bool at_least = false;
    for (size_t t = 0; t < n; t++) {
        const json_t *object = json_array_get(objects, trainings[t].first);
        if (isfinite(trainings[t].accuracy_percent)) continue;
        const char *status = json_string_value(json_object_get(object, "status")),
                   *reason = json_string_value(json_object_get(object, "final_accuracy_percent_reason"));
        bool cut_short = !strcmp(status, "interrupted") || !strcmp(status, "unfinished") || !strcmp(status, "diverged");
        cb_append(accuracies, cb_sentence("%s (%s)", json_string_value(json_object_get(object, "run")),
                                          cut_short || !reason ? status : reason));
    }
    for (size_t i = 0; i < in->runs; i++) {
        const json_t *object = json_array_get(objects, i);
        if (in->group[i] != index) continue;
        if (cb_times_count(times, in, i)) {
            at_least = at_least || json_is_true(json_object_get(object, "times_are_at_least"));
            continue;
        }
        const char *disturbed = json_string_value(json_object_get(object, "disturbed"));
        const char *reason = times->barred[i] ? times->barred[i] : "on another machine or with other threads";
        cb_append(seconds, cb_sentence("%s (%s%s%s)", json_string_value(json_object_get(object, "run")), reason,
                                       disturbed ? ": " : "", disturbed ? disturbed : ""));
    }
    cb_put(group, "accuracies_left_out", accuracies);
    cb_put(group, "times_left_out", seconds);
    cb_put(group, "times_are_at_least", json_boolean(at_least));
}

static void put_times_of(json_t *group, const struct cb_report_run *runs, size_t chosen)
{
    json_t *machine = json_object();
    if (chosen < SIZE_MAX) {
        cb_put_machine(machine, json_object_get(runs[chosen].header, "machine"));
        json_object_del(machine, "commit"); /* of one run only, as the next two */
        json_object_del(machine, "compiler");
        json_object_del(machine, "flags");
        cb_copy(machine, "threads", runs[chosen].header, "threads");
        cb_put(group, "times_of", machine);
        return;
    }
    json_decref(machine);
    cb_put_missing(group, "times_of", "no run has a time");
}

static void copy_with_reason(json_t *group, const char *key, const json_t *object)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    json_t *reason = json_object_get(object, reason_key);
    cb_put(group, key, json_incref(json_object_get(object, key)));
    if (reason) cb_put(group, reason_key, json_incref(reason));
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static json_t *recipe_value(const json_t *group, const char *key)
{
    return json_object_get(json_object_get(group, "recipe_keys"), key);
}

static bool same_recipe_name(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "recipe"), json_object_get(b, "recipe"));
}

/* Of the groups with one recipe's name. */
struct namesakes {
    json_t *differing; /* keys of which two groups have other values; one that lacks a key has none */
    json_t *known;     /* by kind of schedule: keys that any of them has */
};

static json_t *known_keys(json_t *known, const json_t *group)
{
    json_t *kind = cb_value_text(recipe_value(group, "schedule.kind"));
    if (!json_object_get(known, json_string_value(kind))) cb_put(known, json_string_value(kind), json_object());
    json_t *keys = json_object_get(known, json_string_value(kind));
    json_decref(kind);
    return keys;
}

static struct namesakes namesakes_of(const json_t *groups, const json_t *group)
{
    struct namesakes same = {json_object(), json_object()};
    json_t *first = json_object(), *other, *value;
    const char *key;
    size_t i;
    json_array_foreach((json_t *)groups, i, other)
    {
        if (!same_recipe_name(group, other)) continue;
        json_t *known = known_keys(same.known, other);
        json_object_foreach(json_object_get(other, "recipe_keys"), key, value)
        {
            cb_put(known, key, json_true());
            if (!json_object_get(first, key)) cb_put(first, key, json_incref(value));
            if (!json_equal(json_object_get(first, key), value)) cb_put(same.differing, key, json_true());
        }
    }
    json_decref(first);
    return same;
}

/* "1cycle-70 bf16-all", "1cycle-70 schedule.lr_max=2": the recipe's name and what tells it from its namesakes. */
static json_t *label_of(const json_t *group, const struct namesakes *same)
{
    json_t *text = cb_sentence("%s", json_string_value(json_object_get(group, "recipe")));
    const char *key;
    json_t *unused;
    json_object_foreach(same->differing, key, unused)
    {
        if (!recipe_value(group, key)) continue;
        json_t *value = cb_value_text(recipe_value(group, key));
        bool speaks_for_itself = !strcmp(key, "numerics.version");
        json_t *longer = cb_sentence("%s %s%s%s", json_string_value(text), speaks_for_itself ? "" : key,
                                     speaks_for_itself ? "" : "=", json_string_value(value));
        json_decref(value);
        json_decref(text);
        text = longer;
    }
    bool older = false;
    json_object_foreach(known_keys(same->known, group), key, unused) older = older || !recipe_value(group, key);
    json_t *label = cb_sentence("%s%s", json_string_value(text), older ? " (older record)" : "");
    json_decref(text);
    return label;
}

/* Into the groups that have the name of the group. */
static void label_namesakes(json_t *groups, const json_t *group)
{
    struct namesakes same = namesakes_of(groups, group);
    json_t *other;
    size_t i;
    json_array_foreach(groups, i, other) if (same_recipe_name(group, other))
        cb_put(other, "label", label_of(other, &same));
    json_decref(same.differing);
    json_decref(same.known);
}

/* Names for the groups, each another. */
static void add_labels(json_t *groups)
{
    json_t *group, *times = json_object();
    size_t i;
    json_array_foreach(groups, i, group) if (json_is_null(json_object_get(group, "label")))
        label_namesakes(groups, group);
    /* What still has one name differs in images, start weights or what an older record does not tell. */
    json_array_foreach(groups, i, group)
    {
        json_t *label = json_incref(json_object_get(group, "label"));
        const json_int_t number = json_integer_value(json_object_get(times, json_string_value(label))) + 1;
        cb_put(times, json_string_value(label), json_integer(number));
        if (number > 1) cb_put(group, "label", cb_sentence("%s (%lld)", json_string_value(label), (long long)number));
        json_decref(label);
    }
    json_decref(times);
}

/* --- the groups -------------------------------------------------------------------------------------------------- */

json_t *cb_groups(const struct cb_report_run *runs, const struct cb_grouping *in, const struct cb_times *times,
                  const json_t *objects)
{
    json_t *groups = json_array();
    for (size_t g = 0; g < in->groups; g++) {
        size_t n, first = 0;
        while (in->group[first] != g) first++;
        for (size_t i = in->runs; i-- > 0;) /* one that knows its images, if there is one */
            if (in->group[i] == g && runs[i].format > 1) first = i;
        struct cb_training *trainings = cb_trainings_of(runs, in, times, objects, g, &n);
        const json_t *object = json_array_get(objects, first);
        json_t *group = json_object();
        cb_put(group, "label", json_null());
        cb_put(group, "recipe", json_incref(json_object_get(object, "name")));
        put_members(group, in, objects, g);
        put_outcomes(group, trainings, n);
        for (size_t q = 0; q < sizeof quantities / sizeof *quantities; q++)
            put_quantity(group, &quantities[q], trainings, n);
        put_left_out(group, in, times, objects, trainings, n, g);
        put_times_of(group, runs, times->chosen[g]);
        cb_put(group, "recipe_keys", cb_group_recipe(object));
        static const char *const same[] = {"network",      "evaluated_on", "data_kind",
                                           "train_sha256", "eval_sha256",  "init_weights"};
        for (size_t k = 0; k < sizeof same / sizeof *same; k++) copy_with_reason(group, same[k], object);
        if (json_object_get(object, "accuracies_are_of"))
            cb_put(group, "accuracies_are_of", json_incref(json_object_get(object, "accuracies_are_of")));
        cb_append(groups, group);
        free(trainings);
    }
    add_labels(groups);
    return groups;
}
