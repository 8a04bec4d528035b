#include "grouping.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "identity.h"
#include "memory.h"
#include "recipe.h"
#include "values.h"

static const size_t none = SIZE_MAX;

json_t *cb_group_recipe(const json_t *run_object)
{
    json_t *recipe = json_deep_copy(json_object_get(run_object, "recipe_keys"));
    cb_recipe_drop_without_effect(recipe);
    json_object_del(recipe, "run.seed");
    return recipe;
}

static bool same_network_and_start(const struct cb_report_run *a, const struct cb_report_run *b)
{
    static const char *const members[] = {"network", "evaluated_on", "init_weights.weights_sha256"};
    for (size_t k = 0; k < sizeof members / sizeof *members; k++)
        if (!cb_equal(cb_member(a->header, members[k]), cb_member(b->header, members[k]))) return false;
    return true;
}

bool cb_same_but_images(const struct cb_report_run *runs, const json_t *objects, size_t i, size_t j)
{
    if (!same_network_and_start(&runs[i], &runs[j])) return false;
    json_t *a = cb_group_recipe(json_array_get(objects, i)), *b = cb_group_recipe(json_array_get(objects, j));
    bool same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

/* The same recipe is the same text; of a thousand runs, texts are compared in no time. */
static char **recipe_texts(const json_t *objects, size_t count)
{
    char **texts = cb_report_alloc(count * sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        json_t *recipe = cb_group_recipe(json_array_get(objects, i));
        texts[i] = json_dumps(recipe, JSON_SORT_KEYS | JSON_COMPACT);
        json_decref(recipe);
    }
    return texts;
}

/* Of run i to the runs that are in the group: different if it is to any of them, same if it is to any. */
static enum cb_sameness same_images_as(const struct cb_report_run *runs, const struct cb_grouping *in, size_t group,
                                       size_t i)
{
    enum cb_sameness known = CB_NOT_KNOWN;
    for (size_t j = 0; j < in->runs; j++) {
        if (in->group[j] != group) continue;
        enum cb_sameness trained = cb_same_images(runs, in->runs, i, j, false),
                         evaluated = cb_same_images(runs, in->runs, i, j, true);
        if (trained == CB_DIFFERENT || evaluated == CB_DIFFERENT) return CB_DIFFERENT;
        if (trained == CB_SAME && evaluated == CB_SAME) known = CB_SAME;
    }
    return known;
}

static size_t first_of(const struct cb_grouping *in, size_t group)
{
    size_t i = 0;
    while (in->group[i] != group) i++;
    return i;
}

static bool has_hashes(const struct cb_report_run *runs, const struct cb_grouping *in, size_t group)
{
    for (size_t i = 0; i < in->runs; i++)
        if (in->group[i] == group && runs[i].format > 1) return true;
    return false;
}

static size_t choose_group(const struct cb_report_run *runs, char *const *recipes, const struct cb_grouping *in,
                           size_t i)
{
    size_t possible = 0, chosen = none, without_hashes = none;
    for (size_t group = 0; group < in->groups; group++) {
        const size_t first = first_of(in, group);
        if (strcmp(recipes[first], recipes[i]) || !same_network_and_start(&runs[first], &runs[i])) continue;
        enum cb_sameness images = same_images_as(runs, in, group, i);
        if (images == CB_SAME) return group;
        if (images == CB_DIFFERENT) continue;
        if (!has_hashes(runs, in, group)) without_hashes = group;
        possible++;
        chosen = group;
    }
    return possible > 1 ? without_hashes : chosen;
}

/* Numbers the groups in the order of their first runs. */
static void renumber(struct cb_grouping *in)
{
    size_t *number = cb_report_alloc(in->groups * sizeof *number), next = 0;
    for (size_t g = 0; g < in->groups; g++) number[g] = none;
    for (size_t i = 0; i < in->runs; i++) {
        size_t *own = &number[in->group[i]];
        if (*own == none) *own = next++;
        in->group[i] = *own;
    }
    free(number);
}

/* The runs that know their images come first, so that the others find them. */
static void find_groups(const struct cb_report_run *runs, const json_t *objects, struct cb_grouping *in)
{
    char **recipes = recipe_texts(objects, in->runs);
    for (size_t i = 0; i < in->runs; i++) in->group[i] = none;
    for (int with_hashes = 1; with_hashes >= 0; with_hashes--)
        for (size_t i = 0; i < in->runs; i++) {
            if ((runs[i].format > 1) != with_hashes) continue;
            size_t group = choose_group(runs, recipes, in, i);
            in->group[i] = group == none ? in->groups++ : group;
        }
    renumber(in);
    for (size_t i = 0; i < in->runs; i++) free(recipes[i]);
    free(recipes);
}

static bool same_training(const struct cb_report_run *runs, const json_t *objects, const struct cb_grouping *in,
                          size_t i, size_t j)
{
    const json_t *a = json_object_get(json_array_get(objects, i), "recipe_keys"),
                 *b = json_object_get(json_array_get(objects, j), "recipe_keys");
    return in->group[i] == in->group[j] && cb_equal(json_object_get(a, "run.seed"), json_object_get(b, "run.seed")) &&
           !cb_bits_differ(&runs[i], &runs[j]);
}

struct cb_grouping cb_grouping_make(const struct cb_report_run *runs, size_t count, const json_t *objects)
{
    struct cb_grouping made = {.runs = count,
                               .group = cb_report_alloc(count * sizeof *made.group),
                               .training = cb_report_alloc(count * sizeof *made.training)};
    find_groups(runs, objects, &made);
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        while (first < i && (made.training[first] != first || !same_training(runs, objects, &made, first, i))) first++;
        made.training[i] = first;
    }
    return made;
}

void cb_grouping_free(struct cb_grouping *grouping)
{
    free(grouping->group);
    free(grouping->training);
}
