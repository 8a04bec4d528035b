#include "run_object.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "memory.h"
#include "recipe.h"
#include "values.h"

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
    cb_put(object, "recipe_keys", cb_recipe_of(run));
    add_data(object, run);
    cb_put_machine(object, json_object_get(run->header, "machine"));
    add_sessions(object, run);
}

static void add_course(json_t *object, const struct cb_report_run *run)
{
    const struct cb_report_epoch *last = run->epoch_count ? &run->epochs[run->epoch_count - 1] : NULL;
    cb_put(object, "status", run->end ? json_incref(json_object_get(run->end, "status")) : json_string("unfinished"));
    json_t *reason = cb_member(run->end, "reason");
    if (json_is_string(reason)) cb_put(object, "status_reason", json_incref(reason));
    const char *disturbed = cb_disturbed(run);
    if (disturbed) cb_put(object, "disturbed", json_string(disturbed));
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
    const char *status = json_string_value(json_object_get(object, "status"));
    bool stopped = !strcmp(status, "target_reached");
    cb_put_number(object, "final_accuracy_percent", stopped ? (double)NAN : run->final_accuracy_percent,
                  stopped    ? "it ended after the target: not the end of the training"
                  : run->end ? "the run ended without an evaluation"
                             : "the run has no end line");
    cb_put_number(object, "best_accuracy_percent", best ? best->accuracy_percent : (double)NAN,
                  "no epoch was evaluated");
    if (best)
        cb_put(object, "best_accuracy_epoch", json_integer((json_int_t)best->epoch));
    else
        cb_put_missing(object, "best_accuracy_epoch", "no epoch was evaluated");
}

/* What train --perf has counted up to the recipe's target. A run without it has none of these. */
static void add_counts(json_t *object, const struct cb_report_run *run, double target)
{
    static const char *const keys[][2] = {{"instructions_to_target", "to_target.instructions"},
                                          {"cycles_to_target", "to_target.cycles"},
                                          {"cpu_ns_to_target", "to_target.cpu_ns"},
                                          {"joules_to_target", "to_target.joules"}};
    const json_t *perf = cb_member(run->end, "perf");
    if (!perf) return;
    double counted_to = json_number_value(cb_member(run->header, "recipe.run.target"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *count = cb_member(perf, keys[i][1]), *value = cb_member(count, "value_scaled");
        if (!value) value = cb_member(count, "value");
        const char *reason = json_string_value(cb_member(count ? count : perf, count ? "reason" : "to_target_reason"));
        if (!json_is_number(json_object_get(object, "seconds_to_target")))
            cb_put_missing(object, keys[i][0], "not reached");
        else if (counted_to < target || counted_to > target)
            cb_put_missing(object, keys[i][0], "it was counted to %g %%, the target of its recipe", counted_to);
        else if (json_is_number(value))
            cb_put(object, keys[i][0], json_real(json_number_value(value)));
        else
            cb_put_missing(object, keys[i][0], "%s", reason ? reason : "the record does not tell");
    }
}

json_t *cb_run_object(const struct cb_report_run *run, double target)
{
    json_t *object = json_object();
    add_identity(object, run);
    add_course(object, run);
    add_accuracy(object, run, target);
    add_counts(object, run, target);
    return object;
}
