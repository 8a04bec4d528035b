#include "recipes/keys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/printable.h"
#include "nearest.h"
#include "recipes/ini_reader.h"

enum { VALUE_CHARS = 200 };

/* Reading goes in three steps: collect the text of every key, decide which keys this schedule kind has, store the
 * values. Where a key is given more than once, the highest level counts: bases, the file, --set. */
enum { MAX_BASES = 8, FILE_LEVEL = MAX_BASES + 1, OPTION_LEVEL };

struct collected {
    char text[MAX_RECIPE_KEYS][VALUE_CHARS];
    int level[MAX_RECIPE_KEYS]; /* 0: not given */
    int line[MAX_RECIPE_KEYS];
    const char *from[MAX_RECIPE_KEYS];    /* the file's path or the option, for messages */
    char base_path[FILE_LEVEL][PATH_MAX]; /* by level */
};

/* A file that is being read. */
struct file {
    int level;
    struct collected *got;
};

static enum cb_status collect_file(struct collected *got, const char *text, size_t len, const char *name, int level,
                                   struct cb_error *err);

/* --- messages ----------------------------------------------------------------------------------------------------- */

static enum cb_status unknown_key(const char *where, const char *section, const char *name, struct cb_error *err)
{
    static const char *const hint = "cyclebench train --help lists all keys";
    char wanted[112], known[MAX_RECIPE_KEYS][64];
    const char *names[MAX_RECIPE_KEYS];
    int section_known = 0;
    snprintf(wanted, sizeof wanted, "%s.%s", section, name);
    for (size_t i = 0; i < cb_recipe_keys_count; i++) {
        const struct recipe_key *key = &cb_recipe_table[i];
        snprintf(known[i], sizeof known[i], "%s.%s", key->section, key->name);
        names[i] = known[i];
        section_known |= !strcmp(key->section, section);
    }
    /* More than three slips are another word. */
    const char *nearest = cb_nearest(wanted, names, cb_recipe_keys_count, 3);
    if (nearest)
        return cb_fail(err, CB_BAD_INPUT, "%s: unknown key %s, did you mean %s? (%s)", where, wanted, nearest, hint);
    if (!section_known)
        return cb_fail(
            err, CB_BAD_INPUT,
            "%s: unknown section [%s] (key %s), expected data, network, optimizer, schedule, numerics or run; %s",
            where, section, name, hint);
    return cb_fail(err, CB_BAD_INPUT, "%s: unknown key %s; %s", where, wanted, hint);
}

/* Where a key's value stands: "recipe.ini:12" or "--set data.batch=0". */
static void place_of(const struct collected *got, size_t key, char where[256])
{
    if (got->level[key] == OPTION_LEVEL)
        snprintf(where, 256, "--set %s", got->from[key]);
    else
        snprintf(where, 256, "%s:%d", got->from[key], got->line[key]);
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

/* Collects the recipe that this one begins with, one level below. */
static enum cb_status collect_base(struct file *file, const char *where, const char *base, struct cb_error *err)
{
    if (file->level == 1)
        return cb_fail(err, CB_BAD_INPUT, "%s: base = %.60s: more than %d bases; does one of them begin with itself?",
                       where, base, MAX_BASES);
    char *path = file->got->base_path[file->level - 1];
    if (*path) return cb_fail(err, CB_BAD_INPUT, "%s: base is given twice", where);
    struct cb_bytes bytes;
    struct cb_error why;
    enum cb_status status = cb_recipe_open(&bytes, path, base, &why);
    if (status) return cb_fail(err, status, "%s: base: %s", where, why.text);
    status = collect_file(file->got, (const char *)bytes.data, bytes.len, path, file->level - 1, err);
    free(bytes.data);
    return status;
}

static enum cb_status on_key(void *context, const struct cb_ini_key *given, struct cb_error *err)
{
    struct file *file = context;
    struct collected *got = file->got;
    char where[256];
    snprintf(where, sizeof where, "%s:%d", given->file, given->line);
    if (!*given->section && !strcmp(given->name, "base")) return collect_base(file, where, given->value, err);
    const struct recipe_key *key = cb_recipe_find_key(given->section, given->name);
    if (!key) return unknown_key(where, given->section, given->name, err);
    const size_t i = (size_t)(key - cb_recipe_table);
    if (got->level[i] == file->level)
        return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is given twice, first in line %d", where, key->section, key->name,
                       got->line[i]);
    got->level[i] = file->level;
    got->line[i] = given->line;
    got->from[i] = given->file;
    snprintf(got->text[i], VALUE_CHARS, "%s", given->value);
    return CB_OK;
}

static enum cb_status collect_file(struct collected *got, const char *text, size_t len, const char *name, int level,
                                   struct cb_error *err)
{
    struct file file = {level, got};
    return cb_ini_read(text, len, name, on_key, &file, err);
}

/* "section.key=value" */
static enum cb_status collect_override(struct collected *got, const char *option, struct cb_error *err)
{
    char where[256], section[64], name[64];
    snprintf(where, sizeof where, "--set %s", option);
    const char *dot = strchr(option, '.'), *equals = strchr(option, '=');
    if (!dot || !equals || dot > equals)
        return cb_fail(err, CB_BAD_INPUT, "%s: expected section.key=value, as in schedule.lr=0.1", where);
    snprintf(section, sizeof section, "%.*s", (int)(dot - option), option);
    snprintf(name, sizeof name, "%.*s", (int)(equals - dot - 1), dot + 1);
    const struct recipe_key *key = cb_recipe_find_key(section, name);
    if (!key) return unknown_key(where, section, name, err);
    if (strlen(equals + 1) >= VALUE_CHARS)
        return cb_fail(err, CB_BAD_INPUT, "%.80s...: value longer than %d characters", where, VALUE_CHARS - 1);
    const size_t i = (size_t)(key - cb_recipe_table);
    if (got->level[i] == OPTION_LEVEL)
        return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is set twice", where, section, name);
    got->level[i] = OPTION_LEVEL;
    got->from[i] = option;
    strcpy(got->text[i], equals + 1);
    return CB_OK;
}

