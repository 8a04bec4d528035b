/* Where the time of a training step goes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/values.h"
#include "../page/document.h"
#include "rows.h"
#include "sections.h"

enum { OPERATIONS_DRAWN = 7 /* the others are one piece */ };

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* The seconds of an operation in a profile, 0 if it is not there. */
static double seconds_of(const json_t *profile, const char *operation)
{
    json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(profile, "operations"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        const double seconds = number(entry, "seconds");
        if (name && !strcmp(name, operation)) return isfinite(seconds) ? seconds : 0;
    }
    return 0;
}

static double all_seconds(const json_t *profile)
{
    double sum = 0;
    json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(profile, "operations"), i, entry) if (isfinite(number(entry, "seconds"))) sum +=
        number(entry, "seconds");
    return sum;
}

/* {operation: seconds in all profiles}, the largest first: an array of names. */
static json_t *operations_by_time(const json_t *rows)
{
    json_t *sums = json_object(), *names = json_array(), *row, *entry;
    size_t i, k;
    json_array_foreach((json_t *)rows, i, row) json_array_foreach(cb_member(row, "profile.operations"), k, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        if (!name || !isfinite(number(entry, "seconds"))) continue;
        const double before = json_number_value(json_object_get(sums, name));
        json_object_set_new(sums, name, json_real(before + number(entry, "seconds")));
    }
    while (json_object_size(sums)) {
        const char *name, *most = NULL;
        json_t *value;
        json_object_foreach(sums, name,
                            value) if (!most || json_real_value(value) > json_real_value(json_object_get(sums, most)))
            most = name;
        cb_append(names, cb_sentence("%s", most));
        json_object_del(sums, json_string_value(json_array_get(names, json_array_size(names) - 1)));
    }
    json_decref(sums);
    return names;
}

static json_t *label_of(const json_t *row)
{
    const char *contest = json_string_value(json_object_get(row, "contest"));
    json_t *implementation = cb_row_implementation(row),
           *label = cb_sentence("%s/%s", contest ? contest : "", json_string_value(implementation));
    json_decref(implementation);
    return label;
}

/* A bar a step that has a profile, a piece an operation. */
static void draw(struct cb_report *report, json_t *section, const json_t *rows, const json_t *labels,
                 const json_t *operations, const char *name)
{
    struct cb_chart chart = cb_chart_make(name, "Where the time of a training step goes", "milliseconds", "");
    const size_t drawn =
        json_array_size(operations) < OPERATIONS_DRAWN ? json_array_size(operations) : OPERATIONS_DRAWN;
    json_t *row;
    size_t i;
    for (size_t o = 0; o <= drawn; o++) {
        const bool others = o == drawn;
        const char *operation = json_string_value(json_array_get(operations, o));
        struct cb_series *series =
            cb_chart_add(&chart, others ? "other operations" : operation, others ? CB_COLOURS - 1 : (int)o, CB_BAR);
        size_t bars = 0;
        series->named = true;
        json_array_foreach((json_t *)rows, i, row)
        {
            const json_t *profile = json_object_get(row, "profile");
            double before = 0;
            if (!json_is_object(profile)) continue;
            if (!o) cb_chart_row(&chart, json_string_value(json_array_get(labels, i)));
            for (size_t p = 0; p < o; p++)
                before += seconds_of(profile, json_string_value(json_array_get(operations, p)));
            const double own = others ? all_seconds(profile) - before : seconds_of(profile, operation);
            cb_series_span(series, 1e3 * (before + own / 2), (double)++bars, 1e3 * before, 1e3 * (before + own));
        }
    }
    chart.x.low = 0;
    cb_report_chart(report, section, &chart, "Of one step, all threads together working on it.");
}

static void add_number(json_t *grid, double value, const char *format)
{
    char text[64];
    snprintf(text, sizeof text, format, value);
    cb_grid_number(grid, value, "%s", isfinite(value) ? text : "not known");
}

