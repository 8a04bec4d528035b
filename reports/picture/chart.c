#include "chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"

static char *copy(const char *text)
{
    const size_t size = strlen(text) + 1;
    return memcpy(cb_report_alloc(size), text, size);
}

static struct cb_axis axis(const char *label)
{
    return (struct cb_axis){.label = label, .low = (double)NAN, .high = (double)NAN};
}

struct cb_chart cb_chart_make(const char *name, const char *title, const char *x_label, const char *y_label)
{
    return (struct cb_chart){.name = copy(name), .title = copy(title), .x = axis(x_label), .y = axis(y_label)};
}

void cb_chart_free(struct cb_chart *chart)
{
    for (size_t i = 0; i < chart->series_count; i++) {
        free(chart->series[i].label);
        free(chart->series[i].points);
    }
    for (size_t i = 0; i < chart->remark_count; i++) free(chart->remarks[i].text);
    for (size_t i = 0; i < chart->y.name_count; i++) free(chart->y.names[i]);
    free(chart->y.names);
    free(chart->series);
    free(chart->remarks);
    free(chart->name);
    free(chart->title);
    memset(chart, 0, sizeof *chart);
}

/* The array with room for one more: grown when the count is a power of two. */
static void *with_room(void *array, size_t count, size_t size)
{
    return count & (count - 1) ? array : cb_report_realloc(array, (count ? 2 * count : 1) * size);
}

struct cb_series *cb_chart_add(struct cb_chart *chart, const char *label, int colour, enum cb_mark mark)
{
    chart->series = with_room(chart->series, chart->series_count, sizeof *chart->series);
    struct cb_series *series = &chart->series[chart->series_count++];
    *series = (struct cb_series){.label = copy(label), .colour = colour, .mark = mark};
    return series;
}

void cb_series_span(struct cb_series *series, double x, double y, double low, double high)
{
    series->points = with_room(series->points, series->count, sizeof *series->points);
    series->points[series->count++] = (struct cb_point_xy){x, y, low, high};
}

void cb_series_point(struct cb_series *series, double x, double y)
{
    cb_series_span(series, x, y, (double)NAN, (double)NAN);
}

static void add_remark(struct cb_chart *chart, struct cb_remark remark)
{
    chart->remarks = with_room(chart->remarks, chart->remark_count, sizeof *chart->remarks);
    chart->remarks[chart->remark_count++] = remark;
}

void cb_chart_level(struct cb_chart *chart, double y, const char *text)
{
    add_remark(chart, (struct cb_remark){.text = copy(text), .y = y, .colour = CB_COLOUR_MUTED, .is_level = true});
}

void cb_chart_text(struct cb_chart *chart, double x, double y, int colour, const char *text)
{
    add_remark(chart, (struct cb_remark){.text = copy(text), .x = x, .y = y, .colour = colour});
}

double cb_chart_row(struct cb_chart *chart, const char *name)
{
    struct cb_axis *y = &chart->y;
    y->names = with_room(y->names, y->name_count, sizeof *y->names);
    y->names[y->name_count++] = copy(name);
    chart->rows = y->name_count;
    return (double)y->name_count;
}
