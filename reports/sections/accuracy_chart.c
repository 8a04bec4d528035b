#include "accuracy_chart.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"

enum { SEEDS_DRAWN = 12 };

struct frame {
    bool by_time;
    double unit; /* seconds of a tick of the x axis */
};

/* Where an epoch stands. A run whose own times do not count has the pace of its group's runs that have. */
static double position(const struct cb_experiment *e, const struct frame *frame, size_t run, size_t epoch)
{
    const struct cb_report_epoch *at = &e->runs[run].epochs[epoch];
    if (!frame->by_time) return (double)at->epoch;
    if (cb_times_count(&e->times, &e->in, run)) return at->seconds_total / frame->unit;
    return (double)at->epoch * cb_group_epoch_seconds(e, e->in.group[run]) / frame->unit;
}

static void add_run(struct cb_chart *chart, const struct cb_experiment *e, const struct frame *frame, size_t run,
                    enum cb_mark mark)
{
    const size_t group = e->in.group[run];
    struct cb_series *series = cb_chart_add(chart, cb_group_label(e, group), cb_group_colour(e, group), mark);
    for (size_t i = 0; i < e->runs[run].epoch_count; i++)
        if (isfinite(e->runs[run].epochs[i].accuracy_percent))
            cb_series_point(series, position(e, frame, run, i), e->runs[run].epochs[i].accuracy_percent);
}

/* One run a training: the first that computed it, or one whose times count. */
static bool stands_for_training(const struct cb_experiment *e, size_t run)
{
    size_t chosen = SIZE_MAX;
    for (size_t i = 0; i < e->count; i++) {
        if (e->in.training[i] != e->in.training[run] || e->in.group[i] != e->in.group[run]) continue;
        if (chosen == SIZE_MAX || (cb_times_count(&e->times, &e->in, i) && !cb_times_count(&e->times, &e->in, chosen)))
            chosen = i;
    }
    return chosen == run;
}

struct sum {
    double x, y;
    size_t n;
};

/* It diverged, or may still go on. */
static bool is_partial(const struct cb_experiment *e, size_t run)
{
    const json_t *object = json_array_get(e->objects, run);
    const char *status = json_string_value(json_object_get(object, "status"));
    return strcmp(status, "completed") && !json_is_number(json_object_get(object, "epochs_to_target"));
}

/* Those that a mean is of: whole trainings, or where there are none, all that have an epoch. */
static size_t choose_for_mean(const struct cb_experiment *e, const size_t *runs, size_t n, size_t *chosen)
{
    size_t count = 0;
    for (size_t r = 0; r < n; r++)
        if (!is_partial(e, runs[r]) && e->runs[runs[r]].epoch_count) chosen[count++] = runs[r];
    for (size_t r = 0, whole = count; r < n && !whole; r++)
        if (e->runs[runs[r]].epoch_count) chosen[count++] = runs[r];
    return count;
}

/* The mean of the trainings epoch by epoch, as far as all of them go. */
static void add_mean(struct cb_chart *chart, const struct cb_experiment *e, const struct frame *frame, size_t group,
                     const size_t *all, size_t all_count)
{
    size_t epochs = 0, *runs = cb_report_alloc(all_count * sizeof *runs), n = choose_for_mean(e, all, all_count, runs);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < e->runs[runs[r]].epoch_count; i++)
            if (e->runs[runs[r]].epochs[i].epoch > epochs) epochs = e->runs[runs[r]].epochs[i].epoch;
    struct sum *sums = calloc(epochs + 1, sizeof *sums);
    for (size_t r = 0; r < n && sums; r++)
        for (size_t i = 0; i < e->runs[runs[r]].epoch_count; i++) {
            const struct cb_report_epoch *at = &e->runs[runs[r]].epochs[i];
            if (!isfinite(at->accuracy_percent)) continue;
            sums[at->epoch].x += position(e, frame, runs[r], i);
            sums[at->epoch].y += at->accuracy_percent;
            sums[at->epoch].n++;
        }
    struct cb_series *series = cb_chart_add(chart, cb_group_label(e, group), cb_group_colour(e, group), CB_BOLD);
    series->named = true;
    for (size_t i = 0; i <= epochs && sums; i++)
        if (n && sums[i].n == n) cb_series_point(series, sums[i].x / (double)n, sums[i].y / (double)n);
    free(sums);
    free(runs);
}

/* trainings: how many there are, one of which reached the target. */
static void add_label(struct cb_chart *chart, const struct frame *frame, const struct cb_point_xy *at, int colour,
                      size_t trainings)
{
    char text[64];
    const char *form = !frame->by_time ? "epoch %.0f" : frame->unit > 1 ? "%.1f min" : "%.1f s";
    int length = snprintf(text, sizeof text, form, at->x);
    if (trainings > 1) snprintf(text + length, sizeof text - (size_t)length, " (1 of %zu)", trainings);
    cb_chart_text(chart, at->x, at->y, colour, text);
}

