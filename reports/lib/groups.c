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
        cb_put(group, "label", json_incref(json_object_get(object, "name")));
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
    cb_groups_label(groups);
    return groups;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* The groups of one recipe's name, with the label of group. */
static json_t *namesakes(const json_t *groups, const json_t *group, const char *key)
{
    json_t *same = json_array(), *other;
    size_t i;
    json_array_foreach((json_t *)groups, i,
                       other) if (json_equal(json_object_get(other, key), json_object_get(group, key)))
        cb_append(same, json_incref(other));
    return same;
}

static json_t *recipe_value(const json_t *group, const char *key)
{
    return json_object_get(json_object_get(group, "recipe_keys"), key);
}

/* Whether two of the groups have other values of a key; one that lacks it has none. */
static bool differ_in(const json_t *groups, const char *key)
{
    const json_t *first = NULL, *group;
    size_t i;
    json_array_foreach((json_t *)groups, i, group)
    {
        const json_t *value = recipe_value(group, key);
        if (first && value && !json_equal(first, value)) return true;
        if (value) first = value;
    }
    return false;
}

/* Whether a group with the same kind of schedule has a key that this one lacks. */
static bool is_older(const json_t *groups, const json_t *group)
{
    const char *key;
    json_t *other, *value;
    size_t i;
    json_array_foreach((json_t *)groups, i, other)
    {
        if (!cb_equal(recipe_value(group, "schedule.kind"), recipe_value(other, "schedule.kind"))) continue;
        json_object_foreach(json_object_get(other, "recipe_keys"), key,
                            value) if (!recipe_value(group, key)) return true;
    }
    return false;
}

/* " bf16-all" or " schedule.lr_max=2" for each key in which groups of this name differ. */
static json_t *distinction(const json_t *same, const json_t *group)
{
    json_t *keys = cb_recipe_all_keys(same), *text = cb_sentence("%s", ""), *key;
    size_t i;
    json_array_foreach(keys, i, key)
    {
        const char *name = json_string_value(key);
        if (!recipe_value(group, name) || !differ_in(same, name)) continue;
        json_t *value = cb_value_text(recipe_value(group, name));
        bool speaks_for_itself = !strcmp(name, "numerics.version");
        json_t *longer = cb_sentence("%s %s%s%s", json_string_value(text), speaks_for_itself ? "" : name,
                                     speaks_for_itself ? "" : "=", json_string_value(value));
        json_decref(value);
        json_decref(text);
        text = longer;
    }
    json_decref(keys);
    return text;
}

void cb_groups_label(json_t *groups)
{
    json_t *group, *other, *labels = json_array();
    size_t i, j;
    json_array_foreach(groups, i, group)
    {
        json_t *same = namesakes(groups, group, "recipe"), *text = distinction(same, group);
        cb_append(labels, cb_sentence("%s%s%s", json_string_value(json_object_get(group, "recipe")),
                                      json_string_value(text), is_older(same, group) ? " (older record)" : ""));
        json_decref(text);
        json_decref(same);
    }
    /* What still has one name differs in images, start weights or what an older record does not tell. */
    json_array_foreach(groups, i, group)
    {
        size_t number = 1;
        const char *label = json_string_value(json_array_get(labels, i));
        json_array_foreach(labels, j, other) number += j < i && !strcmp(json_string_value(other), label);
        cb_put(group, "label", number == 1 ? cb_sentence("%s", label) : cb_sentence("%s (%zu)", label, number));
    }
    json_decref(labels);
}
