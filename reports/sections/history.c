/* Numbers over the commits (`cyclebench regress --history`), with the points where they changed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/changes.h"
#include "../lib/memory.h"
#include "../lib/values.h"
#include "../page/document.h"
#include "sections.h"

enum { CASES_DRAWN = 6 };

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "not known";
}

/* One case over the runs: NaN where a run does not have it. */
struct course {
    const char *name, *source, *unit;
    double *values; /* of the runs from `first` on */
    size_t *at, changes;
};

static const json_t *case_in(const json_t *run, const char *name, const char *source)
{
    json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(run, "cases"), i,
                       entry) if (!strcmp(text(entry, "name"), name) &&
                                  !strcmp(text(entry, "source"), source)) return entry;
    return NULL;
}

/* Exact counts change wherever two neighbours differ; of what is measured only a test can tell. */
static void find_changes(struct course *course, const size_t *known, const double *values, size_t n)
{
    course->changes = 0;
    if (strcmp(course->unit, "instructions")) {
        course->changes = cb_changes_of(values, n, course->at);
        for (size_t i = 0; i < course->changes; i++) course->at[i] = known[course->at[i]];
        return;
    }
    for (size_t i = 1; i < n; i++)
        if (fabs(values[i] - values[i - 1]) > 0.5) course->at[course->changes++] = known[i];
}

static struct course course_of(const json_t *runs, size_t first, const json_t *of)
{
    const size_t count = json_array_size(runs) - first;
    struct course course = {text(of, "name"),
                            text(of, "source"),
                            text(of, "unit"),
                            cb_report_alloc(count * sizeof(double)),
                            cb_report_alloc(count * sizeof(size_t)),
                            0};
    size_t *known = cb_report_alloc(count * sizeof *known), n = 0;
    double *values = cb_report_alloc(count * sizeof *values);
    for (size_t r = 0; r < count; r++) {
        const json_t *entry = case_in(json_array_get(runs, first + r), course.name, course.source),
                     *value = json_object_get(entry, "value");
        course.values[r] = json_is_number(value) ? json_number_value(value) : (double)NAN;
        if (!json_is_number(value)) continue;
        known[n] = r;
        values[n++] = json_number_value(value);
    }
    find_changes(&course, known, values, n);
    free(known);
    free(values);
    return course;
}

/* The mean of the stretch that ends before, or begins at, a change. */
static double level(const struct course *course, size_t from, size_t to)
{
    double sum = 0, n = 0;
    for (size_t i = from; i < to; i++)
        if (isfinite(course->values[i])) sum += course->values[i], n++;
    return sum / n;
}

static void add_rows(json_t *grid, const struct course *course, const json_t *runs, size_t first, size_t count)
{
    for (size_t c = 0; c < course->changes; c++) {
        const size_t at = course->at[c], from = c ? course->at[c - 1] : 0,
                     to = c + 1 < course->changes ? course->at[c + 1] : count;
        const double before = level(course, from, at), after = level(course, at, to),
                     percent = 100 * (after - before) / before;
        const json_t *run = json_array_get(runs, first + at);
        cb_grid_row(grid);
        cb_grid_text(grid, course->name);
        cb_grid_text(grid, course->source);
        cb_grid_text(grid, text(run, "commit"));
        cb_grid_text(grid, text(run, "time"));
        cb_grid_number(grid, before, "%.9g", before);
        cb_grid_number(grid, after, "%.9g", after);
        cb_grid_text(grid, course->unit);
        if (before != 0)
            cb_grid_number(grid, percent, "%+.2f", percent);
        else
            cb_grid_text(grid, "from 0");
        if (after > before) cb_grid_mark(grid);
    }
}

/* False: it cannot be drawn in per cent, for it begins at 0. */
static bool add_course(struct cb_chart *chart, const struct course *course, size_t count, int colour)
{
    json_t *label = cb_sentence("%s (%s)", course->name, course->source);
    double base = (double)NAN;
    for (size_t i = 0; i < count && !isfinite(base); i++) base = course->values[i];
    if (base == 0) {
        json_decref(label);
        return false;
    }
    struct cb_series *series = cb_chart_add(chart, json_string_value(label), colour, CB_BOLD);
    series->named = true;
    for (size_t i = 0; i < count; i++) cb_series_point(series, (double)i + 1, 100 * (course->values[i] - base) / base);
    series = cb_chart_add(chart, json_string_value(label), colour, CB_RINGS);
    for (size_t c = 0; c < course->changes; c++)
        cb_series_point(series, (double)course->at[c] + 1, 100 * (course->values[course->at[c]] - base) / base);
    json_decref(label);
    return true;
}

static void add_history(struct cb_report *report, json_t *section, const json_t *history, size_t number)
{
    const json_t *runs = json_object_get(history, "runs"), *last = json_array_get(runs, json_array_size(runs) - 1);
    const size_t all = json_array_size(runs), count = all < CB_CHANGES_LONGEST ? all : CB_CHANGES_LONGEST,
                 first = all - count;
    static const char *const columns[] = {"case", "source", "commit", "time", "before", "after", "unit", "change, %"};
    char name[48];
    snprintf(name, sizeof name, "history-%zu", number);
    struct cb_chart chart = cb_chart_make(name, "Numbers over the runs", "run", "more than at first, %");
    cb_say(section,
           "%s: the last %zu of %zu runs, up to commit %s. Exact counts change where two runs differ; bytes and times "
           "where E-divisive finds a change (5 %%).",
           text(history, "file"), count, all, text(last, "commit"));
    json_t *fold = json_object(), *entry;
    cb_put(fold, "nodes", json_array());
    json_t *grid = cb_grid(fold, "Changes, and the means before and after them.");
    size_t i, changed = 0, drawn = 0, cases = json_array_size(json_object_get(last, "cases"));
    for (i = 0; i < sizeof columns / sizeof *columns; i++) cb_grid_column(grid, columns[i], i == 4 || i == 5 || i == 7);
    json_array_foreach(json_object_get(last, "cases"), i, entry)
    {
        struct course course = course_of(runs, first, entry);
        if (course.changes) {
            add_rows(grid, &course, runs, first, count);
            if (drawn < CASES_DRAWN && add_course(&chart, &course, count, (int)drawn)) drawn++;
            changed++;
        }
        free(course.values);
        free(course.at);
    }
    cb_grid_end(fold, grid);
    cb_say(section, "%zu of its %zu cases changed.", changed, cases);
    cb_report_chart(report, section, &chart, "The first cases that changed; rings: where.");
    if (changed) json_array_extend(json_object_get(section, "nodes"), json_object_get(fold, "nodes"));
    json_decref(fold);
}

void cb_section_history(struct cb_report *report)
{
    json_t *history, *section = cb_section(report->document, "history", "Over the commits");
    size_t i;
    json_array_foreach(report->inputs->histories, i, history) add_history(report, section, history, i + 1);
    cb_section_end(report->document);
}
