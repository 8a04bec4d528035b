#include "experiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/groups.h"
#include "../lib/memory.h"
#include "../lib/notebook.h"
#include "../lib/pairs.h"
#include "../lib/summary.h"
#include "../lib/identity.h"
#include "../lib/run_object.h"
#include "../lib/values.h"

static double target_of(const struct cb_report_run *run, double target)
{
    return isfinite(target) ? target : json_number_value(cb_member(run->header, "recipe.run.target"));
}

/* Records of format 1 do not name their data set; it is CIFAR-10. */
static const char *data_set(const struct cb_report_run *run)
{
    const char *set = json_string_value(cb_member(run->header, "recipe.data.set"));
    return set ? set : "cifar10";
}

static bool on_test_images(const struct cb_report_run *run)
{
    const char *on = json_string_value(json_object_get(run->header, "evaluated_on"));
    return !on || !strcmp(on, "test");
}

/* "official", "synthetic", "other"; records of format 1 know only whether they are synthetic. */
static bool are_other_images(const struct cb_report_run *run)
{
    const char *kind = json_string_value(json_object_get(run->header, "data_kind"));
    return kind && !strcmp(kind, "other");
}

static bool belong_together(const struct cb_report_run *a, const struct cb_report_run *b, double target)
{
    return cb_equal(cb_member(a->header, "network.name"), cb_member(b->header, "network.name")) &&
           !strcmp(data_set(a), data_set(b)) && fabs(target_of(a, target) - target_of(b, target)) < 1e-9 &&
           cb_is_synthetic(a) == cb_is_synthetic(b) && are_other_images(a) == are_other_images(b) &&
           on_test_images(a) == on_test_images(b);
}

static char *title_of(const struct cb_report_run *run, double target)
{
    const char *network = json_string_value(cb_member(run->header, "network.name")), *set = data_set(run);
    const char *data = cb_is_synthetic(run)       ? "synthetic images"
                       : are_other_images(run)    ? "images of one's own"
                       : !strcmp(set, "cifar10")  ? "CIFAR-10"
                       : !strcmp(set, "cifar100") ? "CIFAR-100"
                                                  : set;
    const bool known = network && !strncmp(network, "resnet", 6);
    json_t *text = cb_sentence("%s%s on %s to %g %%%s", known ? "ResNet-" : "",
                               known     ? network + 6
                               : network ? network
                                         : "A network that is not known",
                               data, target_of(run, target), on_test_images(run) ? "" : " (held-out images)");
    char *title = strdup(json_string_value(text));
    json_decref(text);
    return title ? title : cb_report_alloc(0);
}

static void finish(struct cb_experiment *e, const json_t *notebook)
{
    e->objects = json_array();
    for (size_t i = 0; i < e->count; i++) cb_append(e->objects, cb_run_object(&e->runs[i], e->target));
    e->in = cb_grouping_make(e->runs, e->count, e->objects);
    e->times = cb_times_choose(e->runs, &e->in, e->objects, false);
    e->groups = cb_groups(e->runs, &e->in, &e->times, e->objects);
    cb_groups_add_speedups(e->groups, &e->times,
                           cb_evaluated_differently(e->runs, e->count) ? "the runs were evaluated on different images"
                                                                       : NULL);
    if (notebook) cb_notebook_add(e->groups, notebook, e->target);
}

static int by_size(const void *a, const void *b)
{
    const struct cb_experiment *x = a, *y = b;
    return (x->count < y->count) - (x->count > y->count);
}

struct cb_experiment *cb_experiments_of(const struct cb_report_run *runs, size_t count, double target,
                                        const json_t *notebook, size_t *experiments)
{
    struct cb_experiment *list = cb_report_alloc((count + 1) * sizeof *list);
    *experiments = 0;
    for (size_t i = 0; i < count; i++) {
        size_t e = 0;
        while (e < *experiments && !belong_together(&list[e].runs[0], &runs[i], target)) e++;
        if (e == *experiments) {
            list[e] = (struct cb_experiment){.title = title_of(&runs[i], target),
                                             .evaluated_on = on_test_images(&runs[i]) ? "test" : "held-out",
                                             .runs = cb_report_alloc(count * sizeof *runs),
                                             .target = target_of(&runs[i], target)};
            ++*experiments;
        }
        list[e].runs[list[e].count++] = runs[i];
    }
    for (size_t e = 0; e < *experiments; e++) finish(&list[e], notebook);
    qsort(list, *experiments, sizeof *list, by_size);
    return list;
}

void cb_experiment_free(struct cb_experiment *experiment)
{
    cb_times_free(&experiment->times);
    cb_grouping_free(&experiment->in);
    json_decref(experiment->objects);
    json_decref(experiment->groups);
    free(experiment->runs);
    free(experiment->title);
}

static const json_t *group_at(const struct cb_experiment *experiment, size_t group)
{
    return json_array_get(experiment->groups, group);
}

const char *cb_group_schedule(const struct cb_experiment *experiment, size_t group)
{
    const json_t *keys = json_object_get(group_at(experiment, group), "recipe_keys");
    const char *kind = json_string_value(json_object_get(keys, "schedule.kind"));
    return kind ? kind : "";
}

int cb_group_colour(const struct cb_experiment *experiment, size_t group)
{
    static const char *const kinds[] = {"one_cycle", "step"};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    size_t first[KINDS];
    int other = KINDS;
    for (int k = 0; k < KINDS; k++) {
        first[k] = 0;
        while (first[k] < experiment->in.groups && strcmp(cb_group_schedule(experiment, first[k]), kinds[k]))
            first[k]++;
        if (first[k] == group) return k;
    }
    for (size_t g = 0; g < group; g++) other += g != first[0] && g != first[1];
    return KINDS + (other - KINDS) % (8 - KINDS);
}

double cb_group_number(const struct cb_experiment *experiment, size_t group, const char *key)
{
    const json_t *value = json_object_get(group_at(experiment, group), key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *cb_group_label(const struct cb_experiment *experiment, size_t group)
{
    return json_string_value(json_object_get(group_at(experiment, group), "label"));
}

json_t *cb_group_pair_summary(const struct cb_experiment *e, size_t a, size_t b)
{
    json_t *pair = cb_pair(e->runs, &e->in, &e->times, e->objects, e->groups, a, b), *two = json_array();
    cb_append(two, json_incref(json_array_get(e->groups, a)));
    cb_append(two, json_incref(json_array_get(e->groups, b)));
    json_t *summary = cb_group_summary(two, pair, e->target);
    json_decref(two);
    json_decref(pair);
    return summary;
}

const struct cb_report_run *cb_group_longest(const struct cb_experiment *e, size_t group)
{
    const struct cb_report_run *longest = NULL;
    for (size_t i = 0; i < e->count; i++)
        if (e->in.group[i] == group && (!longest || e->runs[i].epoch_count > longest->epoch_count))
            longest = &e->runs[i];
    return longest;
}

double cb_group_epoch_seconds(const struct cb_experiment *experiment, size_t group)
{
    double seconds = 0, epochs = 0;
    for (size_t i = 0; i < experiment->count; i++) {
        const struct cb_report_run *run = &experiment->runs[i];
        if (experiment->in.group[i] != group || !cb_times_count(&experiment->times, &experiment->in, i)) continue;
        if (!run->epoch_count) continue;
        seconds += run->epochs[run->epoch_count - 1].seconds_total;
        epochs += (double)run->epochs[run->epoch_count - 1].epoch;
    }
    return epochs > 0 ? seconds / epochs : (double)NAN;
}
