#include "recipes/keys.h"

#include <stdlib.h>

#include "recipes/shelf.h"

const struct cb_shelf cb_recipe_shelf = {"recipes", "CYCLEBENCH_RECIPES", "recipe"};

enum cb_status cb_recipe_open(struct cb_bytes *bytes, char path[PATH_MAX], const char *name, struct cb_error *err)
{
    return cb_shelf_open(&cb_recipe_shelf, bytes, path, name, err);
}

enum cb_status cb_recipe_read(struct cb_recipe *recipe, const char *name, const char *const *overrides, size_t count,
                              struct cb_error *err)
{
    char path[PATH_MAX];
    struct cb_bytes bytes;
    enum cb_status status = cb_recipe_open(&bytes, path, name, err);
    if (status) return status;
    status = cb_recipe_parse(recipe, (const char *)bytes.data, bytes.len, path, overrides, count, err);
    free(bytes.data);
    return status;
}

enum cb_status cb_recipe_describe(char text[CB_DESCRIPTION_BYTES], const char *name, struct cb_error *err)
{
    return cb_shelf_describe(&cb_recipe_shelf, text, name, err);
}

enum cb_status cb_recipe_list(char (**names)[CB_RECIPE_NAME], size_t *count, struct cb_error *err)
{
    return cb_shelf_list(&cb_recipe_shelf, names, count, err);
}
