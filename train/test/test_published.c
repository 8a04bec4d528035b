/* What is published can be repeated: the recipe of every record in reports/results and every recipe that is shipped
 * resolves, and a record's recipe is still the one that its header tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipes/recipe.h"

enum { TRAIN_IMAGES = 50000 };

static struct cb_recipe resolved(const char *path)
{
    struct cb_recipe recipe;
    struct cb_error err;
    if (cb_recipe_read(&recipe, path, NULL, 0, &err)) fail_msg("%s", err.text);
    assert_true(recipe.data.holdout < TRAIN_IMAGES);
    if (cb_recipe_resolve(&recipe, TRAIN_IMAGES - recipe.data.holdout, &err)) fail_msg("%s: %s", path, err.text);
    assert_true(recipe.schedule.iterations > 0);
    return recipe;
}

/* Calls one(path) for each file of the pattern, of which there must be at least so many. */
static void for_each(const char *pattern, size_t least, void (*one)(const char *path))
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    if (found.gl_pathc < least) fail_msg("%s: %zu files, expected at least %zu", pattern, found.gl_pathc, least);
    for (size_t i = 0; i < found.gl_pathc; i++) one(found.gl_pathv[i]);
    globfree(&found);
}

static void resolves(const char *path)
{
    resolved(path);
}

static void test_shipped_recipes(void **state)
{
    (void)state;
    for_each("train/recipes/*.ini", 11, resolves);
}

/* Keys that a later version has added are no difference. */
static void has_all_keys(const char *path, const json_t *recipe, const json_t *header)
{
    const char *section, *key;
    json_t *keys, *value;
    assert_true(json_object_size(header) > 0);
    json_object_foreach((json_t *)header, section, keys) json_object_foreach(
        keys, key, value) if (!json_equal(value, json_object_get(json_object_get(recipe, section), key)))
        fail_msg("%s: %s.%s is not what the record's header says", path, section, key);
}

/* path: of the run.jsonl beside recipe.ini. */
static void matches_header(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    json_error_t mistake;
    json_t *header = json_loadf(file, JSON_DISABLE_EOF_CHECK, &mistake); /* the first line */
    fclose(file);
    if (!header) fail_msg("%s: %s", path, mistake.text);

    char name[1024];
    snprintf(name, sizeof name, "%.*srecipe.ini", (int)(strrchr(path, '/') + 1 - path), path);
    const struct cb_recipe recipe = resolved(name);
    json_t *json = cb_recipe_json(&recipe);
    assert_non_null(json);
    has_all_keys(name, json, json_object_get(header, "recipe"));
    assert_int_equal(recipe.schedule.iterations, json_integer_value(json_object_get(header, "iterations")));
    json_decref(json);
    json_decref(header);
}

static void test_published_recipes(void **state)
{
    (void)state;
    for_each("reports/results/runs/*/run.jsonl", 5, matches_header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shipped_recipes),
                                       cmocka_unit_test(test_published_recipes)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