/* --- deciding and storing ----------------------------------------------------------------------------------------- */

static size_t index_of(const char *name)
{
    return (size_t)(cb_recipe_find_key("schedule", name) - cb_recipe_table);
}

/* One length replaces the other of a lower level. */
static enum cb_status choose_length(struct collected *got, const char *name, struct cb_error *err)
{
    int *epochs = &got->level[index_of("epochs")], *iterations = &got->level[index_of("iterations")];
    if (*epochs > *iterations) *iterations = 0;
    if (*iterations > *epochs) *epochs = 0;
    if (*epochs && *iterations) {
        char where[256];
        place_of(got, index_of("iterations"), where);
        return cb_fail(err, CB_BAD_INPUT, "%s: schedule.epochs and schedule.iterations are both given, expected one",
                       where);
    }
    if (!*epochs && !*iterations)
        return cb_fail(err, CB_BAD_INPUT, "%s: schedule.epochs or schedule.iterations is missing", name);
    return CB_OK;
}

static enum cb_status store(struct cb_recipe *recipe, const struct collected *got, size_t i, struct cb_error *err)
{
    const struct recipe_key *key = &cb_recipe_table[i];
    if (cb_recipe_store(recipe, key, got->text[i])) return CB_OK;
    char where[256], allowed[RECIPE_ALLOWED_BYTES];
    place_of(got, i, where);
    cb_recipe_allowed(key, allowed);
    return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is \"%s\", expected %s", where, key->section, key->name, got->text[i],
                   allowed);
}

/* A key that is given or not, against what the schedule kind wants. A kind drops the keys of lower levels that it does
 * not use: they belong to another kind. */
static enum cb_status settle(struct cb_recipe *recipe, const struct collected *got, size_t i, const char *name,
                             struct cb_error *err)
{
    const struct recipe_key *key = &cb_recipe_table[i];
    const int used = cb_recipe_uses(recipe, key);
    if (got->level[i] && used) return store(recipe, got, i, err);
    if (got->level[i] && got->level[i] < got->level[index_of("kind")]) return CB_OK;
    if (got->level[i]) {
        char where[256], kind[RECIPE_VALUE_BYTES];
        place_of(got, i, where);
        cb_recipe_format(recipe, cb_recipe_find_key("schedule", "kind"), kind);
        return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is not used by schedule.kind = %s; remove it", where, key->section,
                       key->name, kind);
    }
    if (!used || i == index_of("epochs") || i == index_of("iterations")) return CB_OK;
    char text[RECIPE_VALUE_BYTES];
    const char *fallback = cb_recipe_fallback(recipe, key, text);
    if (!fallback)
        return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is missing (%s)", name, key->section, key->name, key->meaning);
    cb_recipe_store(recipe, key, fallback);
    return CB_OK;
}

/* The file's name without folder and suffix. It goes into the record, and a run directory is called so: "...ini" must
 * not mean the folder above. */
static void set_name(struct cb_recipe *recipe, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const size_t len = strlen(base);
    const int suffix = len > 4 && !strcmp(base + len - 4, ".ini");
    snprintf(recipe->name, sizeof recipe->name, "%.*s", (int)(suffix ? len - 4 : len), base);
    cb_make_printable(recipe->name);
    if (recipe->name[0] == '.') recipe->name[0] = '_';
}

static enum cb_status parse(struct cb_recipe *recipe, struct collected *got, const char *text, size_t len,
                            const char *name, const char *const *overrides, size_t count, struct cb_error *err)
{
    enum cb_status status = collect_file(got, text, len, name, FILE_LEVEL, err);
    for (size_t i = 0; i < count && !status; i++) status = collect_override(got, overrides[i], err);
    if (!status) status = choose_length(got, name, err);
    if (status) return status;

    const size_t kind = index_of("kind");
    if (!got->level[kind]) return cb_fail(err, CB_BAD_INPUT, "%s: schedule.kind is missing", name);
    status = store(recipe, got, kind, err);
    for (size_t i = 0; i < cb_recipe_keys_count && !status; i++) status = settle(recipe, got, i, name, err);
    if (status) return status;
    recipe->schedule.momentum = recipe->optimizer.momentum;

    set_name(recipe, name);

    /* A length in epochs is known when the data is; what can be checked now should not wait for it. */
    if (recipe->epochs > 0) return CB_OK;
    struct cb_error reason;
    status = cb_recipe_resolve(recipe, 0, &reason);
    return status ? cb_fail(err, status, "%s: %s", name, reason.text) : CB_OK;
}

enum cb_status cb_recipe_parse(struct cb_recipe *recipe, const char *text, size_t len, const char *name,
                               const char *const *overrides, size_t count, struct cb_error *err)
{
    memset(recipe, 0, sizeof *recipe);
    struct collected *got = calloc(1, sizeof *got);
    if (!got) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", name);
    const enum cb_status status = parse(recipe, got, text, len, name, overrides, count, err);
    free(got);
    return status;
}
