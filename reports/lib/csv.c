/* Columns of a comparison as CSV: nested objects are keys with a point, arrays of strings one field. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "table.h"
#include "text.h"
#include "values.h"

static bool is_reason(const char *key)
{
    size_t length = strlen(key);
    return length > 7 && !strcmp(key + length - 7, "_reason");
}

/* Into flat: text of every value in object, keys with the prefix. */
static void flatten(json_t *flat, const json_t *object, const char *prefix)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (is_reason(key)) continue;
        json_t *name = cb_sentence("%s%s", prefix, key);
        if (json_is_object(value)) {
            json_t *longer = cb_sentence("%s.", json_string_value(name));
            flatten(flat, value, json_string_value(longer));
            json_decref(longer);
        } else if (json_is_array(value) && (!json_array_size(value) || json_is_string(json_array_get(value, 0)))) {
            cb_put(flat, json_string_value(name), cb_joined(value));
        } else {
            cb_put(flat, json_string_value(name), json_is_null(value) ? cb_sentence("%s", "") : cb_value_text(value));
        }
        json_decref(name);
    }
}

void cb_csv_field(FILE *out, const char *text, bool first)
{
    if (!first) fputc(',', out);
    bool quoted = strpbrk(text, "\",\n\r") || *text == ' ';
    if (!quoted) {
        cb_text_print(out, text, 0);
        return;
    }
    char *doubled = cb_report_alloc(2 * strlen(text) + 1), *end = doubled;
    for (; *text; text++) {
        if (*text == '"') *end++ = '"';
        *end++ = *text;
    }
    *end = '\0';
    fputc('"', out);
    cb_text_print(out, doubled, 0);
    fputc('"', out);
    free(doubled);
}

void cb_csv_print(FILE *out, const json_t *columns)
{
    json_t *lines = json_array(), *keys = json_object(), *item, *value;
    size_t i;
    const char *key;
    json_array_foreach((json_t *)columns, i, item)
    {
        json_t *flat = json_object();
        flatten(flat, item, "");
        cb_append(lines, flat);
        json_object_foreach(flat, key, value) if (!json_object_get(keys, key)) cb_put(keys, key, json_null());
    }
    bool first = true;
    json_object_foreach(keys, key, value)
    {
        cb_csv_field(out, key, first);
        first = false;
    }
    fputc('\n', out);
    json_array_foreach(lines, i, item)
    {
        first = true;
        json_object_foreach(keys, key, value)
        {
            const char *text = json_string_value(json_object_get(item, key));
            cb_csv_field(out, text ? text : "", first);
            first = false;
        }
        fputc('\n', out);
    }
    json_decref(lines);
    json_decref(keys);
}
