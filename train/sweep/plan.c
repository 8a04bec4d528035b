#include "sweep/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipes/ini_reader.h"
#include "sweep/section.h"

const struct cb_shelf cb_plan_shelf = {"plans", NULL, "plan"};

struct reader {
    struct cb_plan *plan;
    struct cb_plan_section section; /* the one that is being read; line 0: none yet */
};

static enum cb_status set_text(char *member, size_t bytes, const struct cb_ini_key *key, struct cb_error *err)
{
    if (*member)
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: %s is given twice in [%s]", key->file, key->line, key->name,
                       key->section);
    if (!*key->value || strlen(key->value) >= bytes)
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: %s: expected 1 to %zu characters, got %zu", key->file, key->line,
                       key->name, bytes - 1, strlen(key->value));
    strcpy(member, key->value);
    return CB_OK;
}

static enum cb_status add_setting(struct cb_plan_section *s, const struct cb_ini_key *key, struct cb_error *err)
{
    if (!strcmp(key->name, "run.seed"))
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: run.seed: expected `seeds = 1, 2`, which names the folders",
                       key->file, key->line);
    for (size_t i = 0; i < s->setting_count; i++)
        if (!strcmp(s->settings[i].key, key->name))
            return cb_fail(err, CB_BAD_INPUT, "%s:%d: %s is given twice in [%s]; separate its values by |", key->file,
                           key->line, key->name, key->section);
    if (s->setting_count == CB_PLAN_MAX_SETTINGS)
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: more than %d settings in [%s]", key->file, key->line,
                       CB_PLAN_MAX_SETTINGS, key->section);
    const size_t i = s->setting_count++;
    if (strlen(key->name) >= sizeof s->settings[i].key)
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: unknown key %.60s...", key->file, key->line, key->name);
    strcpy(s->settings[i].key, key->name);
    s->settings[i].line = key->line;
    return set_text(s->settings[i].values, sizeof s->settings[i].values, key, err);
}

static enum cb_status finish_section(struct reader *r, struct cb_error *err)
{
    return r->section.line ? cb_plan_expand(r->plan, &r->section, err) : CB_OK;
}

static enum cb_status on_key(void *context, const struct cb_ini_key *key, struct cb_error *err)
{
    struct reader *r = context;
    struct cb_plan_section *s = &r->section;
    if (!*key->section)
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: %s stands before the first section, as in [one-cycle]", key->file,
                       key->line, key->name);
    if (!s->line || strncmp(s->name, key->section, sizeof s->name - 1)) {
        const enum cb_status status = finish_section(r, err);
        if (status != CB_OK) return status;
        *s = (struct cb_plan_section){.file = key->file, .line = key->line};
        snprintf(s->name, sizeof s->name, "%s", key->section);
    }
    if (!strcmp(key->name, "recipes")) return set_text(s->recipes, sizeof s->recipes, key, err);
    if (!strcmp(key->name, "seeds")) return set_text(s->seeds, sizeof s->seeds, key, err);
    if (!strcmp(key->name, "variant")) return set_text(s->variant, sizeof s->variant, key, err);
    if (!strcmp(key->name, "stop_after")) return set_text(s->stop_after, sizeof s->stop_after, key, err);
    if (strchr(key->name, '.')) return add_setting(s, key, err);
    return cb_fail(err, CB_BAD_INPUT,
                   "%s:%d: unknown key %s, expected recipes, seeds, variant, stop_after or section.key of a recipe",
                   key->file, key->line, key->name);
}

enum cb_status cb_plan_parse(struct cb_plan *plan, const char *text, size_t len, const char *file, struct cb_error *err)
{
    *plan = (struct cb_plan){0};
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", file);
    r->plan = plan;
    enum cb_status status = cb_ini_read(text, len, file, on_key, r, err);
    if (status == CB_OK) status = finish_section(r, err);
    free(r);
    if (status == CB_OK && !plan->count)
        status = cb_fail(err, CB_BAD_INPUT, "%s: a plan of no runs; expected a section with `recipes = NAME`", file);
    if (status != CB_OK) cb_plan_free(plan);
    return status;
}

enum cb_status cb_plan_read(struct cb_plan *plan, const char *name, struct cb_error *err)
{
    char path[PATH_MAX];
    struct cb_bytes bytes;
    *plan = (struct cb_plan){0};
    enum cb_status status = cb_shelf_open(&cb_plan_shelf, &bytes, path, name, err);
    if (status != CB_OK) return status;
    status = cb_plan_parse(plan, (const char *)bytes.data, bytes.len, path, err);
    free(bytes.data);
    return status;
}

void cb_plan_free(struct cb_plan *plan)
{
    free(plan->runs);
    *plan = (struct cb_plan){0};
}
