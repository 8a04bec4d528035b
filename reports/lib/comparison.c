#include "comparison.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_missing(json_t *object, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void set_missing(json_t *object, const char *key, const char *format, ...)
{
    char reason[256], reason_key[64];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    json_object_set_new(object, key, json_null());
    json_object_set_new(object, reason_key, json_string(reason));
}

static void set_number(json_t *object, const char *key, double value, const char *reason_if_missing)
{
    if (isfinite(value))
        json_object_set_new(object, key, json_real(value));
    else
        set_missing(object, key, "%s", reason_if_missing);
}

/* A member of nested objects, "a.b.c"; NULL if there is none. */
static json_t *member(const json_t *object, const char *path)
{
    char key[64];
    const json_t *at = object;
    while (at && *path) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        at = json_object_get(at, key);
        path += length + (path[length] == '.');
    }
    return (json_t *)at;
}

static void copy_member(json_t *object, const char *key, const json_t *from, const char *path)
{
    json_t *value = member(from, path);
    if (value && !json_is_null(value))
        json_object_set(object, key, value);
    else
        set_missing(object, key, "the run's header does not say");
}

static const char *status_of(const struct cb_report_run *run)
{
    return run->end ? json_string_value(json_object_get(run->end, "status")) : "unfinished";
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_images_per_second(const struct cb_report_run *run)
{
    double *rates = malloc((run->epoch_count + 1) * sizeof *rates);
    size_t n = 0;
    for (size_t i = 0; rates && i < run->epoch_count; i++)
        if (isfinite(run->epochs[i].images_per_second)) rates[n++] = run->epochs[i].images_per_second;
    double median = (double)NAN;
    if (n) {
        qsort(rates, n, sizeof *rates, ascending);
        median = (rates[(n - 1) / 2] + rates[n / 2]) / 2;
    }
    free(rates);
    return median;
}

static void add_identity(json_t *object, const struct cb_report_run *run)
{
    static const char *const keys[][2] = {{"schedule", "recipe.schedule.kind"},
                                          {"network", "network.name"},
                                          {"shortcut", "network.shortcut"},
                                          {"batch", "recipe.data.batch"},
                                          {"numerics", "recipe.numerics.version"},
                                          {"data", "data"},
                                          {"evaluated_on", "evaluated_on"},
                                          {"threads", "threads"},
                                          {"cpu", "machine.cpu_model"},
                                          {"isa", "machine.isa_selected"},
                                          {"compiler", "machine.compiler"},
                                          {"commit", "machine.commit"}};
    json_object_set_new(object, "run", json_string(run->label));
    json_object_set_new(object, "path", json_string(run->path));
    copy_member(object, "name", run->header, "name");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) copy_member(object, keys[i][0], run->header, keys[i][1]);
}

static void add_course(json_t *object, const struct cb_report_run *run)
{
    const struct cb_report_epoch *last = run->epoch_count ? &run->epochs[run->epoch_count - 1] : NULL;
    json_object_set_new(object, "status", json_string(status_of(run)));
    const json_t *reason = member(run->end, "reason");
    if (json_is_string(reason)) json_object_set(object, "status_reason", (json_t *)reason);
    json_object_set_new(object, "resumed", json_integer((json_int_t)run->resumes));
    json_object_set_new(object, "epochs", json_integer((json_int_t)(last ? last->epoch : 0)));
    const json_t *iterations = member(run->end, "iterations");
    json_object_set_new(object, "iterations",
                        json_integer(iterations ? json_integer_value(iterations) : (json_int_t)run->last_iteration));
    const json_t *seconds = member(run->end, "seconds");
    double total = json_is_number(seconds) ? json_number_value(seconds) : last ? last->seconds_total : (double)NAN;
    set_number(object, "seconds", total, "no epoch was finished");
    set_number(object, "images_per_second", median_images_per_second(run), "no epoch was finished");
    const json_t *memory = member(run->end, "peak_memory_bytes");
    if (json_is_integer(memory))
        json_object_set(object, "peak_memory_bytes", (json_t *)memory);
    else
        set_missing(object, "peak_memory_bytes", "the run has no end line");
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
        json_object_set_new(object, "epochs_to_target", json_integer((json_int_t)first->epoch));
        json_object_set_new(object, "seconds_to_target", json_real(first->seconds_total));
    } else {
        set_missing(object, "epochs_to_target", "%s", best ? "not reached" : "no epoch was evaluated");
        set_missing(object, "seconds_to_target", "%s", best ? "not reached" : "no epoch was evaluated");
    }
    const json_t *final = member(run->end, "final_test_accuracy_percent");
    set_number(object, "final_accuracy_percent", json_is_number(final) ? json_number_value(final) : (double)NAN,
               run->end ? "the run ended without an evaluation" : "the run has no end line");
    set_number(object, "best_accuracy_percent", best ? best->accuracy_percent : (double)NAN, "no epoch was evaluated");
    if (best)
        json_object_set_new(object, "best_accuracy_epoch", json_integer((json_int_t)best->epoch));
    else
        set_missing(object, "best_accuracy_epoch", "no epoch was evaluated");
}

