/* Kernels beside the libraries, and on the roofline. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/values.h"
#include "../page/document.h"
#include "roofline_chart.h"
#include "rows.h"
#include "sections.h"

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static bool is_known(const json_t *names, const char *name, size_t *at)
{
    for (*at = 0; *at < json_array_size(names); ++*at)
        if (!strcmp(json_string_value(json_array_get(names, *at)), name)) return true;
    return false;
}

static void add_once(json_t *names, const char *name)
{
    size_t at;
    if (!is_known(names, name, &at)) cb_append(names, cb_sentence("%s", name));
}

/* --- beside libraries --------------------------------------------------------------------------------------------- */

/* The shapes of an operation that were compared, each once. */
static json_t *shapes_of(const json_t *contests, const char *operation)
{
    json_t *shapes = json_array(), *contest;
    size_t i;
    json_array_foreach((json_t *)contests, i, contest)
    {
        json_t *own = cb_operation_of(text(contest, "name")), *shape = cb_shape_of(text(contest, "name"));
        if (isfinite(number(contest, "ratio")) && !strcmp(json_string_value(own), operation))
            add_once(shapes, json_string_value(shape));
        json_decref(own);
        json_decref(shape);
    }
    return shapes;
}

/* beside: where the library's intervals stand within the rows. */
static void add_library(struct cb_series *series, const json_t *contests, const char *operation, const json_t *shapes,
                        double beside)
{
    json_t *contest;
    size_t i, at;
    json_array_foreach((json_t *)contests, i, contest)
    {
        json_t *own = cb_operation_of(text(contest, "name")), *shape = cb_shape_of(text(contest, "name"));
        const double ratio = number(contest, "ratio"), low = number(contest, "ratio_low"),
                     high = number(contest, "ratio_high");
        if (!strcmp(json_string_value(own), operation) && !strcmp(text(contest, "library"), series->label) &&
            is_known(shapes, json_string_value(shape), &at))
            cb_series_span(series, ratio, (double)at + 1 + beside, isfinite(low) ? low : ratio,
                           isfinite(high) ? high : ratio);
        json_decref(own);
        json_decref(shape);
    }
}

/* Of one operation: a row a shape, a colour a library. */
static void draw_operation(struct cb_report *report, json_t *section, const json_t *contests, const char *operation,
                           const json_t *libraries, const char *name)
{
    json_t *shapes = shapes_of(contests, operation), *common, *shorter = cb_without_common_parts(shapes, &common),
           *shape, *title = cb_sentence("%s: times as fast as the library", operation),
           *caption = cb_sentence("To the right of 1 ours is faster.%s%s%s", *json_string_value(common) ? " All: " : "",
                                  json_string_value(common), *json_string_value(common) ? "." : "");
    struct cb_chart chart = cb_chart_make(name, json_string_value(title), "speed-up, with its 95 % interval", "");
    size_t i;
    json_array_foreach(shorter, i, shape) cb_chart_row(&chart, json_string_value(shape));
    for (i = 0; i < json_array_size(libraries); i++) {
        struct cb_series *series =
            cb_chart_add(&chart, json_string_value(json_array_get(libraries, i)), (int)i % CB_COLOURS, CB_INTERVAL);
        series->named = true;
        add_library(series, contests, operation, shapes,
                    0.2 * ((double)i - 0.5 * (double)(json_array_size(libraries) - 1)));
    }
    struct cb_series *equal = cb_chart_add(&chart, "equally fast", CB_COLOUR_MUTED, CB_DOTTED);
    cb_series_point(equal, 1, 0.5);
    cb_series_point(equal, 1, (double)json_array_size(shapes) + 0.5);
    chart.x.logarithmic = true;
    cb_report_chart(report, section, &chart, json_string_value(caption));
    json_decref(shapes);
    json_decref(common);
    json_decref(shorter);
    json_decref(title);
    json_decref(caption);
}

static void add_contest(json_t *grid, const json_t *contest)
{
    const double ratio = number(contest, "ratio"), low = number(contest, "ratio_low"),
                 high = number(contest, "ratio_high");
    json_t *library =
        cb_sentence("%s %s%s", text(contest, "library"), text(contest, "library_version"),
                    json_is_true(json_object_get(contest, "library_below_this_cpu")) ? " (below this CPU)" : "");
    json_t *fastest = cb_joined(json_object_get(contest, "fastest"));
    cb_grid_row(grid);
    cb_grid_text(grid, text(contest, "name"));
    cb_grid_text(grid, text(contest, "ours"));
    cb_grid_text(grid, json_string_value(library));
    cb_grid_text(grid, json_string_value(fastest));
    cb_grid_number(grid, ratio, "%.2f", ratio);
    if (high < 1) cb_grid_mark(grid);
    if (isfinite(low) && isfinite(high))
        cb_grid_number(grid, low, "%.2f to %.2f", low, high);
    else
        cb_grid_number(grid, (double)NAN, "an interval needs five repetitions");
    json_decref(library);
    json_decref(fastest);
}

