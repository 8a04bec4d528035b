#include "finders/finder.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "finders/curve.h"
#include "loop/options.h"
#include "recipes/ini_reader.h"
#include "recipes/shelf.h"

static const struct cb_shelf finder_shelf = {"finders", NULL, "finder"};

/* --- one setting -------------------------------------------------------------------------------------------------- */

static enum cb_status set_text(char *text, size_t bytes, const char *value, const char *where, struct cb_error *err)
{
    if (!*value || strlen(value) >= bytes)
        return cb_fail(err, CB_BAD_INPUT, "%s: expected 1 to %zu characters", where, bytes - 1);
    strcpy(text, value);
    return CB_OK;
}

static enum cb_status set_rate(double *rate, const char *value, const char *where, struct cb_error *err)
{
    char *end;
    *rate = strtod(value, &end);
    if (end == value || *end || !(*rate >= 0 && *rate <= 1e6))
        return cb_fail(err, CB_BAD_INPUT, "%s: expected a learning rate from 0 to 1e6, got '%s'", where, value);
    return CB_OK;
}

static enum cb_status set_flag(int *flag, const char *value, const char *where, struct cb_error *err)
{
    *flag = !strcmp(value, "true");
    if (*flag || !strcmp(value, "false")) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%s: expected true or false, got '%s'", where, value);
}

static const char *const keys[] = {"recipe", "from", "to", "iterations", "linear", "validate", "vary"};
enum { KEYS = sizeof keys / sizeof *keys };

enum cb_status cb_finder_set(struct cb_finder *f, const char *key, const char *value, const char *where,
                             struct cb_error *err)
{
    if (!strcmp(key, "recipe")) return set_text(f->recipe, sizeof f->recipe, value, where, err);
    if (!strcmp(key, "from")) return set_rate(&f->from, value, where, err);
    if (!strcmp(key, "to")) return set_rate(&f->to, value, where, err);
    if (!strcmp(key, "iterations")) return cb_option_count(where, value, CB_CURVE_MIN, 1000000, &f->iterations, err);
    if (!strcmp(key, "linear")) return set_flag(&f->linear, value, where, err);
    if (!strcmp(key, "validate")) return set_flag(&f->validate, value, where, err);
    if (!strcmp(key, "vary")) return set_text(f->vary, sizeof f->vary, value, where, err);
    return cb_fail(err, CB_BAD_INPUT,
                   "%s: unknown key %s; expected recipe, from, to, iterations, linear, validate or vary", where, key);
}

/* --- a finder's file ---------------------------------------------------------------------------------------------- */

struct file {
    struct cb_finder *finder;
    int line[KEYS]; /* 0: not given yet */
};

static enum cb_status on_key(void *context, const struct cb_ini_key *given, struct cb_error *err)
{
    struct file *file = context;
    char where[256];
    snprintf(where, sizeof where, "%s:%d", given->file, given->line);
    if (strcmp(given->section, "finder"))
        return cb_fail(err, CB_BAD_INPUT, "%s: key %s in section [%s], expected the section [finder] alone", where,
                       given->name, given->section);
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(given->name, keys[i])) continue;
        if (file->line[i])
            return cb_fail(err, CB_BAD_INPUT, "%s: %s is given twice, first in line %d", where, given->name,
                           file->line[i]);
        file->line[i] = given->line;
        snprintf(where, sizeof where, "%s:%d: %s", given->file, given->line, given->name);
    }
    return cb_finder_set(file->finder, given->name, given->value, where, err);
}

/* A finder's file is one whose first key stands in [finder]. */
static enum cb_status first_section(void *context, const struct cb_ini_key *key, struct cb_error *err)
{
    *(int *)context = !strcmp(key->section, "finder");
    return cb_fail(err, CB_FAILED, "enough was read");
}

static enum cb_status read_file(struct cb_finder *f, const char *name, struct cb_error *err)
{
    struct cb_bytes bytes;
    char path[PATH_MAX];
    enum cb_status status = cb_shelf_open(&finder_shelf, &bytes, path, name, err);
    if (status) return status;
    const char *text = (const char *)bytes.data;
    int is_finder = 0;
    cb_ini_read(text, bytes.len, path, first_section, &is_finder, NULL);
    if (is_finder) {
        struct file file = {.finder = f};
        status = cb_ini_read(text, bytes.len, path, on_key, &file, err);
        if (status == CB_OK && !*f->recipe)
            status = cb_fail(err, CB_BAD_INPUT, "%s: recipe is missing (the name or path of a recipe)", path);
    } else {
        status = set_text(f->recipe, sizeof f->recipe, path, "RECIPE", err);
    }
    free(bytes.data);
    return status;
}

/* Whether a file of this name is on the shelf. */
static enum cb_status is_there(int *there, const struct cb_shelf *shelf, const char *name, struct cb_error *err)
{
    char(*names)[CB_RECIPE_NAME];
    size_t count;
    const enum cb_status status = cb_shelf_list(shelf, &names, &count, err);
    if (status) return status;
    *there = 0;
    for (size_t i = 0; i < count; i++) *there |= !strcmp(names[i], name);
    free(names);
    return CB_OK;
}