/* How many times faster than the slowest run that has the value; eligible: what a run must be to take part, or NULL. */
static void add_speedup(json_t *runs, const char *seconds_key, const char *key, const char *eligible)
{
    double slowest = 0;
    size_t i;
    json_t *run;
    json_array_foreach(runs, i, run)
    {
        double seconds = json_number_value(json_object_get(run, seconds_key));
        bool counts = !eligible || !strcmp(json_string_value(json_object_get(run, "status")), eligible);
        if (counts && seconds > slowest) slowest = seconds;
    }
    json_array_foreach(runs, i, run)
    {
        double seconds = json_number_value(json_object_get(run, seconds_key));
        bool counts = !eligible || !strcmp(json_string_value(json_object_get(run, "status")), eligible);
        if (counts && seconds > 0)
            json_object_set_new(run, key, json_real(slowest / seconds));
        else
            set_missing(run, key, "%s", counts ? "not reached" : "the run did not complete");
    }
}

static void add_warning(json_t *warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_warning(json_t *warnings, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(warnings, json_string(text));
}

/* Differences that make a comparison of times, or of accuracies, unfair. */
static void warn_of_differences(json_t *warnings, const json_t *runs)
{
    static const char *const keys[][2] = {{"cpu", "times are of different machines"},
                                          {"isa", "times are of different instruction sets"},
                                          {"threads", "times are of different numbers of threads"},
                                          {"compiler", "the programs were built by different compilers"},
                                          {"commit", "the programs were built from different sources"},
                                          {"numerics", "the arithmetic differs"},
                                          {"data", "the data differ: accuracies cannot be compared"},
                                          {"evaluated_on", "accuracies are of different images"}};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const json_t *first = json_object_get(json_array_get(runs, 0), keys[k][0]);
        for (size_t i = 1; i < json_array_size(runs); i++) {
            if (json_equal(first, json_object_get(json_array_get(runs, i), keys[k][0]))) continue;
            add_warning(warnings, "%s: %s", keys[k][0], keys[k][1]);
            break;
        }
    }
}

static void warn_of_run(json_t *warnings, const struct cb_report_run *run, double target, bool given)
{
    if (run->torn) add_warning(warnings, "%s: the last line of the record is cut off and was left out", run->label);
    if (!run->end) add_warning(warnings, "%s: no end line: the run was killed or is still running", run->label);
    if (run->resumes)
        add_warning(warnings, "%s: resumed %zu time%s; its time is the sum over all sessions", run->label, run->resumes,
                    run->resumes == 1 ? "" : "s");
    json_int_t lost = json_integer_value(member(run->end, "lost_lines"));
    if (lost) add_warning(warnings, "%s: %lld lines of the record could not be written", run->label, (long long)lost);
    json_int_t every = json_integer_value(member(run->header, "recipe.run.eval_every"));
    if (every > 1)
        add_warning(warnings, "%s: evaluated every %lld epochs: the target may have been reached earlier", run->label,
                    (long long)every);
    double own = json_number_value(member(run->header, "recipe.run.target"));
    if (!given && fabs(own - target) > 1e-9) add_warning(warnings, "%s: its recipe's target is %g %%", run->label, own);
}

/* Groups of runs whose losses are equal bit for bit. */
static json_t *same_trajectory(const struct cb_report_run *runs, size_t count)
{
    json_t *groups = json_array();
    for (size_t i = 0; i < count; i++) {
        const char *fingerprint = json_string_value(member(runs[i].end, "loss_fingerprint"));
        json_t *group = json_array();
        for (size_t j = 0; fingerprint && j < count; j++) {
            const char *other = json_string_value(member(runs[j].end, "loss_fingerprint"));
            if (!other || strcmp(fingerprint, other)) continue;
            if (j < i) break; /* listed with the earlier run */
            json_array_append_new(group, json_string(runs[j].label));
        }
        if (json_array_size(group) > 1) json_array_append(groups, group);
        json_decref(group);
    }
    return groups;
}

json_t *cb_comparison(const struct cb_report_run *runs, size_t count, double target)
{
    json_t *comparison = json_object(), *list = json_array(), *warnings = json_array();
    if (!comparison || !list || !warnings) return NULL;
    bool given = isfinite(target);
    if (!given) target = json_number_value(member(runs[0].header, "recipe.run.target"));
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        add_identity(object, &runs[i]);
        add_course(object, &runs[i]);
        add_accuracy(object, &runs[i], target);
        json_t *fingerprint = member(runs[i].end, "loss_fingerprint");
        if (fingerprint)
            json_object_set(object, "loss_fingerprint", fingerprint);
        else
            set_missing(object, "loss_fingerprint", "the run has no end line");
        json_array_append_new(list, object);
    }
    add_speedup(list, "seconds", "speedup_total", "completed");
    add_speedup(list, "seconds_to_target", "speedup_to_target", NULL);
    warn_of_differences(warnings, list);
    for (size_t i = 0; i < count; i++) warn_of_run(warnings, &runs[i], target, given);
    json_object_set_new(comparison, "target_percent", json_real(target));
    json_object_set_new(comparison, "target_source", json_string(given ? "--target" : "the recipe of the first run"));
    json_object_set_new(comparison, "runs", list);
    json_object_set_new(comparison, "same_trajectory", same_trajectory(runs, count));
    json_object_set_new(comparison, "warnings", warnings);
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
