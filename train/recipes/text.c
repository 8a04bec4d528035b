#include "recipes/keys.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- INI ---------------------------------------------------------------------------------------------------------- */

static int is_default(const struct cb_recipe *recipe, const struct recipe_key *key)
{
    struct cb_recipe other = *recipe;
    char value[RECIPE_VALUE_BYTES], fallback[RECIPE_VALUE_BYTES];
    const char *text = cb_recipe_fallback(recipe, key, fallback);
    if (!text) return 0;
    cb_recipe_store(&other, key, text);
    cb_recipe_format(recipe, key, value);
    cb_recipe_format(&other, key, fallback);
    return !strcmp(value, fallback);
}

static void write_ini(const struct cb_recipe *recipe, int with_defaults, FILE *out)
{
    const char *section = "";
    for (size_t i = 0; i < cb_recipe_keys_count; i++) {
        const struct recipe_key *key = &cb_recipe_table[i];
        if (!cb_recipe_has(recipe, key) || (!with_defaults && is_default(recipe, key))) continue;
        if (strcmp(section, key->section)) fprintf(out, "\n[%s]\n", key->section);
        section = key->section;
        char value[RECIPE_VALUE_BYTES];
        cb_recipe_format(recipe, key, value);
        fprintf(out, "%s = %s\n", key->name, value);
    }
}

static char *ini_text(const struct cb_recipe *recipe, const char *comment, int with_defaults)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    fputs(comment, out);
    write_ini(recipe, with_defaults, out);
    const int failed = ferror(out);
    if (!fclose(out) && !failed) return text;
    free(text);
    return NULL;
}

char *cb_recipe_text(const struct cb_recipe *recipe)
{
    return ini_text(recipe, "; A complete recipe, every key written. `cyclebench train` takes it as it is.\n", 1);
}

enum cb_status cb_recipe_sha256(const struct cb_recipe *recipe, char hex[CB_SHA256_HEX], struct cb_error *err)
{
    char *text = ini_text(recipe, "", 0);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "out of memory for the recipe's text");
    const enum cb_status status = cb_sha256_hex(text, strlen(text), hex, err);
    free(text);
    return status;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

/* From the text of the value: a list of numbers, a number or a word. */
static json_t *value_json(const struct cb_recipe *recipe, const struct recipe_key *key)
{
    char text[RECIPE_VALUE_BYTES], *end;
    cb_recipe_format(recipe, key, text);
    switch (key->type) {
    case KEY_BOOL:
        return json_boolean(!strcmp(text, "true"));
    case KEY_SIZE:
        return json_integer(strtoll(text, NULL, 10));
    case KEY_REAL:
        return json_real(strtod(text, NULL));
    case KEY_TRIPLE: {
        json_t *list = json_array();
        for (const char *at = text; list && *at; at = end + strspn(end, ", "))
            json_array_append_new(list, json_real(strtod(at, &end)));
        return list;
    }
    case KEY_WORD: { /* a depth is a number */
        const long long number = strtoll(text, &end, 10);
        return *end ? json_string(text) : json_integer(number);
    }
    case KEY_U64: /* JSON readers keep 53 bits of a number */
    case KEY_FILES:
    case KEY_AUGMENT:
    case KEY_MILESTONES:
        break;
    }
    return json_string(text);
}

struct json_t *cb_recipe_json(const struct cb_recipe *recipe)
{
    json_t *object = json_object();
    int failed = !object;
    for (size_t i = 0; i < cb_recipe_keys_count; i++) {
        const struct recipe_key *key = &cb_recipe_table[i];
        if (!cb_recipe_has(recipe, key)) continue;
        json_t *section = json_object_get(object, key->section);
        if (!section) {
            section = json_object();
            failed |= json_object_set_new(object, key->section, section);
        }
        failed |= json_object_set_new(section, key->name, value_json(recipe, key));
    }
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

/* --- help --------------------------------------------------------------------------------------------------------- */

static void write_kinds(const struct recipe_key *key, FILE *out)
{
    const char *separator = " (only with ";
    for (enum cb_schedule_kind kind = 0; key->by_kind && kind < CB_SCHEDULE_KINDS; kind++) {
        if (!cb_schedule_uses(kind, key->name)) continue;
        fprintf(out, "%s%s", separator, cb_schedule_name(kind));
        separator = ", ";
    }
    if (key->by_kind) fputs(")", out);
}

const char *cb_recipe_keys(void)
{
    static char text[16384];
    static const struct cb_recipe first; /* of the first data set */
    if (text[0]) return text;
    FILE *out = fmemopen(text, sizeof text, "w");
    if (!out) return "";
    for (size_t i = 0; i < cb_recipe_keys_count; i++) {
        const struct recipe_key *key = &cb_recipe_table[i];
        char allowed[RECIPE_ALLOWED_BYTES], buffer[RECIPE_VALUE_BYTES];
        const char *fallback = cb_recipe_fallback(&first, key, buffer);
        cb_recipe_allowed(key, allowed);
        fprintf(out, "%s.%s: %s\n    %s", key->section, key->name, allowed, key->meaning);
        write_kinds(key, out);
        if (fallback) fprintf(out, "; default: %s%s", fallback, key->fallback ? "" : " (of cifar10)");
        fputs("\n", out);
    }
    fclose(out);
    return text;
}
