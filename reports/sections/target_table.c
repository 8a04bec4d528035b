#include "target_table.h"

#include <math.h>
#include <stdio.h>

#include "../lib/values.h"
#include "../page/document.h"

static const char *reason_of(const json_t *group, const char *key)
{
    char name[80];
    snprintf(name, sizeof name, "%s_reason", key);
    const char *reason = json_string_value(json_object_get(group, name));
    return reason ? reason : "not known";
}

static void statistic(json_t *grid, const json_t *group, const char *mean_key, double scale, int decimals)
{
    const json_t *mean = json_object_get(group, mean_key);
    if (!json_is_number(mean))
        cb_grid_number(grid, (double)NAN, "%s", reason_of(group, mean_key));
    else
        cb_grid_number(grid, json_number_value(mean), "%.*f", decimals, json_number_value(mean) / scale);
}

/* "92.91 to 93.25", or nothing where one value has no spread. */
static void range(json_t *grid, const json_t *group, const char *of, double scale, int decimals)
{
    char least_key[64], most_key[64];
    snprintf(least_key, sizeof least_key, "min_%s", of);
    snprintf(most_key, sizeof most_key, "max_%s", of);
    const json_t *least = json_object_get(group, least_key), *most = json_object_get(group, most_key);
    if (!json_is_number(least) || !json_is_number(most))
        cb_grid_number(grid, (double)NAN, "%s", reason_of(group, least_key));
    else if (json_number_value(most) > json_number_value(least))
        cb_grid_number(grid, json_number_value(least), "%.*f to %.*f", decimals, json_number_value(least) / scale,
                       decimals, json_number_value(most) / scale);
    else
        cb_grid_number(grid, (double)NAN, "one value has no spread");
}

/* Of the first epoch at the target. */
static double iterations_to_target(const struct cb_report_run *run, double target)
{
    for (size_t i = 0; i < run->epoch_count; i++)
        if (run->epochs[i].accuracy_percent >= target) return (double)run->epochs[i].iteration;
    return (double)NAN;
}

static void iterations(json_t *grid, const struct cb_experiment *e, size_t group)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < e->count; i++) {
        const double value = iterations_to_target(&e->runs[i], e->target);
        if (e->in.group[i] != group || e->in.training[i] != i || !isfinite(value)) continue;
        sum += value;
        n++;
    }
    if (n > 0)
        cb_grid_number(grid, sum / n, "%.0f", sum / n);
    else
        cb_grid_number(grid, (double)NAN, "not reached");
}

/* A count of `train --perf`, the mean of the runs that have it. */
static void count(json_t *grid, const struct cb_experiment *e, size_t group, const char *key)
{
    double sum = 0, n = 0;
    const char *reason = "not counted (train --perf)";
    for (size_t i = 0; i < e->count; i++) {
        const json_t *object = json_array_get(e->objects, i), *value = json_object_get(object, key);
        if (e->in.group[i] != group || !value) continue;
        if (json_is_number(value)) {
            sum += json_number_value(value);
            n++;
        } else {
            reason = reason_of(object, key);
        }
    }
    if (n > 0)
        cb_grid_number(grid, sum / n, "%.4g", sum / n);
    else
        cb_grid_number(grid, (double)NAN, "%s", reason);
}

/* "AMD EPYC (family 26, model 2, stepping 1), avx512bf16, 2 threads" */
static void machine(json_t *grid, const json_t *group)
{
    const json_t *of = json_object_get(group, "times_of");
    const char *cpu = json_string_value(json_object_get(of, "cpu")),
               *isa = json_string_value(json_object_get(of, "isa"));
    json_t *text = cb_sentence("%s, %s, %lld threads", cpu ? cpu : "not known", isa ? isa : "not known",
                               (long long)json_integer_value(json_object_get(of, "threads")));
    cb_grid_text(grid, json_is_object(of) ? json_string_value(text) : "no time counts");
    json_decref(text);
}

static json_t *begin(json_t *section, const char *caption, const char *const *numbers, size_t count)
{
    json_t *grid = cb_grid(section, caption);
    cb_grid_column(grid, "recipe", false);
    cb_grid_column(grid, "numerics", false);
    cb_grid_column(grid, "seeds", false);
    for (size_t i = 0; i < count; i++) cb_grid_column(grid, numbers[i], true);
    return grid;
}

static void begin_row(json_t *grid, const json_t *group)
{
    json_t *seeds = cb_joined(json_object_get(group, "seeds"));
    cb_grid_row(grid);
    cb_grid_text(grid, json_string_value(json_object_get(group, "label")));
    const char *version = json_string_value(json_object_get(json_object_get(group, "recipe_keys"), "numerics.version"));
    cb_grid_text(grid, version ? version : "not known");
    cb_grid_text(grid, json_string_value(seeds));
    json_decref(seeds);
}

static void add_times(json_t *section, const struct cb_experiment *e)
{
    static const char *const numbers[] = {"reached",
                                          "of",
                                          "epochs to it",
                                          "epochs, least to most",
                                          "iterations",
                                          "minutes to it",
                                          "minutes, least to most",
                                          "speed-up",
                                          "instructions to it",
                                          "joules to it"};
    char caption[160];
    snprintf(caption, sizeof caption, "To %g %%: means over seeds; one run of a training counts once.", e->target);
    json_t *grid = begin(section, caption, numbers, sizeof numbers / sizeof *numbers);
    cb_grid_column(grid, "times of", false);
    for (size_t g = 0; g < e->in.groups; g++) {
        const json_t *group = json_array_get(e->groups, g);
        const double reached = cb_group_number(e, g, "reached"), n = cb_group_number(e, g, "n");
        begin_row(grid, group);
        cb_grid_number(grid, reached, "%.0f", reached);
        if (reached < n) cb_grid_mark(grid);
        cb_grid_number(grid, n, "%.0f", n);
        statistic(grid, group, "mean_epochs_to_target", 1, 1);
        range(grid, group, "epochs_to_target", 1, 0);
        iterations(grid, e, g);
        statistic(grid, group, "mean_seconds_to_target", 60, 1);
        range(grid, group, "seconds_to_target", 60, 1);
        statistic(grid, group, "speedup_to_target", 1, 2);
        count(grid, e, g, "instructions_to_target");
        count(grid, e, g, "joules_to_target");
        machine(grid, group);
    }
    cb_grid_end(section, grid);
}

static void add_accuracies(json_t *section, const struct cb_experiment *e)
{
    static const char *const numbers[] = {"final accuracy, %", "lower 95 % bound", "least to most", "notebook",
                                          "images/s"};
    json_t *grid =
        begin(section, "At the end of the training, means over seeds.", numbers, sizeof numbers / sizeof *numbers);
    cb_grid_column(grid, "images/s of", false);
    for (size_t g = 0; g < e->in.groups; g++) {
        const json_t *group = json_array_get(e->groups, g),
                     *notebook = cb_member(group, "notebook.final_accuracy_percent");
        begin_row(grid, group);
        statistic(grid, group, "mean_accuracy_percent", 1, 2);
        statistic(grid, group, "lower_bound_accuracy_percent", 1, 2);
        range(grid, group, "accuracy_percent", 1, 2);
        if (notebook)
            cb_grid_number(grid, json_number_value(notebook), "%.2f", json_number_value(notebook));
        else
            cb_grid_number(grid, (double)NAN, "no such training there");
        statistic(grid, group, "mean_images_per_second", 1, 0);
        machine(grid, group);
    }
    cb_grid_end(section, grid);
}

void cb_target_table(json_t *section, const struct cb_experiment *e)
{
    add_times(section, e);
    add_accuracies(section, e);
}
