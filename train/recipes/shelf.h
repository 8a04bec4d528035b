#ifndef CB_SHELF_H
#define CB_SHELF_H

#include <limits.h>

#include "recipes/recipe.h"

/* A folder of INI files that is shipped, as train/recipes: found beside the build, in the installation, or named by an
 * environment variable. */
struct cb_shelf {
    const char *folder;   /* below train/ and below share/cyclebench/ */
    const char *variable; /* or NULL */
    const char *one;      /* what a file of it is called in messages */
};
extern const struct cb_shelf cb_recipe_shelf;

/* The text of a file: a path (contains '/' or ends in .ini) or the name of one on the shelf; free(bytes->data). An
 * unknown name is CB_BAD_INPUT with the names that there are. */
enum cb_status cb_shelf_open(const struct cb_shelf *shelf, struct cb_bytes *bytes, char path[PATH_MAX],
                             const char *name, struct cb_error *err);
/* Whether cb_shelf_open takes the name for a path. */
int cb_is_ini_path(const char *name);
/* The names of the files on the shelf, sorted; free(*names). */
enum cb_status cb_shelf_list(const struct cb_shelf *shelf, char (**names)[CB_RECIPE_NAME], size_t *count,
                             struct cb_error *err);
/* What the first line of a file says after "; NAME: ". */
enum cb_status cb_shelf_describe(const struct cb_shelf *shelf, char text[CB_DESCRIPTION_BYTES], const char *name,
                                 struct cb_error *err);

#endif
