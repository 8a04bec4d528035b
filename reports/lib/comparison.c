#include "comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "identity.h"
#include "memory.h"
#include "summary.h"
#include "values.h"
#include "warnings.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_images_per_second(const struct cb_report_run *run)
{
    double *rates = cb_report_alloc(run->epoch_count * sizeof *rates);
    size_t n = 0;
    for (size_t i = 0; i < run->epoch_count; i++)
        if (isfinite(run->epochs[i].images_per_second)) rates[n++] = run->epochs[i].images_per_second;
    double median = (double)NAN;
    if (n) {
        qsort(rates, n, sizeof *rates, ascending);
        median = (rates[(n - 1) / 2] + rates[n / 2]) / 2;
    }
    free(rates);
    return median;
}

/* What is only in format 2, as in the header. */
static void add_data(json_t *object, const struct cb_report_run *run)
{
    static const char *const keys[] = {"data_kind", "train_sha256", "eval_sha256"};
    static const char old[] = "not in a record of format 1";
    cb_copy(object, "data", run->header, "data");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (run->format > 1)
            cb_copy(object, keys[i], run->header, keys[i]);
        else
            cb_put_missing(object, keys[i], "%s", old);
    }
    if (cb_is_synthetic(run)) cb_put(object, "accuracies_are_of", json_string("synthetic images, not CIFAR-10"));
    json_t *init = json_object_get(run->header, "init_weights");
    if (json_is_object(init))
        cb_put(object, "init_weights", json_incref(init));
    else
        cb_put_missing(object, "init_weights", "%s", run->format > 1 ? "the recipe's initialisation" : old);
}

/* The sessions after the first; format 1 says nothing of them. */
static void add_sessions(json_t *object, const struct cb_report_run *run)
{
    json_t *sessions = json_array();
    for (size_t r = 0; r < json_array_size(run->resumes); r++) {
        const json_t *line = json_array_get(run->resumes, r);
        json_t *session = json_object();
        cb_copy(session, "iteration", line, "iteration");
        cb_copy(session, "threads", line, "threads");
        cb_put_machine(session, json_object_get(line, "machine"));
        cb_append(sessions, session);
    }
    cb_put(object, "resumed_sessions", sessions);
}

static void add_identity(json_t *object, const struct cb_report_run *run)
{
    static const char *const keys[][2] = {{"name", "name"},
                                          {"schedule", "recipe.schedule.kind"},
                                          {"network", "network.name"},
                                          {"shortcut", "network.shortcut"},
                                          {"batch", "recipe.data.batch"},
                                          {"seed", "recipe.run.seed"},
                                          {"numerics", "recipe.numerics.version"},
                                          {"evaluated_on", "evaluated_on"},
                                          {"threads", "threads"}};
    cb_put(object, "run", json_string(run->label));
    cb_put(object, "path", json_string(run->path));
    cb_put(object, "format", json_integer(run->format));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) cb_copy(object, keys[i][0], run->header, keys[i][1]);
    add_data(object, run);
    cb_put_machine(object, json_object_get(run->header, "machine"));
    add_sessions(object, run);
}

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

static void add_course(json_t *object, const struct cb_report_run *run)
{
    const struct cb_report_epoch *last = run->epoch_count ? &run->epochs[run->epoch_count - 1] : NULL;
    cb_put(object, "status", run->end ? json_incref(json_object_get(run->end, "status")) : json_string("unfinished"));
    json_t *reason = cb_member(run->end, "reason");
    if (json_is_string(reason)) cb_put(object, "status_reason", json_incref(reason));
    cb_put(object, "resumed", json_integer((json_int_t)run->times_resumed));
    cb_put(object, "times_are_at_least", json_boolean(run->times_resumed));
    cb_put_number(object, "killed_seconds_at_least", run->killed_seconds, "not recorded");
    cb_put(object, "epochs", json_integer((json_int_t)(last ? last->epoch : 0)));
    const json_t *iterations = cb_member(run->end, "iterations");
    cb_put(object, "iterations",
           json_integer(iterations ? json_integer_value(iterations) : (json_int_t)run->last_iteration));
    const json_t *seconds = cb_member(run->end, "seconds");
    double total = json_is_number(seconds) ? json_number_value(seconds) : last ? last->seconds_total : (double)NAN;
    cb_put_number(object, "seconds", total, "no epoch was finished");
    cb_put_number(object, "images_per_second", median_images_per_second(run), "no epoch was finished");
    json_t *memory = cb_member(run->end, "peak_memory_bytes");
    if (json_is_integer(memory))
        cb_put(object, "peak_memory_bytes", json_incref(memory));
    else
        cb_put_missing(object, "peak_memory_bytes", "the run has no end line");
    json_t *fingerprint = cb_member(run->end, "loss_fingerprint");
    if (fingerprint)
        cb_put(object, "loss_fingerprint", json_incref(fingerprint));
    else
        cb_put_missing(object, "loss_fingerprint", "the run has no end line");
}

static void add_accuracy(json_t *object, const struct cb_report_run *run, double target)
{
    const struct cb_report_epoch *first = NULL, *best = NULL;
    for (size_t i = 0; i < run->epoch_count; i++) {
        const struct cb_report_epoch *epoch = &run->epochs[i];
        if (!isfinite(epoch->accuracy_percent)) continue;
        if (!first && epoch->accuracy_percent >= target) first = epoch;
        if (!best || epoch->accuracy_percent > best->accuracy_percent) best = epoch;
    }
    if (first) {
        cb_put(object, "epochs_to_target", json_integer((json_int_t)first->epoch));
        cb_put(object, "seconds_to_target", json_real(first->seconds_total));
    } else {
        cb_put_missing(object, "epochs_to_target", "%s", best ? "not reached" : "no epoch was evaluated");
        cb_put_missing(object, "seconds_to_target", "%s", best ? "not reached" : "no epoch was evaluated");
    }
    cb_put_number(object, "final_accuracy_percent", run->final_accuracy_percent,
                  run->end ? "the run ended without an evaluation" : "the run has no end line");
    cb_put_number(object, "best_accuracy_percent", best ? best->accuracy_percent : (double)NAN,
                  "no epoch was evaluated");
    if (best)
        cb_put(object, "best_accuracy_epoch", json_integer((json_int_t)best->epoch));
    else
        cb_put_missing(object, "best_accuracy_epoch", "no epoch was evaluated");
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
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        add_identity(object, &runs[i]);
        add_course(object, &runs[i]);
        add_accuracy(object, &runs[i], target);
        cb_append(list, object);
    }
    add_recipe_differences(list, runs, count);
    const char *differently =
        cb_evaluated_differently(runs, count) ? "the runs were evaluated on different images" : NULL;
    add_speedup(list, &(struct speedup){"speedup_total", "seconds", true, NULL}, options->with_resumed);
    add_speedup(list, &(struct speedup){"speedup_to_target", "seconds_to_target", false, differently},
                options->with_resumed);
    cb_put(comparison, "target_percent", json_real(target));
    cb_put(comparison, "target_source", json_string(given ? "--target" : "the recipe of the first run"));
    cb_put(comparison, "runs", list);
    cb_put(comparison, "same_trajectory", cb_same_groups(runs, count));
    cb_put(comparison, "same_epochs", cb_same_epochs(runs, count));
    cb_put(comparison, "warnings", cb_warnings(runs, count, list, target, given));
    if (count == 2)
        cb_put(comparison, "summary", cb_summary(runs, list, target));
    else
        cb_put_missing(comparison, "summary", "only for two runs");
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
