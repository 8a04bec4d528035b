#include "notebook.h"

#include <string.h>

#include "values.h"

enum { TRAIN_LOSS, EVAL_LOSS, ACCURACY }; /* of an epoch's array */

static double value_at(const json_t *epochs, size_t epoch, size_t member)
{
    return json_number_value(json_array_get(json_array_get(epochs, epoch), member));
}

/* The first epoch at or above that accuracy, from 1. */
static void put_first_at(json_t *object, const char *key, const json_t *epochs, double percent)
{
    for (size_t i = 0; i < json_array_size(epochs); i++) {
        if (value_at(epochs, i, ACCURACY) < percent) continue;
        cb_put(object, key, json_integer((json_int_t)i + 1));
        return;
    }
    cb_put_missing(object, key, "not reached");
}

static json_t *what_it_printed(const char *name, const json_t *experiment, double target)
{
    const json_t *epochs = json_object_get(experiment, "epochs");
    size_t count = json_array_size(epochs), best = 0;
    for (size_t i = 1; i < count; i++)
        if (value_at(epochs, i, ACCURACY) > value_at(epochs, best, ACCURACY)) best = i;
    json_t *object = json_object();
    cb_put(object, "experiment", json_string(name));
    cb_put(object, "cell", json_incref(json_object_get(experiment, "cell")));
    cb_put(object, "epochs", json_integer((json_int_t)count));
    cb_put(object, "final_accuracy_percent", json_real(value_at(epochs, count - 1, ACCURACY)));
    cb_put(object, "best_accuracy_percent", json_real(value_at(epochs, best, ACCURACY)));
    cb_put(object, "best_accuracy_epoch", json_integer((json_int_t)best + 1));
    put_first_at(object, "epochs_to_92_percent", epochs, 92);
    put_first_at(object, "epochs_to_target", epochs, target);
    cb_put(object, "final_train_loss", json_real(value_at(epochs, count - 1, TRAIN_LOSS)));
    cb_put(object, "final_eval_loss", json_real(value_at(epochs, count - 1, EVAL_LOSS)));
    return object;
}

static bool has_settings(const json_t *recipe, json_t *settings)
{
    const char *key;
    json_t *expected;
    json_object_foreach(settings, key, expected)
    {
        json_t *own = cb_value_text(json_object_get(recipe, key));
        bool same = json_equal(own, expected);
        json_decref(own);
        if (!same) return false;
    }
    return true;
}

void cb_notebook_add(json_t *columns, const json_t *notebook, double target)
{
    json_t *column, *experiment;
    size_t i;
    const char *name;
    json_array_foreach(columns, i, column)
    {
        const char *kind = json_string_value(json_object_get(column, "data_kind")), *reason = "no such training there";
        if (kind && !strcmp(kind, "synthetic")) reason = "trained on synthetic images";
        if (json_is_object(json_object_get(column, "init_weights"))) reason = "not trained from scratch";
        cb_put_missing(column, "notebook", "%s", reason);
        json_object_foreach((json_t *)notebook, name, experiment)
        {
            if (strcmp(reason, "no such training there") ||
                !has_settings(json_object_get(column, "recipe_keys"), json_object_get(experiment, "keys")))
                continue;
            cb_put(column, "notebook", what_it_printed(name, experiment, target));
            json_object_del(column, "notebook_reason");
        }
    }
}
