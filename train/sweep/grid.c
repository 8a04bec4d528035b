#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/section.h"

/* --- lists -------------------------------------------------------------------------------------------------------- */

enum { MAX_ITEMS = CB_PLAN_VALUE / 2 };

struct list {
    char text[CB_PLAN_VALUE];
    const char *items[MAX_ITEMS];
    size_t count;
};

static char *trimmed(char *item)
{
    while (isspace((unsigned char)*item)) item++;
    size_t len = strlen(item);
    while (len && isspace((unsigned char)item[len - 1])) item[--len] = '\0';
    return item;
}

static enum cb_status split(struct list *list, const char *text, const char *separator, const char *where,
                            struct cb_error *err)
{
    list->count = 0;
    snprintf(list->text, sizeof list->text, "%s", text);
    for (char *rest = list->text, *item; (item = strsep(&rest, separator));) {
        item = trimmed(item);
        if (!*item || list->count == MAX_ITEMS)
            return cb_fail(err, CB_BAD_INPUT, "%s: an empty value between two '%s'", where, separator);
        list->items[list->count++] = item;
    }
    return CB_OK;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* Appends "-text"; what a file name should not hold becomes '_'. A full name is cut off, and found too long later. */
static void append(char name[CB_RECIPE_NAME], const char *text)
{
    size_t len = strlen(name);
    if (len && len + 1 < CB_RECIPE_NAME) name[len++] = '-';
    for (; *text && len + 1 < CB_RECIPE_NAME; text++)
        name[len++] = isalnum((unsigned char)*text) || strchr("._+-", *text) ? *text : '_';
    name[len] = '\0';
}

/* A value of several: a word stands for itself, a number follows its key. */
static void append_value(char name[CB_RECIPE_NAME], const char *key, const char *value)
{
    if (!isalpha((unsigned char)*value)) append(name, strchr(key, '.') + 1);
    append(name, value);
}

/* --- the grid ----------------------------------------------------------------------------------------------------- */

/* The lists of a section: recipes, its settings, seeds. choice: which of each. */
struct grid {
    const struct cb_plan_section *section;
    struct list lists[CB_PLAN_MAX_SETTINGS + 2];
    size_t choice[CB_PLAN_MAX_SETTINGS + 2];
    size_t list_count;
};

static enum cb_status make_lists(struct grid *g, struct cb_error *err)
{
    const struct cb_plan_section *s = g->section;
    char where[256];
    snprintf(where, sizeof where, "%s:%d: [%s]: recipes", s->file, s->line, s->name);
    if (!*s->recipes) return cb_fail(err, CB_BAD_INPUT, "%s is missing", where);
    enum cb_status status = split(&g->lists[0], s->recipes, ",", where, err);
    for (size_t i = 0; i < s->setting_count && status == CB_OK; i++) {
        snprintf(where, sizeof where, "%s:%d: %s", s->file, s->settings[i].line, s->settings[i].key);
        status = split(&g->lists[1 + i], s->settings[i].values, "|", where, err);
    }
    snprintf(where, sizeof where, "%s:%d: [%s]: seeds", s->file, s->line, s->name);
    g->list_count = s->setting_count + 2;
    return status == CB_OK ? split(&g->lists[g->list_count - 1], *s->seeds ? s->seeds : "1", ",", where, err) : status;
}

static enum cb_status count_runs(const struct grid *g, size_t before, size_t *runs, struct cb_error *err)
{
    *runs = 1;
    for (size_t i = 0; i < g->list_count; i++) {
        *runs *= g->lists[i].count;
        if (before + *runs > CB_PLAN_MAX_RUNS)
            return cb_fail(err, CB_BAD_INPUT, "%s:%d: [%s] brings the plan to more than %d runs; split it",
                           g->section->file, g->section->line, g->section->name, CB_PLAN_MAX_RUNS);
    }
    return CB_OK;
}

/* The next choice, the last list fastest; 0 after the last one. */
static int advance(struct grid *g)
{
    for (size_t i = g->list_count; i-- > 0;) {
        if (++g->choice[i] < g->lists[i].count) return 1;
        g->choice[i] = 0;
    }
    return 0;
}

static void describe(struct cb_plan_run *run, const struct grid *g)
{
    const struct cb_plan_section *s = g->section;
    const size_t last = g->list_count - 1;
    const char *seed = g->lists[last].items[g->choice[last]];
    snprintf(run->recipe_name, sizeof run->recipe_name, "%s", g->lists[0].items[g->choice[0]]);
    snprintf(run->stop_after, sizeof run->stop_after, "%s", s->stop_after);
    for (size_t i = 0; i < s->setting_count; i++)
        snprintf(run->overrides[run->override_count++], sizeof run->overrides[0], "%s=%s", s->settings[i].key,
                 g->lists[1 + i].items[g->choice[1 + i]]);
    snprintf(run->overrides[run->override_count++], sizeof run->overrides[0], "run.seed=%s", seed);
}

static enum cb_status read_recipe(struct cb_plan_run *run, const struct grid *g, struct cb_error *err)
{
    const struct cb_plan_section *s = g->section;
    const char *overrides[CB_PLAN_MAX_SETTINGS + 1];
    for (size_t i = 0; i < run->override_count; i++) overrides[i] = run->overrides[i];
    struct cb_error why;
    const enum cb_status status = cb_recipe_read(&run->recipe, run->recipe_name, overrides, run->override_count, &why);
    if (status == CB_OK) return CB_OK;
    /* The line of the setting that the message is about, or of the section. */
    int line = s->line;
    const char *hint = "";
    for (size_t i = 0; i < s->setting_count; i++)
        if (strstr(why.text, run->overrides[i])) {
            line = s->settings[i].line;
            if (strchr(run->overrides[i], ',')) hint = "; several values are separated by |";
        }
    return cb_fail(err, status, "%s:%d: [%s]: %.800s%s", s->file, line, s->name, why.text, hint);
}

static enum cb_status set_name(struct cb_plan_run *run, const struct cb_plan *plan, const struct grid *g,
                               struct cb_error *err)
{
    const struct cb_plan_section *s = g->section;
    char seed[CB_PLAN_VALUE];
    append(run->name, run->recipe.name);
    if (*s->variant) append(run->name, s->variant);
    for (size_t i = 0; i < s->setting_count; i++)
        if (g->lists[1 + i].count > 1)
            append_value(run->name, s->settings[i].key, g->lists[1 + i].items[g->choice[1 + i]]);
    snprintf(seed, sizeof seed, "s%llu", (unsigned long long)run->recipe.run.seed);
    append(run->name, seed);
    if (strlen(run->name) + 1 >= CB_RECIPE_NAME)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s:%d: [%s]: the name of a run is too long: %.60s...; a `variant` is shorter", s->file, s->line,
                       s->name, run->name);
    for (size_t i = 0; i < plan->count; i++)
        if (!strcmp(plan->runs[i].name, run->name))
            return cb_fail(err, CB_BAD_INPUT, "%s:%d: [%s]: two runs are called %s; `variant = WORD` tells them apart",
                           s->file, s->line, s->name, run->name);
    return CB_OK;
}

