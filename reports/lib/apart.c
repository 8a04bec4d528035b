#include "apart.h"

#include <string.h>

#include "identity.h"
#include "recipe.h"
#include "values.h"

static const char *label_of(const json_t *groups, size_t group)
{
    return json_string_value(json_object_get(json_array_get(groups, group), "label"));
}

static bool without(const json_t *a, const json_t *b, const char *key)
{
    json_t *x = json_deep_copy(a), *y = json_deep_copy(b);
    json_object_del(x, key);
    json_object_del(y, key);
    bool equal = json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return equal;
}

/* What alone keeps two groups apart; NULL: their recipes differ in more, or in what an experiment varies. */
static const char *what_differs(const struct cb_report_run *runs, const struct cb_grouping *in, const json_t *groups,
                                size_t a, size_t b)
{
    const json_t *x = json_array_get(groups, a), *y = json_array_get(groups, b),
                 *keys = json_object_get(x, "recipe_keys"), *others = json_object_get(y, "recipe_keys");
    if (!json_equal(keys, others))
        return without(keys, others, "numerics.version") ? "the numerics version differs" : NULL;
    if (!cb_equal(json_object_get(x, "network"), json_object_get(y, "network"))) return "the network differs";
    if (!cb_equal(cb_member(x, "init_weights.weights_sha256"), cb_member(y, "init_weights.weights_sha256")))
        return "the start weights differ";
    for (size_t i = 0; i < in->runs; i++)
        for (size_t j = 0; j < in->runs; j++) {
            if (in->group[i] != a || in->group[j] != b) continue;
            if (cb_same_images(runs, in->runs, i, j, false) == CB_DIFFERENT) return "the training images differ";
            if (cb_same_images(runs, in->runs, i, j, true) == CB_DIFFERENT) return "the evaluated images differ";
        }
    return "whose images those of format 1 have is not known";
}

static void warn_of_seeds(json_t *warnings, const struct cb_grouping *in, const json_t *objects)
{
    for (size_t i = 0; i < in->runs; i++)
        for (size_t j = i + 1; j < in->runs; j++) {
            const json_t *a = json_array_get(objects, i), *b = json_array_get(objects, j);
            const json_t *seed = json_object_get(json_object_get(a, "recipe_keys"), "run.seed");
            if (in->group[i] != in->group[j] || in->training[i] != i || in->training[j] != j ||
                !cb_equal(seed, json_object_get(json_object_get(b, "recipe_keys"), "run.seed")))
                continue;
            cb_append(warnings, cb_sentence("%s, %s: one recipe and seed, but not the same bits: they count as two "
                                            "trainings",
                                            json_string_value(json_object_get(a, "run")),
                                            json_string_value(json_object_get(b, "run"))));
        }
}

/* Runs with and without hashes of images in one group, none of which proves the others'. */
static void warn_of_unknown_images(json_t *warnings, const struct cb_report_run *runs, const struct cb_grouping *in,
                                   const json_t *groups)
{
    for (size_t g = 0; g < in->groups; g++) {
        bool unknown = false;
        for (size_t i = 0; i < in->runs; i++)
            for (size_t j = 0; j < in->runs; j++)
                unknown =
                    unknown || (in->group[i] == g && in->group[j] == g && runs[i].format == 1 && runs[j].format > 1 &&
                                cb_same_images(runs, in->runs, i, j, false) == CB_NOT_KNOWN);
        if (unknown)
            cb_append(warnings, cb_sentence("%s: one column, although records of format 1 do not say that their images "
                                            "are those of the others",
                                            label_of(groups, g)));
    }
}

void cb_warn_of_groups(json_t *warnings, const struct cb_report_run *runs, const struct cb_grouping *in,
                       const json_t *objects, const json_t *groups)
{
    for (size_t a = 0; a < in->groups; a++)
        for (size_t b = a + 1; b < in->groups; b++) {
            const char *what = what_differs(runs, in, groups, a, b);
            if (what)
                cb_append(warnings, cb_sentence("%s, %s: two columns, not one, because %s", label_of(groups, a),
                                                label_of(groups, b), what));
        }
    warn_of_seeds(warnings, in, objects);
    warn_of_unknown_images(warnings, runs, in, groups);
}
