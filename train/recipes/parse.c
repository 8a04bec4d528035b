#include "recipes/keys.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "core/printable.h"

/* inih reads lines of up to 199 characters and would silently take the rest of a longer one for a line of its own. */
enum { INI_LINE_CHARS = 197, VALUE_CHARS = 200 };

/* Reading goes in three steps: collect the text of every key, decide which keys this schedule kind has, store the
 * values. */
struct collected {
    char text[RECIPE_KEYS][VALUE_CHARS];
    int line[RECIPE_KEYS];           /* > 0: from the file; -1: from an override; 0: not given */
    const char *option[RECIPE_KEYS]; /* the override, for messages */
};

struct reader {
    const char *next, *end;
    int line; /* number of the line that was handed out last */
    const char *name;
    struct collected *got;
    enum cb_status status;
    struct cb_error *err;
};

/* --- messages ----------------------------------------------------------------------------------------------------- */

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance; names longer than the table count as far away. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    const size_t n = strlen(a), m = strlen(b);
    if (m >= 64) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

static enum cb_status unknown_key(const char *where, const char *section, const char *name, struct cb_error *err)
{
    static const char *const hint = "cyclebench train --help lists all keys";
    char wanted[112], nearest[64] = "";
    snprintf(wanted, sizeof wanted, "%s.%s", section, name);
    size_t best = 4; /* more than three slips are another word */
    int section_known = 0;
    for (size_t i = 0; i < RECIPE_KEYS; i++) {
        const struct recipe_key *key = &cb_recipe_table[i];
        char known[64];
        snprintf(known, sizeof known, "%s.%s", key->section, key->name);
        section_known |= !strcmp(key->section, section);
        const size_t d = distance(wanted, known);
        if (d < best) {
            best = d;
            strcpy(nearest, known);
        }
    }
    if (nearest[0])
        return cb_fail(err, CB_BAD_INPUT, "%s: unknown key %s, did you mean %s? (%s)", where, wanted, nearest, hint);
    if (!section_known)
        return cb_fail(
            err, CB_BAD_INPUT,
            "%s: unknown section [%s] (key %s), expected data, network, optimizer, schedule, numerics or run; %s",
            where, section, name, hint);
    return cb_fail(err, CB_BAD_INPUT, "%s: unknown key %s; %s", where, wanted, hint);
}

/* Where a key's value stands: "recipe.ini:12" or "--set data.batch=0". */
static void place_of(const struct collected *got, size_t key, const char *name, char where[256])
{
    if (got->line[key] > 0)
        snprintf(where, 256, "%s:%d", name, got->line[key]);
    else
        snprintf(where, 256, "--set %s", got->option[key]);
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

/* fgets over memory for inih. Leading blanks go, because inih would take an indented line for the continuation of a
 * value. */
static char *read_line(char *line, int bytes, void *context)
{
    struct reader *r = context;
    if (r->status || r->next == r->end) return NULL;
    const char *newline = memchr(r->next, '\n', (size_t)(r->end - r->next));
    const char *stop = newline ? newline : r->end;
    const char *start = r->next;
    r->line++;
    r->next = newline ? newline + 1 : r->end;
    while (start < stop && (*start == ' ' || *start == '\t')) start++;
    const size_t len = (size_t)(stop - start);
    if (len > INI_LINE_CHARS || len + 2 > (size_t)bytes || memchr(start, '\0', len)) {
        r->status = cb_fail(r->err, CB_BAD_INPUT, "%s:%d: %s", r->name, r->line,
                            len > INI_LINE_CHARS ? "line longer than 197 characters" : "line holds a zero byte");
        return NULL;
    }
    memcpy(line, start, len);
    line[len] = '\n';
    line[len + 1] = '\0';
    return line;
}

static int on_value(void *context, const char *section, const char *name, const char *value)
{
    struct reader *r = context;
    if (r->status) return 0;
    char where[256];
    snprintf(where, sizeof where, "%s:%d", r->name, r->line);
    const struct recipe_key *key = cb_recipe_find_key(section, name);
    if (!key) {
        r->status = unknown_key(where, section, name, r->err);
        return 0;
    }
    const size_t i = (size_t)(key - cb_recipe_table);
    if (r->got->line[i]) {
        r->status = cb_fail(r->err, CB_BAD_INPUT, "%s: %s.%s is given twice, first in line %d", where, section, name,
                            r->got->line[i]);
        return 0;
    }
    r->got->line[i] = r->line;
    snprintf(r->got->text[i], VALUE_CHARS, "%s", value);
    return 1;
}

static enum cb_status collect_file(struct collected *got, const char *text, size_t len, const char *name,
                                   struct cb_error *err)
{
    struct reader reader = {text, text + len, 0, name, got, CB_OK, err};
    const int bad_line = ini_parse_stream(read_line, &reader, on_value, &reader);
    /* inih reads on after a bad line and returns the first one, which may come before the one that status is about. */
    if (bad_line > 0 && (!reader.status || bad_line < reader.line))
        return cb_fail(err, CB_BAD_INPUT, "%s:%d: expected `key = value`, `[section]` or a comment", name, bad_line);
    return reader.status;
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
    if (got->line[i] < 0) return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is set twice", where, section, name);
    got->line[i] = -1;
    got->option[i] = option;
    strcpy(got->text[i], equals + 1);
    return CB_OK;
}

/* --- deciding and storing ----------------------------------------------------------------------------------------- */

static size_t index_of(const char *name)
{
    return (size_t)(cb_recipe_find_key("schedule", name) - cb_recipe_table);
}

/* An override of one length replaces the file's other one. */
static enum cb_status choose_length(struct collected *got, const char *name, struct cb_error *err)
{
    const size_t epochs = index_of("epochs"), iterations = index_of("iterations");
    if (got->line[epochs] < 0 && got->line[iterations] > 0) got->line[iterations] = 0;
    if (got->line[iterations] < 0 && got->line[epochs] > 0) got->line[epochs] = 0;
    if (got->line[epochs] && got->line[iterations]) {
        char where[256];
        place_of(got, iterations, name, where);
        return cb_fail(err, CB_BAD_INPUT, "%s: schedule.epochs and schedule.iterations are both given, expected one",
                       where);
    }
    if (!got->line[epochs] && !got->line[iterations])
        return cb_fail(err, CB_BAD_INPUT, "%s: schedule.epochs or schedule.iterations is missing", name);
    return CB_OK;
}

static enum cb_status store(struct cb_recipe *recipe, const struct collected *got, size_t i, const char *name,
                            struct cb_error *err)
{
    const struct recipe_key *key = &cb_recipe_table[i];
    if (cb_recipe_store(recipe, key, got->text[i])) return CB_OK;
    char where[256], allowed[RECIPE_ALLOWED_BYTES];
    place_of(got, i, name, where);
    cb_recipe_allowed(key, allowed);
    return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is \"%s\", expected %s", where, key->section, key->name, got->text[i],
                   allowed);
}

