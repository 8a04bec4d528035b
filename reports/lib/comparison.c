#include "comparison.h"

#include <math.h>
#include <string.h>

#include "apart.h"
#include "bits.h"
#include "groups.h"
#include "identity.h"
#include "notebook.h"
#include "pairs.h"
#include "run_object.h"
#include "summary.h"
#include "values.h"
#include "warnings.h"

static json_t *recipe_value(const struct cb_report_run *run, const char *section, const char *key)
{
    return json_object_get(json_object_get(json_object_get(run->header, "recipe"), section), key);
}

/* Gives each run its value of a recipe's key, null where its recipe has none, if the runs differ in it. */
static void add_recipe_key(json_t *list, const struct cb_report_run *runs, size_t count, const char *section,
                           const char *key)
{
    static const char told_elsewhere[] = " schedule.kind data.batch network.depth network.shortcut numerics.version "
                                         "run.seed run.target run.checkpoint_every run.log_iterations ";
    bool same = true;
    for (size_t i = 1; i < count; i++)
        same = same && cb_equal(recipe_value(&runs[0], section, key), recipe_value(&runs[i], section, key));
    json_t *name = cb_sentence(" %s.%s ", section, key);
    bool told = strstr(told_elsewhere, json_string_value(name));
    json_decref(name);
    if (same || told) return;
    name = cb_sentence("%s.%s", section, key);
    for (size_t i = 0; i < count; i++) {
        json_t *value = recipe_value(&runs[i], section, key);
        cb_put(json_object_get(json_array_get(list, i), "recipe_differences"), json_string_value(name),
               value ? json_incref(value) : json_null());
    }
    json_decref(name);
}

static void add_recipe_differences(json_t *list, const struct cb_report_run *runs, size_t count)
{
    const char *section, *key;
    json_t *keys, *value;
    for (size_t i = 0; i < count; i++) cb_put(json_array_get(list, i), "recipe_differences", json_object());
    for (size_t i = 0; i < count; i++)
        json_object_foreach(json_object_get(runs[i].header, "recipe"), section, keys)
            json_object_foreach(keys, key, value) add_recipe_key(list, runs, count, section, key);
}

struct speedup {
    const char *key, *seconds_key;
    bool of_completed;      /* runs only */
    const char *impossible; /* why no run has one, or NULL */
};

/* Why a run takes no part in a speed-up; NULL: it does. */
static const char *left_out(const json_t *object, const struct speedup *speedup, bool with_resumed)
{
    const char *status = json_string_value(json_object_get(object, "status"));
    const json_t *seconds = json_object_get(object, speedup->seconds_key);
    if (speedup->of_completed && strcmp(status, "completed")) return "the run did not complete";
    if (!json_is_number(seconds)) return "not reached";
    if (speedup->impossible) return speedup->impossible;
    if (json_number_value(seconds) <= 0) return "its time is 0";
    if (!with_resumed && json_integer_value(json_object_get(object, "resumed")))
        return "it was resumed (--with-resumed takes it in)";
    return NULL;
}

/* How many times faster than the slowest of the runs that take part. */
static void add_speedup(json_t *runs, const struct speedup *speedup, bool with_resumed)
{
    double slowest = 0;
    size_t i, parts = 0;
    json_t *run;
    json_array_foreach(runs, i, run)
    {
        if (left_out(run, speedup, with_resumed)) continue;
        parts++;
        slowest = fmax(slowest, json_number_value(json_object_get(run, speedup->seconds_key)));
    }
    json_array_foreach(runs, i, run)
    {
        const char *reason = left_out(run, speedup, with_resumed);
        if (!reason && parts < 2) reason = "no other run to set beside it";
        if (reason)
            cb_put_missing(run, speedup->key, "%s", reason);
        else
            cb_put(run, speedup->key,
                   json_real(slowest / json_number_value(json_object_get(run, speedup->seconds_key))));
    }
}

json_t *cb_comparison(const struct cb_report_run *runs, size_t count, const struct cb_comparison_options *options)
{
    json_t *comparison = json_object(), *list = json_array();
    bool given = isfinite(options->target_percent);
    double target = given ? options->target_percent : json_number_value(cb_member(runs[0].header, "recipe.run.target"));
    for (size_t i = 0; i < count; i++) cb_append(list, cb_run_object(&runs[i], target));
    add_recipe_differences(list, runs, count);
    const char *differently =
        cb_evaluated_differently(runs, count) ? "the runs were evaluated on different images" : NULL;
    add_speedup(list, &(struct speedup){"speedup_total", "seconds", true, NULL}, options->with_resumed);
    add_speedup(list, &(struct speedup){"speedup_to_target", "seconds_to_target", false, differently},
                options->with_resumed);
    struct cb_grouping in = cb_grouping_make(runs, count, list);
    struct cb_times times = cb_times_choose(runs, &in, list, options->with_resumed);
    json_t *groups = cb_groups(runs, &in, &times, list);
    cb_groups_add_speedups(groups, &times, differently);
    json_t *pairs = cb_pairs(runs, &in, &times, list, groups),
           *warnings = cb_warnings(runs, count, list, target, given);
    cb_warn_of_groups(warnings, runs, &in, list, groups);
    if (options->notebook) {
        cb_notebook_add(list, options->notebook, target);
        cb_notebook_add(groups, options->notebook, target);
    }
    cb_put(comparison, "target_percent", json_real(target));
    cb_put(comparison, "target_source", json_string(given ? "--target" : "the recipe of the first run"));
    cb_put(comparison, "runs", list);
    cb_put(comparison, "groups", groups);
    cb_put(comparison, "pairs", pairs);
    cb_put(comparison, "same_trajectory", cb_same_groups(runs, count));
    cb_put(comparison, "same_epochs", cb_same_epochs(runs, count));
    cb_put(comparison, "warnings", warnings);
    if (count == 2)
        cb_put(comparison, "summary", cb_summary(runs, list, target));
    else if (in.groups == 2)
        cb_put(comparison, "summary", cb_group_summary(groups, json_array_get(pairs, 0), target));
    else
        cb_put(comparison, "summary", cb_order_summary(groups, target));
    cb_times_free(&times);
    cb_grouping_free(&in);
    return comparison;
}

size_t cb_comparison_reached(const json_t *comparison)
{
    size_t reached = 0, i;
    json_t *run;
    json_array_foreach(json_object_get(comparison, "runs"), i,
                       run) if (json_is_number(json_object_get(run, "seconds_to_target"))) reached++;
    return reached;
}
