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

static size_t known_of(const json_t *group, const char *of)
{
    char key[64];
    snprintf(key, sizeof key, "n_%s", of);
    return (size_t)json_integer_value(json_object_get(group, key));
}

/* " (of 2)" where a mean is not of all that it seems to be of. */
static const char *of_fewer(char text[32], size_t n, size_t all)
{
    text[0] = '\0';
    if (n < all) snprintf(text, 32, " (of %zu)", n);
    return text;
}

/* The mean of a quantity that `all` trainings should have. */
static void mean(json_t *grid, const json_t *group, const char *of, double scale, int decimals, size_t all)
{
    char key[64], fewer[32];
    snprintf(key, sizeof key, "mean_%s", of);
    const json_t *value = json_object_get(group, key);
    if (!json_is_number(value))
        cb_grid_number(grid, (double)NAN, "%s", reason_of(group, key));
    else
        cb_grid_number(grid, json_number_value(value), "%.*f%s", decimals, json_number_value(value) / scale,
                       of_fewer(fewer, known_of(group, of), all));
}

static void statistic(json_t *grid, const json_t *group, const char *key, int decimals)
{
    const json_t *value = json_object_get(group, key);
    if (!json_is_number(value))
        cb_grid_number(grid, (double)NAN, "%s", reason_of(group, key));
    else
        cb_grid_number(grid, json_number_value(value), "%.*f", decimals, json_number_value(value));
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
    else if (known_of(group, of) > 1)
        cb_grid_number(grid, json_number_value(least), "%.*f to %.*f", decimals, json_number_value(least) / scale,
                       decimals, json_number_value(most) / scale);
    else
        cb_grid_number(grid, (double)NAN, "one value has no spread");
}

/* --- means over trainings ----------------------------------------------------------------------------------------- */

/* Of the first epoch at the target; NaN if there is none. */
static double iterations_to_target(const struct cb_experiment *e, size_t run)
{
    for (size_t i = 0; i < e->runs[run].epoch_count; i++)
        if (e->runs[run].epochs[i].accuracy_percent >= e->target) return (double)e->runs[run].epochs[i].iteration;
    return (double)NAN;
}

/* What `train --perf` counted to the target, of a run whose times count; NaN if it did not. */
static double counted(const struct cb_experiment *e, size_t run, const char *key)
{
    const json_t *value = json_object_get(json_array_get(e->objects, run), key);
    return json_is_number(value) && cb_times_count(&e->times, &e->in, run) ? json_number_value(value) : (double)NAN;
}

static double instructions_of(const struct cb_experiment *e, size_t run)
{
    return counted(e, run, "instructions_to_target");
}

static double joules_of(const struct cb_experiment *e, size_t run)
{
    return counted(e, run, "joules_to_target");
}

/* The mean over a group's trainings; of each, the first run that has the value stands for it. */
static void of_trainings(json_t *grid, const struct cb_experiment *e, size_t group,
                         double (*value_of)(const struct cb_experiment *, size_t), const char *format,
                         const char *reason)
{
    double sum = 0;
    size_t n = 0;
    for (size_t training = 0; training < e->count; training++) {
        if (e->in.group[training] != group || e->in.training[training] != training) continue;
        size_t i = training;
        while (i < e->count && !(e->in.training[i] == training && isfinite(value_of(e, i)))) i++;
        if (i == e->count) continue;
        sum += value_of(e, i);
        n++;
    }
    char fewer[32], text[64];
    const double reached = cb_group_number(e, group, "reached");
    if (n) snprintf(text, sizeof text, format, sum / (double)n);
    if (n)
        cb_grid_number(grid, sum / (double)n, "%s%s", text, of_fewer(fewer, n, (size_t)reached));
    else
        cb_grid_number(grid, (double)NAN, "%s", reached > 0 ? reason : "not reached");
}

/* Why no run of the group has a count. */
static const char *why_not_counted(const struct cb_experiment *e, size_t group, const char *key)
{
    const char *reason = "not counted (train --perf)";
    for (size_t i = 0; i < e->count; i++) {
        const json_t *object = json_array_get(e->objects, i), *value = json_object_get(object, key);
        if (e->in.group[i] != group || !value) continue;
        reason = json_is_number(value) ? "counted only in runs whose times do not count" : reason_of(object, key);
    }
    return reason;
}

/* --- the tables --------------------------------------------------------------------------------------------------- */

/* "AMD EPYC (family 26, model 2, stepping 1), avx512bf16, 2 threads" */
static void machine(json_t *grid, const json_t *group)
{
    const json_t *of = json_object_get(group, "times_of");
    const char *cpu = json_string_value(json_object_get(of, "cpu")),
               *isa = json_string_value(json_object_get(of, "isa"));
    const long long threads = (long long)json_integer_value(json_object_get(of, "threads"));
    json_t *text = cb_sentence("%s, %s, %lld thread%s", cpu ? cpu : "not known", isa ? isa : "not known", threads,
                               threads == 1 ? "" : "s");
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
        const double reached = cb_group_number(e, g, "reached"), n = cb_group_number(e, g, "n"),
                     missed = cb_group_number(e, g, "missed"), open = cb_group_number(e, g, "undecided");
        begin_row(grid, group);
        if (open > 0)
            cb_grid_number(grid, reached, "%.0f (%.0f not finished)", reached, open);
        else
            cb_grid_number(grid, reached, "%.0f", reached);
        if (missed > 0) cb_grid_mark(grid);
        cb_grid_number(grid, n, "%.0f", n);
        mean(grid, group, "epochs_to_target", 1, 1, (size_t)reached);
        range(grid, group, "epochs_to_target", 1, 0);
        of_trainings(grid, e, g, iterations_to_target, "%.0f", "not known");
        mean(grid, group, "seconds_to_target", 60, 1, (size_t)reached);
        range(grid, group, "seconds_to_target", 60, 1);
        statistic(grid, group, "speedup_to_target", 2);
        of_trainings(grid, e, g, instructions_of, "%.4g", why_not_counted(e, g, "instructions_to_target"));
        of_trainings(grid, e, g, joules_of, "%.4g", why_not_counted(e, g, "joules_to_target"));
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
        const size_t n = (size_t)cb_group_number(e, g, "n");
        begin_row(grid, group);
        mean(grid, group, "accuracy_percent", 1, 2, n);
        statistic(grid, group, "lower_bound_accuracy_percent", 2);
        range(grid, group, "accuracy_percent", 1, 2);
        if (notebook)
            cb_grid_number(grid, json_number_value(notebook), "%.2f", json_number_value(notebook));
        else
            cb_grid_number(grid, (double)NAN, "no such training there");
        mean(grid, group, "images_per_second", 1, 0, n);
        machine(grid, group);
    }
    cb_grid_end(section, grid);
}

void cb_target_table(json_t *section, const struct cb_experiment *e)
{
    add_times(section, e);
    add_accuracies(section, e);
}
