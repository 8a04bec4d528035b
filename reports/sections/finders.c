/* Curves of the learning-rate finder, with the rates that it suggests. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/values.h"
#include "../page/document.h"
#include "sections.h"

enum { SKIPPED = 10 /* points that fastai's plot leaves out at the beginning */ };

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

/* "1cycle-95 (seeds-0.001)": with the folder that holds it, by which several calls of one finder are told apart. */
static json_t *title_of(const json_t *finder)
{
    const char *name = text(finder, "name"), *file = text(finder, "file"), *end = strrchr(file, '/'), *begin = end;
    while (begin && begin > file && begin[-1] != '/') begin--;
    const int length = begin ? (int)(end - begin) : 0;
    if (!length || ((size_t)length == strlen(name) && !strncmp(begin, name, strlen(name))))
        return cb_sentence("%s", name);
    return cb_sentence("%s (%.*s)", name, length, begin);
}

static void cell(json_t *grid, const json_t *curve, const char *key)
{
    char reason[80];
    snprintf(reason, sizeof reason, "%s_reason", key);
    const double value = number(curve, key);
    if (isfinite(value))
        cb_grid_number(grid, value, "%.3g", value);
    else
        cb_grid_number(grid, value, "%s", text(curve, reason));
}

static void add_row(json_t *grid, const json_t *curve)
{
    static const char *const keys[] = {"suggested_min", "suggested_max",        "take_off_lr",
                                       "lowest_lr",     "lowest_smoothed_loss", "stopped_at_lr"};
    cb_grid_row(grid);
    cb_grid_text(grid, text(curve, "curve"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) cell(grid, curve, keys[i]);
}

static void add_curve(struct cb_chart *chart, const json_t *curve, int colour, double *least, double *most)
{
    struct cb_series *series = cb_chart_add(chart, text(curve, "curve"), colour, CB_BOLD);
    series->named = true;
    json_t *point;
    size_t i;
    json_array_foreach(json_object_get(curve, "points"), i, point)
    {
        const double loss = number(point, "smoothed_loss");
        if (i < SKIPPED) continue;
        if (i == SKIPPED) *most = fmax(*most, loss);
        *least = fmin(*least, loss);
        cb_series_point(series, number(point, "lr"), loss);
    }
}

static void draw(struct cb_report *report, json_t *section, const json_t *finder, const char *name)
{
    const json_t *curves = json_object_get(finder, "curves");
    json_t *of = title_of(finder), *curve,
           *title = cb_sentence("%s: training loss over a growing rate", json_string_value(of));
    struct cb_chart chart = cb_chart_make(name, json_string_value(title), "learning rate", "smoothed loss");
    json_decref(title);
    json_decref(of);
    double least = INFINITY, most = 0;
    size_t i;
    json_array_foreach((json_t *)curves, i, curve) add_curve(&chart, curve, (int)i % CB_COLOURS, &least, &most);
    if (most < 1.3 * least) most = 1.3 * least;
    const double step = 0.05 * (most - least), count = (double)json_array_size(curves);
    json_array_foreach((json_t *)curves, i, curve)
    {
        const double low = number(curve, "suggested_min"), high = number(curve, "suggested_max");
        if (!isfinite(low) || !isfinite(high)) continue;
        struct cb_series *series = cb_chart_add(&chart, text(curve, "curve"), (int)i % CB_COLOURS, CB_INTERVAL);
        cb_series_span(series, sqrt(low * high), least - (double)(i + 1) * step, low, high);
    }
    chart.x.logarithmic = !json_is_true(cb_member(finder, "finder.linear"));
    chart.y.low = least - (count + 1) * step;
    chart.y.high = most + 2 * step;
    cb_report_chart(report, section, &chart, "Bars below the curves: the suggested range of rates.");
}

static void add_finder(struct cb_report *report, json_t *section, const json_t *finder, size_t number_of_it)
{
    char name[48];
    snprintf(name, sizeof name, "finder-%zu", number_of_it);
    json_t *curve, *of = title_of(finder),
                   *caption = cb_sentence("%s, recipe %s. Suggested: %s", json_string_value(of),
                                          json_string_value(cb_member(finder, "finder.recipe"))
                                              ? json_string_value(cb_member(finder, "finder.recipe"))
                                              : "not known",
                                          text(finder, "rule"));
    size_t i;
    draw(report, section, finder, name);
    json_t *grid = cb_grid(section, json_string_value(caption));
    json_decref(caption);
    json_decref(of);
    static const char *const columns[] = {"lowest rate",   "highest rate", "takes off at",
                                          "least loss at", "least loss",   "stopped at"};
    cb_grid_column(grid, "curve", false);
    for (i = 0; i < sizeof columns / sizeof *columns; i++) cb_grid_column(grid, columns[i], true);
    json_array_foreach(json_object_get(finder, "curves"), i, curve) add_row(grid, curve);
    const double decay = number(finder, "suggested_weight_decay");
    if (isfinite(decay))
        cb_say(section, "The largest weight decay that still allows a high rate, as Smith advises: %g.", decay);
}

void cb_section_finders(struct cb_report *report)
{
    json_t *finder, *section = cb_section(report->document, "finders", "Learning-rate finder");
    size_t i;
    json_array_foreach(report->inputs->finders, i, finder) add_finder(report, section, finder, i + 1);
    cb_section_end(report->document);
}