/* A ring where each training first reaches the target; one alone says when. */
static void add_crossings(struct cb_chart *chart, const struct cb_experiment *e, const struct frame *frame,
                          size_t group, const size_t *runs, size_t n)
{
    struct cb_series *series = cb_chart_add(chart, cb_group_label(e, group), cb_group_colour(e, group), CB_RINGS);
    for (size_t r = 0; r < n; r++) {
        const struct cb_report_run *run = &e->runs[runs[r]];
        size_t i = 0;
        while (i < run->epoch_count && !(run->epochs[i].accuracy_percent >= e->target)) i++;
        if (i == run->epoch_count) continue;
        cb_series_point(series, position(e, frame, runs[r], i), run->epochs[i].accuracy_percent);
    }
    if (series->count == 1) add_label(chart, frame, &series->points[0], series->colour, n);
}

static void add_group(struct cb_chart *chart, const struct cb_experiment *e, const struct frame *frame, size_t group)
{
    size_t *runs = cb_report_alloc(e->count * sizeof *runs), n = 0;
    for (size_t i = 0; i < e->count; i++)
        if (e->in.group[i] == group && stands_for_training(e, i)) runs[n++] = i;
    for (size_t r = 0; r < n && n > 1 && r < SEEDS_DRAWN; r++)
        add_run(chart, e, frame, runs[r],
                cb_times_count(&e->times, &e->in, runs[r]) || !frame->by_time ? CB_THIN : CB_DOTTED);
    if (n) add_mean(chart, e, frame, group, runs, n);
    add_crossings(chart, e, frame, group, runs, n);
    free(runs);
}

/* Whether the group has a place on the time axis: times of the machine that most groups have times of. */
static bool has_pace(const struct cb_experiment *e, size_t group)
{
    return e->times.common != SIZE_MAX && e->times.chosen[group] == e->times.common &&
           isfinite(cb_group_epoch_seconds(e, group));
}

static double longest(const struct cb_experiment *e)
{
    double most = 0;
    for (size_t i = 0; i < e->count; i++)
        if (cb_times_count(&e->times, &e->in, i) && e->runs[i].epoch_count)
            most = fmax(most, e->runs[i].epochs[e->runs[i].epoch_count - 1].seconds_total);
    return most;
}

/* Every curve ends above it: then what lies below is the beginning, in which nothing is decided. */
static bool ends_above(const struct cb_chart *chart, double low)
{
    for (size_t i = 0; i < chart->series_count; i++) {
        const struct cb_series *series = &chart->series[i];
        if (series->count && !(series->points[series->count - 1].y > low)) return false;
    }
    return chart->series_count > 0 && low > 0;
}

const char *cb_accuracy_chart(struct cb_chart *chart, const struct cb_experiment *e, const char *name)
{
    size_t paced = 0, drawn = 0;
    for (size_t g = 0; g < e->in.groups; g++) paced += has_pace(e, g);
    struct frame frame = {paced > 0, longest(e) < 600 ? 1 : 60};
    const char *x = !frame.by_time   ? "epoch"
                    : frame.unit > 1 ? "minutes since the start, evaluation included"
                                     : "seconds since the start, evaluation included";
    json_t *title =
        json_sprintf("%s: %s accuracy over %s", e->title, e->evaluated_on, frame.by_time ? "time" : "epochs");
    *chart = cb_chart_make(name, json_string_value(title), x, "accuracy, %");
    json_decref(title);
    chart->x.low = 0;
    for (size_t g = 0; g < e->in.groups && drawn < CB_GROUPS_DRAWN; g++) {
        if (frame.by_time && !has_pace(e, g)) continue;
        add_group(chart, e, &frame, g);
        drawn++;
    }
    chart->y.high = 100;
    const double low = floor(e->target / 10 - 2) * 10;
    if (ends_above(chart, low)) chart->y.low = low;
    /* One above the other: rings may be nearer to each other than their labels are wide. */
    const double height = chart->y.high - (isfinite(chart->y.low) ? chart->y.low : 0);
    for (size_t i = 0; i < chart->remark_count; i++) chart->remarks[i].y += 0.08 * (double)i * height;
    /* The table says when, too. */
    while (chart->remark_count && chart->remarks[chart->remark_count - 1].y > chart->y.high - 0.05 * height)
        free(chart->remarks[--chart->remark_count].text);
    char level[32];
    snprintf(level, sizeof level, "%g %%", e->target);
    cb_chart_level(chart, e->target, level);
    if (!frame.by_time)
        return "Bold: the mean over whole trainings. Thin: one seed each. Rings: the target is first reached. No run "
               "has a time "
               "that counts (see Conditions), so epochs stand for it.";
    return "Bold: the mean over whole trainings. Thin: one seed each; dotted, if its own times do not count (resumed "
           "or "
           "disturbed), at the pace of "
           "the runs whose times do. Rings: the target is first reached. Groups without times on the same machine are "
           "not drawn.";
}
