#include "recipe.h"

#include <string.h>

#include "values.h"

/* A number is the same whether it was written with a decimal point or not. */
static json_t *plain(json_t *value)
{
    return json_is_integer(value) ? json_real((double)json_integer_value(value)) : json_incref(value);
}

json_t *cb_recipe_of(const struct cb_report_run *run)
{
    /* Keys that were added to recipes later, and what held before. */
    static const char *const added[][2] = {{"data.set", "cifar10"}};
    json_t *recipe = json_object(), *keys, *value;
    const char *section, *key;
    json_object_foreach(json_object_get(run->header, "recipe"), section, keys) json_object_foreach(keys, key, value)
    {
        json_t *name = cb_sentence("%s.%s", section, key);
        /* Seeds are text where they have 64 bits. */
        bool seed = !strcmp(json_string_value(name), "run.seed") && json_is_integer(value);
        cb_put(recipe, json_string_value(name),
               seed ? cb_sentence("%lld", (long long)json_integer_value(value)) : plain(value));
        json_decref(name);
    }
    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        if (!json_object_get(recipe, added[i][0])) cb_put(recipe, added[i][0], json_string(added[i][1]));
    return recipe;
}

void cb_recipe_drop_without_effect(json_t *recipe)
{
    static const char *const keys[] = {"run.target", "run.checkpoint_every", "run.log_iterations"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) json_object_del(recipe, keys[i]);
}

static bool same_section(const char *a, const char *b)
{
    size_t length = strcspn(a, ".");
    return !strncmp(a, b, length + 1);
}

/* Where a key belongs: behind the last one of its section. */
static size_t place_of(const json_t *keys, const char *key)
{
    size_t place = json_array_size(keys);
    while (place && !same_section(json_string_value(json_array_get(keys, place - 1)), key)) place--;
    return place ? place : json_array_size(keys);
}

json_t *cb_recipe_all_keys(const json_t *columns)
{
    json_t *keys = json_array(), *seen = json_object(), *value;
    const char *key;
    for (size_t i = 0; i < json_array_size(columns); i++)
        json_object_foreach(json_object_get(json_array_get(columns, i), "recipe_keys"), key, value)
        {
            if (json_object_get(seen, key)) continue;
            cb_put(seen, key, json_true());
            json_array_insert_new(keys, place_of(keys, key), json_string(key));
        }
    json_decref(seen);
    return keys;
}