/* A key that is in the file, in an override or neither, against what the schedule kind wants. */
static enum cb_status settle(struct cb_recipe *recipe, const struct collected *got, size_t i, const char *name,
                             struct cb_error *err)
{
    const struct recipe_key *key = &cb_recipe_table[i];
    const int used = key->kinds >> recipe->schedule.kind & 1;
    const int kind_overridden = got->line[index_of("kind")] < 0;
    if (got->line[i] && used) return store(recipe, got, i, name, err);
    if (got->line[i] && got->line[i] > 0 && kind_overridden) return CB_OK; /* the file's own kind used it */
    if (got->line[i]) {
        char where[256], kind[RECIPE_VALUE_BYTES];
        place_of(got, i, name, where);
        cb_recipe_format(recipe, cb_recipe_find_key("schedule", "kind"), kind);
        return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is not used by schedule.kind = %s; remove it", where, key->section,
                       key->name, kind);
    }
    if (!used || i == index_of("epochs") || i == index_of("iterations")) return CB_OK;
    if (!key->fallback)
        return cb_fail(err, CB_BAD_INPUT, "%s: %s.%s is missing (%s)", name, key->section, key->name, key->meaning);
    cb_recipe_store(recipe, key, key->fallback);
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

enum cb_status cb_recipe_parse(struct cb_recipe *recipe, const char *text, size_t len, const char *name,
                               const char *const *overrides, size_t count, struct cb_error *err)
{
    struct collected got = {0};
    memset(recipe, 0, sizeof *recipe);
    enum cb_status status = collect_file(&got, text, len, name, err);
    for (size_t i = 0; i < count && !status; i++) status = collect_override(&got, overrides[i], err);
    if (!status) status = choose_length(&got, name, err);
    if (status) return status;

    const size_t kind = index_of("kind");
    if (!got.line[kind]) return cb_fail(err, CB_BAD_INPUT, "%s: schedule.kind is missing", name);
    status = store(recipe, &got, kind, name, err);
    for (size_t i = 0; i < RECIPE_KEYS && !status; i++) status = settle(recipe, &got, i, name, err);
    if (status) return status;
    recipe->schedule.momentum = recipe->optimizer.momentum;

    set_name(recipe, name);

    /* A length in epochs is known when the data is; what can be checked now should not wait for it. */
    if (recipe->epochs > 0) return CB_OK;
    struct cb_error reason;
    status = cb_recipe_resolve(recipe, 0, &reason);
    return status ? cb_fail(err, status, "%s: %s", name, reason.text) : CB_OK;
}
