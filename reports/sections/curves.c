/* Rate and momentum by iteration, and the losses by epoch. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/values.h"
#include "../page/document.h"
#include "recipes/recipe.h"
#include "sections.h"

enum { GROUPS_DRAWN = 8, POINTS = 400 };

/* The schedule of a run's recipe. False: the record's recipe cannot be read. */
static bool schedule_of(struct cb_schedule *schedule, const struct cb_report_run *run)
{
    const char *text = json_string_value(json_object_get(run->header, "recipe_text"));
    const json_t *images = json_object_get(run->header, "train_images");
    struct cb_recipe recipe;
    struct cb_error err;
    if (!text || (!json_is_integer(images) && !(run->epoch_count && run->epochs[0].epoch)) ||
        cb_recipe_parse(&recipe, text, strlen(text), run->label, NULL, 0, &err) != CB_OK)
        return false;
    /* Format 1 does not tell the images: as many whole batches as an epoch had. */
    const size_t count = json_is_integer(images) ? (size_t)json_integer_value(images)
                                                 : run->epochs[0].iteration / run->epochs[0].epoch * recipe.data.batch;
    if (cb_recipe_resolve(&recipe, count, &err) != CB_OK) return false;
    *schedule = recipe.schedule;
    return true;
}

/* Of equal schedules the first is drawn. */
static bool is_drawn(const struct cb_experiment *e, size_t group, const struct cb_schedule *schedule)
{
    for (size_t g = 0; g < group; g++) {
        struct cb_schedule other;
        if (!schedule_of(&other, cb_group_longest(e, g)) || other.iterations != schedule->iterations) continue;
        bool same = true;
        for (size_t k = 0; k < schedule->iterations && same; k++) {
            const struct cb_schedule_point a = cb_schedule_at(&other, k), b = cb_schedule_at(schedule, k);
            same = fabs(a.lr - b.lr) < 1e-12 && fabs(a.momentum - b.momentum) < 1e-12;
        }
        if (same) return true;
    }
    return false;
}

/* False: the record has no recipe that can be read. */
static bool add_schedule(struct cb_chart charts[2], const struct cb_experiment *e, size_t group)
{
    struct cb_schedule schedule;
    if (!schedule_of(&schedule, cb_group_longest(e, group))) return false;
    if (is_drawn(e, group, &schedule)) return true;
    const size_t last = schedule.iterations - 1, stride = schedule.iterations / POINTS + 1;
    struct cb_series *series[2];
    for (int c = 0; c < 2; c++) {
        series[c] = cb_chart_add(&charts[c], cb_group_label(e, group), cb_group_colour(e, group), CB_BOLD);
        series[c]->named = true;
    }
    for (size_t k = 0;; k += stride) {
        if (k > last) k = last;
        const struct cb_schedule_point point = cb_schedule_at(&schedule, k);
        cb_series_point(series[0], (double)k, point.lr);
        cb_series_point(series[1], (double)k, point.momentum);
        if (k == last) return true;
    }
}

static void draw_schedules(struct cb_report *report, json_t *section, const struct cb_experiment *e, size_t number)
{
    char names[2][48];
    snprintf(names[0], sizeof names[0], "rate-%zu", number);
    snprintf(names[1], sizeof names[1], "momentum-%zu", number);
    struct cb_chart charts[] = {cb_chart_make(names[0], "Learning rate", "iteration", "learning rate"),
                                cb_chart_make(names[1], "Momentum", "iteration", "momentum")};
    for (size_t g = 0; g < e->in.groups && g < GROUPS_DRAWN; g++)
        if (!add_schedule(charts, e, g))
            cb_say(section, "%s: the record has no recipe that can be read, so its rate and momentum are not drawn.",
                   cb_group_label(e, g));
    charts[0].x.low = charts[1].x.low = 0;
    charts[0].y.low = 0;
    cb_report_chart(report, section, &charts[0], "As the recipes say it; recipes with equal schedules have one line.");
    cb_report_chart(report, section, &charts[1], "As the recipes say it; recipes with equal schedules have one line.");
}

/* False: the notebook has no such training. */
static bool add_notebook(const struct cb_report *report, struct cb_chart *chart, const struct cb_experiment *e,
                         size_t group, size_t member)
{
    const char *name = json_string_value(cb_member(json_array_get(e->groups, group), "notebook.experiment"));
    const json_t *epochs = name ? json_object_get(json_object_get(report->notebook, name), "epochs") : NULL;
    if (!epochs) return false;
    struct cb_series *series = cb_chart_add(chart, "notebook", cb_group_colour(e, group), CB_DOTTED);
    for (size_t i = 0; i < json_array_size(epochs); i++)
        cb_series_point(series, (double)i + 1, json_number_value(json_array_get(json_array_get(epochs, i), member)));
    return true;
}

static void draw_loss(struct cb_report *report, json_t *section, const struct cb_experiment *e, const char *name,
                      bool of_training)
{
    json_t *title = cb_sentence("Loss on %s images", e->evaluated_on), *caption;
    struct cb_chart chart =
        cb_chart_make(name, of_training ? "Training loss" : json_string_value(title), "epoch", "loss");
    bool beside = false;
    for (size_t g = 0; g < e->in.groups && g < GROUPS_DRAWN; g++)
        beside = add_notebook(report, &chart, e, g, !of_training) || beside;
    for (size_t g = 0; g < e->in.groups && g < GROUPS_DRAWN; g++) {
        const struct cb_report_run *run = cb_group_longest(e, g);
        struct cb_series *series = cb_chart_add(&chart, cb_group_label(e, g), cb_group_colour(e, g), CB_BOLD);
        series->named = true;
        for (size_t i = 0; i < run->epoch_count; i++) {
            const struct cb_report_epoch *at = &run->epochs[i];
            const double training = isfinite(at->train_loss_smoothed) ? at->train_loss_smoothed : at->train_loss;
            cb_series_point(series, (double)at->epoch, of_training ? training : at->eval_loss);
        }
    }
    chart.y.logarithmic = true;
    caption = cb_sentence(
        "%s%s", of_training ? "Moving average of the batches' losses; of one seed each." : "Of one seed each.",
        beside ? " Dotted: the notebook's own run of the same training." : "");
    cb_report_chart(report, section, &chart, json_string_value(caption));
    json_decref(caption);
    json_decref(title);
}

void cb_section_curves(struct cb_report *report)
{
    if (!report->experiment_count) return;
    json_t *section = cb_section(report->document, "curves", "Schedules and losses");
    for (size_t i = 0; i < report->experiment_count; i++) {
        const struct cb_experiment *e = &report->experiments[i];
        char names[2][48];
        snprintf(names[0], sizeof names[0], "train-loss-%zu", i + 1);
        snprintf(names[1], sizeof names[1], "test-loss-%zu", i + 1);
        json_t *into = i == 0 || !report->draws ? section : cb_fold(section, e->title);
        if (e->in.groups > GROUPS_DRAWN)
            cb_say(into, "The pictures have the first %d of %zu recipes.", GROUPS_DRAWN, e->in.groups);
        draw_schedules(report, into, e, i + 1);
        draw_loss(report, into, e, names[0], true);
        draw_loss(report, into, e, names[1], false);
    }
    cb_section_end(report->document);
}
