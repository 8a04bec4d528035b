#ifndef CB_PLAN_H
#define CB_PLAN_H

#include "recipes/recipe.h"
#include "recipes/shelf.h"

/* A plan: an INI file whose sections are grids of runs. README.md describes it. */
enum { CB_PLAN_MAX_RUNS = 1000, CB_PLAN_MAX_SETTINGS = 16, CB_PLAN_VALUE = 200 };

struct cb_plan_run {
    char name[CB_RECIPE_NAME];       /* of its folder: RECIPE[-VARIANT][-VALUES]-sSEED; differs from all others */
    char recipe_name[CB_PLAN_VALUE]; /* as the plan says: a name or a path */
    char overrides[CB_PLAN_MAX_SETTINGS + 1][CB_PLAN_VALUE + 64]; /* section.key=value, run.seed among them */
    size_t override_count;
    char stop_after[16];     /* of train --stop-after; empty: none */
    struct cb_recipe recipe; /* with the overrides; not resolved */
};

struct cb_plan {
    struct cb_plan_run *runs;
    size_t count;
};

extern const struct cb_shelf cb_plan_shelf;

/* Reads a plan: a path (contains '/' or ends in .ini) or the name of one that is shipped. Each run's recipe is read,
 * so that a wrong key or value is found before anything is trained; errors name file and line. *plan is empty after a
 * failure. */
enum cb_status cb_plan_read(struct cb_plan *plan, const char *name, struct cb_error *err);
/* The same from memory. */
enum cb_status cb_plan_parse(struct cb_plan *plan, const char *text, size_t len, const char *file,
                             struct cb_error *err);
void cb_plan_free(struct cb_plan *plan);

#endif
