/* The answer of each experiment: who reached the target, when, in a sentence, a picture and a table. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../lib/summary.h"
#include "../lib/values.h"
#include "../page/document.h"
#include "accuracy_chart.h"
#include "sections.h"
#include "target_table.h"

enum { OPEN_RUNS = 8 /* as many are said how far they are */ };

static const json_t *group_keys(const struct cb_experiment *e, size_t group)
{
    return json_object_get(json_array_get(e->groups, group), "recipe_keys");
}

static bool same_key(const struct cb_experiment *e, size_t a, size_t b, const char *key)
{
    return cb_equal(json_object_get(group_keys(e, a), key), json_object_get(group_keys(e, b), key));
}

static bool same_numerics(const struct cb_experiment *e, size_t a, size_t b)
{
    return same_key(e, a, b, "numerics.version");
}

static bool same_batch(const struct cb_experiment *e, size_t a, size_t b)
{
    return same_key(e, a, b, "data.batch");
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

static void say_pair(const struct cb_experiment *e, json_t *section, size_t a, size_t b)
{
    json_t *summary = cb_group_pair_summary(e, a, b);
    cb_say(section, "%s", json_string_value(summary));
    json_decref(summary);
}

static void say_order(const struct cb_experiment *e, json_t *section)
{
    json_t *summary = cb_order_summary(e->groups, e->target);
    cb_say(section, "%s", json_string_value(summary));
    json_decref(summary);
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

/* How far runs are that may still go on. */
static void say_open(const struct cb_experiment *e, json_t *section)
{
    size_t said = 0;
    for (size_t i = 0; i < e->count && said < OPEN_RUNS; i++) {
        const struct cb_report_run *run = &e->runs[i];
        const json_t *best = json_object_get(json_array_get(e->objects, i), "best_accuracy_percent"),
                     *all = json_object_get(run->header, "iterations");
        if (run->end || !run->epoch_count || !json_is_number(best) || !json_is_integer(all)) continue;
        const struct cb_report_epoch *last = &run->epochs[run->epoch_count - 1];
        cb_say(section, "%s so far: epoch %zu, iteration %zu of %lld, at best %.2f %%.", run->label, last->epoch,
               last->iteration, (long long)json_integer_value(all), json_number_value(best));
        said++;
    }
}

/* The soonest step schedule with 1cycle's batch and numerics: only the schedule differs. */
static size_t soonest_alike(const struct cb_experiment *e, size_t cycle)
{
    size_t best = SIZE_MAX;
    for (size_t g = 0; g < e->in.groups; g++)
        if (!strcmp(cb_group_schedule(e, g), "step") && same_numerics(e, g, cycle) && same_batch(e, g, cycle) &&
            (best == SIZE_MAX || rank(e, g) < rank(e, best)))
            best = g;
    return best;
}

static void say_answer(const struct cb_experiment *e, json_t *section)
{
    const size_t cycle = soonest(e, "one_cycle", SIZE_MAX);
    const size_t step = cycle == SIZE_MAX ? SIZE_MAX : soonest(e, "step", cycle);
    if (step == SIZE_MAX) {
        if (e->in.groups == 2)
            say_pair(e, section, 0, 1);
        else
            say_order(e, section);
        return;
    }
    const size_t alike = soonest_alike(e, cycle);
    say_pair(e, section, cycle, step);
    if (alike != SIZE_MAX && alike != step) say_pair(e, section, cycle, alike);
    note_misses(e, section, cycle);
    note_misses(e, section, step);
    if (!same_batch(e, cycle, step)) note_batches(e, section, cycle, step);
}

void cb_section_answer(struct cb_report *report)
{
    for (size_t i = 0; i < report->experiment_count; i++) {
        const struct cb_experiment *e = &report->experiments[i];
        char id[32], name[64];
        snprintf(id, sizeof id, i ? "answer-%zu" : "answer", i + 1);
        json_t *section = cb_section(report->document, id, e->title);
        say_answer(e, section);
        say_open(e, section);
        struct cb_chart chart;
        snprintf(name, sizeof name, i ? "accuracy-%zu" : "accuracy", i + 1);
        const char *caption = cb_accuracy_chart(&chart, e, name);
        cb_report_chart(report, section, &chart, caption);
        if (e->in.groups > CB_GROUPS_DRAWN)
            cb_say(section, "The picture has the first %d of %zu recipes.", CB_GROUPS_DRAWN, e->in.groups);
        cb_target_table(section, e);
    }
}