static enum cb_status check_stop_after(const struct cb_plan_section *s, struct cb_error *err)
{
    char *end;
    errno = 0;
    const unsigned long epochs = strtoul(s->stop_after, &end, 10);
    if (!*s->stop_after || (isdigit((unsigned char)*s->stop_after) && !*end && !errno && epochs <= 100000))
        return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%s:%d: [%s]: stop_after: expected a whole number from 0 to 100000, got '%s'",
                   s->file, s->line, s->name, s->stop_after);
}

static enum cb_status expand(struct cb_plan *plan, struct grid *g, struct cb_error *err)
{
    size_t runs;
    enum cb_status status = check_stop_after(g->section, err);
    if (status == CB_OK) status = make_lists(g, err);
    if (status == CB_OK) status = count_runs(g, plan->count, &runs, err);
    if (status != CB_OK) return status;
    struct cb_plan_run *grown = realloc(plan->runs, (plan->count + runs) * sizeof *grown);
    if (!grown) return cb_fail(err, CB_NO_MEMORY, "out of memory for a plan of %zu runs", plan->count + runs);
    plan->runs = grown;
    do {
        struct cb_plan_run *run = &plan->runs[plan->count];
        memset(run, 0, sizeof *run);
        describe(run, g);
        status = read_recipe(run, g, err);
        if (status == CB_OK) status = set_name(run, plan, g, err);
        if (status == CB_OK) plan->count++;
    } while (status == CB_OK && advance(g));
    return status;
}

enum cb_status cb_plan_expand(struct cb_plan *plan, const struct cb_plan_section *section, struct cb_error *err)
{
    struct grid *g = calloc(1, sizeof *g);
    if (!g) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    g->section = section;
    const enum cb_status status = expand(plan, g, err);
    free(g);
    return status;
}
