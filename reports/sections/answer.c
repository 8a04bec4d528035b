/* The answer of each experiment: who reached the target, when, in a sentence, a picture and a table. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../lib/comparison.h"
#include "../lib/memory.h"
#include "../lib/values.h"
#include "../page/document.h"
#include "accuracy_chart.h"
#include "sections.h"
#include "target_table.h"

static const json_t *group_keys(const struct cb_experiment *e, size_t group)
{
    return json_object_get(json_array_get(e->groups, group), "recipe_keys");
}

static bool same_numerics(const struct cb_experiment *e, size_t a, size_t b)
{
    return cb_equal(json_object_get(group_keys(e, a), "numerics.version"),
                    json_object_get(group_keys(e, b), "numerics.version"));
}

/* Reached, on the machine that most groups have times of, soonest: smaller is better. */
static double rank(const struct cb_experiment *e, size_t group)
{
    const double seconds = cb_group_number(e, group, "mean_seconds_to_target"),
                 epochs = cb_group_number(e, group, "mean_epochs_to_target");
    if (isfinite(seconds) && e->times.chosen[group] == e->times.common) return seconds;
    return 1e12 + (isfinite(epochs) ? epochs : 1e12);
}

/* The soonest group of a schedule; other < SIZE_MAX: of the numerics of that group, if there is one. */
static size_t soonest(const struct cb_experiment *e, const char *schedule, size_t other)
{
    size_t best = SIZE_MAX;
    bool best_fits = false;
    for (size_t g = 0; g < e->in.groups; g++) {
        if (strcmp(cb_group_schedule(e, g), schedule)) continue;
        const bool fits = other == SIZE_MAX || same_numerics(e, g, other);
        if (best != SIZE_MAX && (fits < best_fits || (fits == best_fits && rank(e, g) >= rank(e, best)))) continue;
        best = g;
        best_fits = fits;
    }
    return best;
}

/* "1cycle-70 reached 93 % in ..., step-64k-b in ...: 1.40 times as fast." */
static void say_pair(const struct cb_experiment *e, json_t *section, size_t a, size_t b)
{
    struct cb_report_run *both = cb_report_alloc(e->count * sizeof *both);
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++)
        if (e->in.group[i] == a || e->in.group[i] == b) both[count++] = e->runs[i];
    json_t *comparison = cb_comparison(both, count, &(struct cb_comparison_options){.target_percent = e->target});
    const char *summary = json_string_value(json_object_get(comparison, "summary"));
    if (summary) cb_say(section, "%s", summary);
    json_decref(comparison);
    free(both);
}

static void say_one(const struct cb_experiment *e, json_t *section, size_t group)
{
    const double seconds = cb_group_number(e, group, "mean_seconds_to_target"),
                 accuracy = cb_group_number(e, group, "mean_accuracy_percent");
    const int reached = (int)cb_group_number(e, group, "reached"), n = (int)cb_group_number(e, group, "n");
    char after[64] = "", end[80] = "";
    if (reached && isfinite(seconds)) snprintf(after, sizeof after, ", after %.1f minutes", seconds / 60);
    if (isfinite(accuracy))
        snprintf(end, sizeof end, "; at the end it has %.2f %%%s", accuracy, n > 1 ? " on average" : "");
    cb_say(section, "%s reached %g %% in %d of %d run%s%s%s.", cb_group_label(e, group), e->target, reached, n,
           n == 1 ? "" : "s", after, end);
}

/* A time to the target is one of those that reached it. */
static void note_misses(const struct cb_experiment *e, json_t *section, size_t group)
{
    const double reached = cb_group_number(e, group, "reached"), missed = cb_group_number(e, group, "missed");
    if (reached > 0 && missed > 0)
        cb_note(section, "%s missed %g %% in %.0f of %.0f runs: its times are of those that reached it.",
                cb_group_label(e, group), e->target, missed, cb_group_number(e, group, "n"));
}

/* A larger batch makes an epoch shorter: the schedule's own part is in the number of epochs. */
static void note_batches(const struct cb_experiment *e, json_t *section, size_t cycle, size_t step)
{
    const double times =
        cb_group_number(e, step, "mean_epochs_to_target") / cb_group_number(e, cycle, "mean_epochs_to_target");
    char in_epochs[64] = "";
    if (isfinite(times)) snprintf(in_epochs, sizeof in_epochs, ": in epochs, 1cycle is %.2f times as fast", times);
    cb_note(section, "%s and %s differ in their batch, too, not in the schedule alone%s.", cb_group_label(e, cycle),
            cb_group_label(e, step), in_epochs);
}

static void say_answer(const struct cb_experiment *e, json_t *section)
{
    const size_t cycle = soonest(e, "one_cycle", SIZE_MAX);
    const size_t step = cycle == SIZE_MAX ? SIZE_MAX : soonest(e, "step", cycle);
    if (step == SIZE_MAX) {
        if (e->in.groups == 2)
            say_pair(e, section, 0, 1);
        else
            for (size_t g = 0; g < e->in.groups && g < 8; g++) say_one(e, section, g);
        return;
    }
    say_pair(e, section, cycle, step);
    for (size_t g = 0; g < e->in.groups; g++)
        if (g != step && !strcmp(cb_group_schedule(e, g), "step") && same_numerics(e, g, cycle))
            say_pair(e, section, cycle, g);
    note_misses(e, section, cycle);
    note_misses(e, section, step);
    if (!cb_equal(json_object_get(group_keys(e, cycle), "data.batch"),
                  json_object_get(group_keys(e, step), "data.batch")))
        note_batches(e, section, cycle, step);
}

void cb_section_answer(struct cb_report *report)
{
    for (size_t i = 0; i < report->experiment_count; i++) {
        const struct cb_experiment *e = &report->experiments[i];
        char id[32], name[64];
        snprintf(id, sizeof id, i ? "answer-%zu" : "answer", i + 1);
        json_t *section = cb_section(report->document, id, e->title);
        say_answer(e, section);
        struct cb_chart chart;
        snprintf(name, sizeof name, i ? "accuracy-%zu" : "accuracy", i + 1);
        const char *caption = cb_accuracy_chart(&chart, e, name);
        cb_report_chart(report, section, &chart, caption);
        cb_target_table(section, e);
    }
}