enum cb_status cb_finder_read(struct cb_finder *f, const char *name, struct cb_error *err)
{
    *f = (struct cb_finder){.from = -1, .to = 10};
    const char *slash = strrchr(name, '/');
    snprintf(f->name, sizeof f->name, "%s", slash ? slash + 1 : name);
    char *suffix = strrchr(f->name, '.');
    if (suffix && !strcmp(suffix, ".ini")) *suffix = '\0';
    if (cb_is_ini_path(name)) return read_file(f, name, err);
    int finder = 0, recipe = 0;
    enum cb_status status = is_there(&finder, &finder_shelf, name, err);
    if (status == CB_OK && finder) return read_file(f, name, err);
    if (status == CB_OK) status = is_there(&recipe, &cb_recipe_shelf, name, err);
    if (status == CB_OK && !recipe)
        status = cb_fail(err, CB_BAD_INPUT,
                         "no finder or recipe \"%.100s\"; cyclebench lr-find --list and cyclebench train --list name "
                         "them; or give the path of a file (with a / or .ini)",
                         name);
    return status == CB_OK ? set_text(f->recipe, sizeof f->recipe, name, "RECIPE", err) : status;
}

enum cb_status cb_finder_print_list(struct cb_error *err)
{
    char(*names)[CB_RECIPE_NAME];
    size_t count;
    enum cb_status status = cb_shelf_list(&finder_shelf, &names, &count, err);
    if (status) return status;
    for (size_t i = 0; i < count && status == CB_OK; i++) {
        char description[CB_DESCRIPTION_BYTES];
        status = cb_shelf_describe(&finder_shelf, description, names[i], err);
        if (status == CB_OK) printf("%-14s %s\n", names[i], description);
    }
    free(names);
    return status == CB_OK ? cb_finish_output(err) : status;
}

/* --- the curves --------------------------------------------------------------------------------------------------- */

static enum cb_status split_values(struct cb_finder *f, struct cb_error *err)
{
    static const char *const form = "expected section.key=a,b,c, as in run.seed=1,2,3";
    char list[CB_VARY_BYTES];
    strcpy(list, f->vary);
    char *rest = strchr(list, '='), *value;
    if (!rest) return cb_fail(err, CB_BAD_INPUT, "--vary %s: %s", f->vary, form);
    *rest++ = '\0';
    list[strcspn(list, " ")] = '\0';
    if (!strncmp(list, "schedule.", 9))
        return cb_fail(err, CB_BAD_INPUT, "--vary %s: the finder itself sets the schedule; expected another key",
                       f->vary);
    while ((value = strsep(&rest, ","))) {
        value += strspn(value, " ");
        value[strcspn(value, " ")] = '\0';
        if (!*value) return cb_fail(err, CB_BAD_INPUT, "--vary %s: a value is empty, %s", f->vary, form);
        if (f->count == CB_MAX_CURVES)
            return cb_fail(err, CB_BAD_INPUT, "--vary %s: more than %d values", f->vary, CB_MAX_CURVES);
        if (snprintf(f->value[f->count], CB_VARY_BYTES, "%s=%s", list, value) >= CB_VARY_BYTES)
            return cb_fail(err, CB_BAD_INPUT, "--vary %s: too long", f->vary);
        for (size_t i = 0; i < f->count; i++)
            if (!strcmp(f->value[i], f->value[f->count]))
                return cb_fail(err, CB_BAD_INPUT, "--vary %s: the value %s is given twice", f->vary, value);
        f->count++;
    }
    return CB_OK;
}

enum cb_status cb_finder_settle(struct cb_finder *f, struct cb_error *err)
{
    if (f->from < 0) f->from = f->linear ? 0 : 1e-5;
    if (!f->linear && !(f->from > 0))
        return cb_fail(err, CB_BAD_INPUT, "--from: expected a rate above 0, unless --linear; got %g", f->from);
    if (!(f->to > f->from))
        return cb_fail(err, CB_BAD_INPUT, "--to: expected a rate above --from = %g, got %g", f->from, f->to);
    f->count = 0;
    if (*f->vary) return split_values(f, err);
    f->count = 1;
    snprintf(f->value[0], sizeof f->value[0], "%s", f->name);
    return CB_OK;
}

enum cb_status cb_finder_recipe(struct cb_recipe *recipe, const struct cb_finder *f, size_t curve,
                                const char *const *overrides, size_t count, struct cb_error *err)
{
    enum { OWN = 6 };
    char start[64], end[64], length[64];
    const char *all[CB_MAX_SETTINGS + OWN];
    size_t n = 0;
    for (; n < count && n < CB_MAX_SETTINGS; n++) {
        all[n] = overrides[n];
        if (!strncmp(all[n], "schedule.", 9))
            return cb_fail(err, CB_BAD_INPUT,
                           "--set %s: the finder itself sets the schedule; expected --from, --to, --iterations or "
                           "--linear",
                           all[n]);
    }
    snprintf(start, sizeof start, "schedule.lr_start=%.17g", f->from);
    snprintf(end, sizeof end, "schedule.lr_end=%.17g", f->to);
    snprintf(length, sizeof length, f->iterations ? "schedule.iterations=%zu" : "schedule.epochs=1", f->iterations);
    all[n++] = "schedule.kind=range_test";
    all[n++] = f->linear ? "schedule.linear=true" : "schedule.linear=false";
    all[n++] = start;
    all[n++] = end;
    all[n++] = length;
    if (*f->vary) all[n++] = f->value[curve];
    return cb_recipe_read(recipe, f->recipe, all, n, err);
}
