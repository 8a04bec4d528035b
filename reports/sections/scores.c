/* Projected times by machine (`cyclebench score`). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/identity.h"
#include "../lib/values.h"
#include "../page/document.h"
#include "sections.h"

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "not known";
}

static double bound(const json_t *projection, size_t which)
{
    const json_t *value = json_array_get(json_object_get(projection, "interval"), which);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* "AMD EPYC", without the blanks that fill it up. New reference. */
static json_t *cpu_of(const json_t *score)
{
    const char *name = text(json_object_get(score, "machine"), "cpu_model");
    int length = (int)strlen(name);
    while (length && name[length - 1] == ' ') length--;
    return cb_sentence("%.*s", length, name);
}

/* "AMD EPYC (family 26, model 2, stepping 1), avx512bf16, 2 threads" */
static json_t *machine_of(const json_t *score)
{
    const json_t *machine = json_object_get(score, "machine");
    json_t *said = json_object();
    cb_put_machine(said, machine);
    const json_t *threads = json_object_get(machine, "threads");
    json_t *count = json_is_integer(threads) ? cb_value_text(threads) : cb_sentence("unknown"),
           *name = cb_sentence("%s, %s, %s threads", text(said, "cpu"), text(said, "isa"), json_string_value(count));
    json_decref(count);
    json_decref(said);
    return name;
}

static void add_number(json_t *grid, const json_t *projection, const char *key, double scale)
{
    char reason[64];
    snprintf(reason, sizeof reason, "%s_reason", key);
    if (isfinite(number(projection, key)))
        cb_grid_number(grid, number(projection, key), "%.0f", scale * number(projection, key));
    else
        cb_grid_number(grid, (double)NAN, "%s", text(projection, reason));
}

static void add_projection(json_t *grid, const json_t *score, const json_t *projection)
{
    json_t *machine = machine_of(score);
    const double seconds = number(projection, "seconds_to_target"), low = bound(projection, 0),
                 high = bound(projection, 1);
    const json_t *matches = json_object_get(projection, "fingerprint_matches");
    cb_grid_row(grid);
    cb_grid_text(grid, json_string_value(machine));
    cb_grid_text(grid, text(projection, "recipe"));
    cb_grid_text(grid, text(projection, "numerics"));
    if (isfinite(seconds))
        cb_grid_number(grid, seconds, "%.1f", seconds / 60);
    else
        cb_grid_number(grid, seconds, "%s", text(projection, "seconds_to_target_reason"));
    if (isfinite(low) && isfinite(high))
        cb_grid_number(grid, low, "%.1f to %.1f", low / 60, high / 60);
    else
        cb_grid_number(grid, (double)NAN, "no interval");
    add_number(grid, projection, "images_per_second", 1);
    add_number(grid, projection, "share_of_peak", 100);
    add_number(grid, projection, "joules_to_target", 1);
    cb_grid_text(grid, json_is_true(matches)    ? "the shipped ones"
                       : json_is_false(matches) ? "OTHERS"
                                                : text(projection, "fingerprint_matches_reason"));
    if (json_is_false(matches)) cb_grid_mark(grid);
    cb_grid_text(grid, json_is_true(json_object_get(projection, "disturbed")) ? "disturbed" : "");
    json_decref(machine);
}

static void draw(struct cb_report *report, json_t *section)
{
    struct cb_chart chart = cb_chart_make("scores", "Projected time to the target", "minutes", "");
    json_t *score, *projection;
    size_t i, k;
    json_array_foreach(report->inputs->scores, i, score)
        json_array_foreach(json_object_get(score, "projections"), k, projection)
    {
        const double seconds = number(projection, "seconds_to_target"), low = bound(projection, 0),
                     high = bound(projection, 1);
        const char *schedule = text(projection, "schedule");
        if (!isfinite(seconds)) continue;
        json_t *cpu = cpu_of(score), *name = cb_sentence("%s %s: %s", text(projection, "recipe"),
                                                         text(projection, "numerics"), json_string_value(cpu));
        const double row = cb_chart_row(&chart, json_string_value(name));
        struct cb_series *series = cb_chart_add(&chart, !strcmp(schedule, "one_cycle") ? "1cycle" : schedule,
                                                !strcmp(schedule, "one_cycle") ? 0 : 1, CB_INTERVAL);
        cb_series_span(series, seconds / 60, row, isfinite(low) ? low / 60 : seconds / 60,
                       isfinite(high) ? high / 60 : seconds / 60);
        json_decref(name);
        json_decref(cpu);
    }
    chart.x.low = 0;
    cb_report_chart(report, section, &chart,
                    "Projections from about a minute of measurement, with their intervals. Blue: 1cycle.");
}

void cb_section_scores(struct cb_report *report)
{
    static const char *const words[] = {"machine", "recipe", "numerics"}, *const numbers[] = {"minutes to target",
                                                                                              "interval", "images/s",
                                                                                              "of peak, %", "joules"};
    json_t *score, *projection;
    size_t i, k;
    if (!json_array_size(report->inputs->scores)) return;
    json_t *section = cb_section(report->document, "scores", "Scores by machine");
    json_array_foreach(report->inputs->scores, i, score)
    {
        json_t *cpu = cpu_of(score);
        if (json_is_string(json_object_get(score, "summary")))
            cb_say(section, "%s: %s", json_string_value(cpu), text(score, "summary"));
        json_decref(cpu);
    }
    draw(report, section);
    json_t *grid = cb_grid(section, "Projected from a minute of measurement on each machine (cyclebench score).");
    for (i = 0; i < 3; i++) cb_grid_column(grid, words[i], false);
    for (i = 0; i < 5; i++) cb_grid_column(grid, numbers[i], true);
    cb_grid_column(grid, "bits", false);
    cb_grid_column(grid, "measurement", false);
    json_array_foreach(report->inputs->scores, i, score)
        json_array_foreach(json_object_get(score, "projections"), k, projection)
            add_projection(grid, score, projection);
    cb_grid_end(section, grid);
    cb_say(
        section,
        "The share of the peak counts the flops of direct convolution. Winograd needs fewer, so it may exceed 100 %%.");
}
