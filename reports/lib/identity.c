#include "identity.h"

#include <math.h>
#include <string.h>

#include "recipe.h"
#include "values.h"

bool cb_same_trajectory(const struct cb_report_run *a, const struct cb_report_run *b)
{
    return a->end && b->end && cb_equal(cb_member(a->end, "loss_fingerprint"), cb_member(b->end, "loss_fingerprint")) &&
           cb_equal(cb_member(a->end, "iterations"), cb_member(b->end, "iterations"));
}

/* The fingerprint covers the training losses only; the evaluation set shows in the final loss. Numbers read from equal
 * text have no difference. */
static bool proves_same_images(const struct cb_report_run *a, const struct cb_report_run *b, bool evaluated)
{
    return cb_same_trajectory(a, b) && (!evaluated || fabs(a->final_loss - b->final_loss) <= 0);
}

/* The run whose hashes hold for run i, too; i itself if there is none. */
static size_t with_hashes(const struct cb_report_run *runs, size_t count, size_t i, bool evaluated)
{
    for (size_t k = 0; k < count && runs[i].format == 1; k++)
        if (runs[k].format > 1 && proves_same_images(&runs[i], &runs[k], evaluated)) return k;
    return i;
}

enum cb_sameness cb_same_images(const struct cb_report_run *runs, size_t count, size_t i, size_t j, bool evaluated)
{
    const struct cb_report_run *a = &runs[with_hashes(runs, count, i, evaluated)],
                               *b = &runs[with_hashes(runs, count, j, evaluated)];
    const char *key = evaluated ? "eval_sha256" : "train_sha256";
    if (a->format > 1 && b->format > 1)
        return cb_equal(cb_member(a->header, key), cb_member(b->header, key)) ? CB_SAME : CB_DIFFERENT;
    return proves_same_images(a, b, evaluated) ? CB_SAME : CB_NOT_KNOWN;
}

bool cb_evaluated_differently(const struct cb_report_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (cb_same_images(runs, count, i, j, true) == CB_DIFFERENT ||
                !cb_equal(cb_member(runs[i].header, "evaluated_on"), cb_member(runs[j].header, "evaluated_on")))
                return true;
    return false;
}

bool cb_same_recipe(const struct cb_report_run *a, const struct cb_report_run *b)
{
    json_t *recipes[] = {cb_recipe_of(a), cb_recipe_of(b)};
    for (size_t r = 0; r < 2; r++) {
        cb_recipe_drop_without_effect(recipes[r]);
        json_object_del(recipes[r], "run.eval_every");
    }
    const struct cb_report_run pair[] = {*a, *b};
    bool same = json_equal(recipes[0], recipes[1]) &&
                cb_equal(cb_member(a->header, "init_weights.weights_sha256"),
                         cb_member(b->header, "init_weights.weights_sha256")) &&
                cb_same_images(pair, 2, 0, 1, false) != CB_DIFFERENT;
    for (size_t r = 0; r < 2; r++) json_decref(recipes[r]);
    return same;
}

bool cb_same_machine(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"cpu_vendor",   "cpu_model", "cpu_family", "cpu_model_number",
                                       "cpu_stepping", "l1d_bytes", "l2_bytes",   "l3_bytes"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!cb_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i]))) return false;
    return true;
}

bool cb_is_synthetic(const struct cb_report_run *run)
{
    const char *kind = json_string_value(cb_member(run->header, "data_kind"));
    return kind && !strcmp(kind, "synthetic");
}

const char *cb_disturbed(const struct cb_report_run *run)
{
    const json_t *at_end = cb_member(run->end, "disturbed");
    return json_string_value(at_end ? at_end : cb_member(run->header, "disturbed"));
}

/* "AMD EPYC (family 26, model 2, stepping 1)": the name alone does not tell such processors apart. */
static void put_cpu(json_t *object, const json_t *machine)
{
    const json_t *family = json_object_get(machine, "cpu_family"),
                 *model = json_object_get(machine, "cpu_model_number"),
                 *stepping = json_object_get(machine, "cpu_stepping");
    const char *name = json_string_value(json_object_get(machine, "cpu_model"));
    if (!name) name = json_string_value(json_object_get(machine, "cpu_vendor"));
    size_t length = name ? strlen(name) : 0;
    while (length && name[length - 1] == ' ') length--; /* processors pad their names */
    if (!name || !json_is_integer(family) || !json_is_integer(model) || !json_is_integer(stepping))
        cb_copy(object, "cpu", machine, "cpu_model");
    else
        cb_put(object, "cpu",
               cb_sentence("%.*s (family %lld, model %lld, stepping %lld)", (int)length, name,
                           (long long)json_integer_value(family), (long long)json_integer_value(model),
                           (long long)json_integer_value(stepping)));
}

/* "32 KiB, 1 MiB, 32 MiB": level 1 to 3. */
static void put_caches(json_t *object, const json_t *machine)
{
    static const char *const keys[] = {"l1d_bytes", "l2_bytes", "l3_bytes"};
    json_t *sizes = json_array();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_int_t bytes = json_integer_value(json_object_get(machine, keys[i]));
        bool whole_mebibytes = bytes && !(bytes & 0xfffff);
        if (bytes > 0)
            cb_append(sizes, cb_sentence("%lld %s", (long long)(bytes >> (whole_mebibytes ? 20 : 10)),
                                         whole_mebibytes ? "MiB" : "KiB"));
    }
    if (json_array_size(sizes))
        cb_put(object, "caches", cb_joined(sizes));
    else
        cb_put_missing(object, "caches", "the run's header does not say");
    json_decref(sizes);
}

void cb_put_machine(json_t *object, const json_t *machine)
{
    put_cpu(object, machine);
    put_caches(object, machine);
    cb_copy(object, "isa", machine, "isa_selected");
    cb_copy(object, "compiler", machine, "compiler");
    cb_copy(object, "flags", machine, "flags");
    cb_copy(object, "commit", machine, "commit");
}