/* Each step, of libraries too, whose time cannot be divided. */
static void add_steps(json_t *section, const json_t *rows, const json_t *labels, const char *common)
{
    json_t *caption = cb_sentence("A training step%s%s", *common ? ": " : "", common), *row;
    json_t *grid = cb_grid(section, json_string_value(caption));
    size_t i;
    cb_grid_column(grid, "step", false);
    cb_grid_column(grid, "ms", true);
    cb_grid_column(grid, "images/s", true);
    json_array_foreach((json_t *)rows, i, row)
    {
        const double seconds = cb_row_seconds(row), rate = number(row, "images_per_second");
        cb_grid_row(grid);
        cb_grid_text(grid, json_string_value(json_array_get(labels, i)));
        add_number(grid, 1e3 * seconds, "%.0f");
        add_number(grid, rate, "%.0f");
    }
    json_decref(caption);
}

static void add_table(json_t *section, const json_t *row, const char *label)
{
    const json_t *profile = json_object_get(row, "profile");
    json_t *grid = cb_grid(section, label), *entry;
    size_t i;
    static const char *const columns[] = {"ms", "share, %", "calls", "GFLOP/s"};
    cb_grid_column(grid, "operation", false);
    for (i = 0; i < sizeof columns / sizeof *columns; i++) cb_grid_column(grid, columns[i], true);
    const double all = all_seconds(profile);
    json_array_foreach(json_object_get(profile, "operations"), i, entry)
    {
        const double seconds = number(entry, "seconds"), flops = number(entry, "flops");
        const char *name = json_string_value(json_object_get(entry, "name"));
        cb_grid_row(grid);
        cb_grid_text(grid, name ? name : "not known");
        add_number(grid, 1e3 * seconds, "%.2f");
        add_number(grid, 100 * seconds / all, "%.1f");
        add_number(grid, number(entry, "calls"), "%.0f");
        if (flops > 0 && seconds > 0)
            cb_grid_number(grid, flops / seconds, "%.0f", flops / seconds / 1e9);
        else
            cb_grid_number(grid, (double)NAN, "no arithmetic that counts");
    }
    const double regions = number(profile, "parallel_regions"), waiting = number(profile, "waiting_share"),
                 augmentation = number(profile, "augmentation_seconds");
    if (isfinite(regions) && isfinite(waiting))
        cb_say(section, "In it %.0f parallel regions; for %.1f %% of their time threads wait.", regions, 100 * waiting);
    if (isfinite(augmentation)) cb_say(section, "Augmenting the images takes %.2f ms more.", 1e3 * augmentation);
}

static bool has_profile(const json_t *rows, const json_t *of)
{
    json_t *row;
    size_t i;
    json_array_foreach((json_t *)rows, i,
                       row) if (json_is_object(json_object_get(row, "profile")) &&
                                cb_equal(json_object_get(row, "contest"), json_object_get(of, "contest"))) return true;
    return false;
}

static void add_bench(struct cb_report *report, json_t *section, const json_t *rows, const char *name)
{
    json_t *operations = operations_by_time(rows), *labels = json_array(), *common, *row;
    size_t i;
    json_array_foreach((json_t *)rows, i, row) cb_append(labels, label_of(row));
    json_t *shorter = cb_without_common_parts(labels, &common);
    draw(report, section, rows, shorter, operations, name);
    add_steps(section, rows, shorter, json_string_value(common));
    json_array_foreach((json_t *)rows, i, row)
    {
        const char *label = json_string_value(json_array_get(labels, i));
        if (json_is_object(json_object_get(row, "profile"))) add_table(cb_fold(section, label), row, label);
    }
    json_decref(shorter);
    json_decref(common);
    json_decref(labels);
    json_decref(operations);
}

void cb_section_steps(struct cb_report *report)
{
    json_t *bench, *row, *section = cb_section(report->document, "steps", "Where the time of a step goes");
    size_t i, k;
    json_array_foreach(report->inputs->benches, i, bench)
    {
        json_t *all = cb_bench_rows(bench), *rows = json_array();
        char name[32];
        snprintf(name, sizeof name, "step-%zu", i + 1);
        json_array_foreach(all, k, row) if (has_profile(all, row)) cb_append(rows, json_incref(row));
        if (json_array_size(rows)) add_bench(report, section, rows, name);
        json_decref(rows);
        json_decref(all);
    }
    cb_section_end(report->document);
}