static void add_contests(json_t *section, const json_t *contests)
{
    json_t *contest;
    size_t i, faster = 0, slower = 0, counted = 0;
    json_array_foreach((json_t *)contests, i, contest)
    {
        if (number(contest, "ratio_low") > 1) faster++;
        if (number(contest, "ratio_high") < 1) slower++;
        if (isfinite(number(contest, "ratio"))) counted++;
    }
    if (!counted) return;
    cb_say(section,
           "Of %zu comparisons with libraries ours is faster in %zu and slower in %zu by the 95 %% interval; in the "
           "others neither is shown. The slower ones are marked in the table.",
           counted, faster, slower);
    static const char *const columns[] = {"case", "ours, fastest", "library", "its fastest"};
    json_t *fold = cb_fold(section, "All comparisons"),
           *grid = cb_grid(fold, "Speed-up: the library's time over ours, by medians.");
    for (i = 0; i < sizeof columns / sizeof *columns; i++) cb_grid_column(grid, columns[i], false);
    cb_grid_column(grid, "speed-up", true);
    cb_grid_column(grid, "95 % interval", true);
    json_array_foreach((json_t *)contests, i, contest) if (isfinite(number(contest, "ratio")))
        add_contest(grid, contest);
    cb_grid_end(fold, grid);
}

static void draw_contests(struct cb_report *report, json_t *section, const json_t *contests, size_t bench)
{
    json_t *operations = json_array(), *libraries = json_array(), *contest;
    size_t i;
    json_array_foreach((json_t *)contests, i, contest)
    {
        if (!isfinite(number(contest, "ratio"))) continue;
        json_t *operation = cb_operation_of(text(contest, "name"));
        add_once(operations, json_string_value(operation));
        add_once(libraries, text(contest, "library"));
        json_decref(operation);
    }
    for (i = 0; i < json_array_size(operations); i++) {
        char name[64];
        snprintf(name, sizeof name, "kernels-%zu-%zu", bench, i + 1);
        draw_operation(report, section, contests, json_string_value(json_array_get(operations, i)), libraries, name);
    }
    json_decref(operations);
    json_decref(libraries);
}

/* --- all rows ----------------------------------------------------------------------------------------------------- */

static void add_rows(json_t *section, const json_t *rows)
{
    static const char *const words[] = {"case", "implementation"}, *const numbers[] = {"microseconds", "GFLOP/s",
                                                                                       "of peak, %", "of roof, %"};
    json_t *fold = cb_fold(section, "All cases"),
           *grid = cb_grid(fold, "Medians of the repetitions. GFLOP/s and the share of peak count the flops of direct "
                                 "convolution, so Winograd's, which needs fewer, may exceed 100 %; the share of roof "
                                 "counts those that it needs."),
           *row;
    size_t i;
    for (i = 0; i < 2; i++) cb_grid_column(grid, words[i], false);
    for (i = 0; i < 4; i++) cb_grid_column(grid, numbers[i], true);
    cb_grid_column(grid, "bound", false);
    json_array_foreach((json_t *)rows, i, row)
    {
        static const char *const shares[] = {"share_of_peak", "share_of_ceiling"};
        json_t *implementation = cb_row_implementation(row);
        cb_grid_row(grid);
        cb_grid_text(grid, text(row, "contest"));
        cb_grid_text(grid, json_string_value(implementation));
        cb_grid_number(grid, cb_row_seconds(row), "%.4g", 1e6 * cb_row_seconds(row));
        const double rate = number(row, "flops") / cb_row_seconds(row);
        if (rate > 0)
            cb_grid_number(grid, rate, "%.1f", rate / 1e9);
        else
            cb_grid_number(grid, (double)NAN, "no arithmetic that counts");
        for (int s = 0; s < 2; s++) {
            const double share = number(row, shares[s]);
            if (isfinite(share))
                cb_grid_number(grid, share, "%.1f", 100 * share);
            else
                cb_grid_number(grid, share, "no ceiling for it");
        }
        cb_grid_text(grid, text(row, "bound"));
        json_decref(implementation);
    }
    cb_grid_end(fold, grid);
}

/* --- what has no row ---------------------------------------------------------------------------------------------- */

static void add_errors(json_t *section, const json_t *errors)
{
    json_t *error;
    size_t i;
    json_array_foreach((json_t *)errors, i, error)
        cb_note(section, "Wrong, and not timed: %s: %s.", text(error, "name"), text(error, "message"));
}

static void add_skipped(json_t *section, const json_t *skipped)
{
    json_t *title = cb_sentence("%zu skipped", json_array_size(skipped)), *one;
    size_t i;
    if (json_array_size(skipped)) {
        json_t *grid = cb_grid(cb_fold(section, json_string_value(title)), "Cases that were not measured.");
        cb_grid_column(grid, "case and implementation", false);
        cb_grid_column(grid, "reason", false);
        json_array_foreach((json_t *)skipped, i, one)
        {
            cb_grid_row(grid);
            cb_grid_text(grid, text(one, "name"));
            cb_grid_text(grid, text(one, "reason"));
        }
    }
    json_decref(title);
}

void cb_section_kernels(struct cb_report *report)
{
    json_t *bench, *section = cb_section(report->document, "kernels", "Kernels beside libraries, and the roofline");
    size_t i;
    json_array_foreach(report->inputs->benches, i, bench)
    {
        json_t *rows = cb_bench_rows(bench);
        const json_t *contests = json_object_get(bench, "contests");
        if (json_array_size(report->inputs->benches) > 1) cb_say(section, "%s:", text(bench, "file"));
        if (json_is_true(json_object_get(bench, "interrupted")))
            cb_note(section, "This measurement was interrupted: cases are missing.");
        struct cb_chart chart;
        char name[32];
        snprintf(name, sizeof name, "roofline-%zu", i + 1);
        const char *caption = cb_roofline_chart(&chart, bench, rows, name);
        add_errors(section, json_object_get(bench, "errors"));
        cb_report_chart(report, section, &chart, caption);
        draw_contests(report, section, contests, i + 1);
        add_contests(section, contests);
        if (json_array_size(rows)) add_rows(section, rows);
        add_skipped(section, json_object_get(bench, "skipped"));
        json_decref(rows);
    }
    cb_section_end(report->document);
}
