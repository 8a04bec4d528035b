#ifndef CB_FINDER_H
#define CB_FINDER_H

#include <limits.h>

#include "recipes/recipe.h"

/* What a finder of the learning rate does: a recipe, the range of the rate, and what differs from curve to curve. */
enum { CB_MAX_CURVES = 8, CB_VARY_BYTES = 200, CB_MAX_SETTINGS = 64 };

struct cb_finder {
    char name[CB_RECIPE_NAME]; /* of the finder's file, or of the recipe */
    char recipe[PATH_MAX];     /* a name or path */
    double from, to;           /* from < 0: the default, 1e-5, or 0 if linear */
    size_t iterations;         /* 0: one epoch */
    int linear, validate;
    char vary[CB_VARY_BYTES];                 /* section.key=a,b,c or "" */
    size_t count;                             /* curves: the values of vary, or 1 */
    char value[CB_MAX_CURVES][CB_VARY_BYTES]; /* section.key=value of each curve, or the recipe's name */
};

/* A finder by name, from the folder train/finders; the path of a finder's or recipe's file; or the name of a recipe,
 * which is then run with the defaults. A finder's file has one section, [finder], whose keys are those of
 * cb_finder_set; errors name file and line. */
enum cb_status cb_finder_read(struct cb_finder *finder, const char *name, struct cb_error *err);

/* Sets recipe, from, to, iterations, linear, validate or vary from its text. where begins the message of a wrong value:
 * an option, or file and line. */
enum cb_status cb_finder_set(struct cb_finder *finder, const char *key, const char *value, const char *where,
                             struct cb_error *err);

/* When all is set: fills in the default of from and the values; the range must ascend. */
enum cb_status cb_finder_settle(struct cb_finder *finder, struct cb_error *err);

/* The recipe of one curve, as a range test, with at most CB_MAX_SETTINGS overrides of --set, which must not touch
 * the schedule. */
enum cb_status cb_finder_recipe(struct cb_recipe *recipe, const struct cb_finder *finder, size_t curve,
                                const char *const *overrides, size_t count, struct cb_error *err);

/* Prints the finders that are shipped, a line each. */
enum cb_status cb_finder_print_list(struct cb_error *err);

#endif
