#include "values.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *cb_member(const json_t *object, const char *path)
{
    char key[64];
    const json_t *at = object;
    while (at && *path) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        at = json_object_get(at, key);
        path += length + (path[length] == '.');
    }
    return (json_t *)at;
}

/* A value that could not be made must not leave a hole in what is reported. */
static void demand(int failed)
{
    if (!failed) return;
    fputs("cyclebench: internal error: a value that JSON cannot hold\n", stderr);
    exit(EXIT_FAILURE);
}

void cb_put(json_t *object, const char *key, json_t *value)
{
    demand(json_object_set_new(object, key, value));
}

void cb_append(json_t *array, json_t *value)
{
    demand(json_array_append_new(array, value));
}

void cb_put_missing(json_t *object, const char *key, const char *format, ...)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    va_list args;
    va_start(args, format);
    json_t *reason = json_vsprintf(format, args);
    va_end(args);
    cb_put(object, key, json_null());
    cb_put(object, reason_key, reason);
}

void cb_put_number(json_t *object, const char *key, double value, const char *reason_if_missing)
{
    if (isfinite(value))
        cb_put(object, key, json_real(value));
    else
        cb_put_missing(object, key, "%s", reason_if_missing);
}

void cb_copy(json_t *object, const char *key, const json_t *from, const char *path)
{
    json_t *value = cb_member(from, path);
    if (json_is_string(value) || json_is_number(value))
        cb_put(object, key, json_incref(value));
    else
        cb_put_missing(object, key, "the run's header does not say");
}

json_t *cb_sentence(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *text = json_vsprintf(format, args);
    va_end(args);
    demand(!text);
    return text;
}

json_t *cb_joined_by(const json_t *strings, const char *between)
{
    json_t *text = cb_sentence("%s", "");
    for (size_t i = 0; i < json_array_size(strings); i++) {
        json_t *longer = cb_sentence("%s%s%s", json_string_value(text), i ? between : "",
                                     json_string_value(json_array_get(strings, i)));
        json_decref(text);
        text = longer;
    }
    return text;
}

json_t *cb_joined(const json_t *strings)
{
    return cb_joined_by(strings, ", ");
}

json_t *cb_value_text(const json_t *value)
{
    if (!value || json_is_null(value)) return cb_sentence("-");
    if (json_is_string(value)) return cb_sentence("%s", json_string_value(value));
    if (json_is_real(value)) return cb_sentence("%.9g", json_real_value(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    json_t *copy = cb_sentence("%s", text);
    free(text);
    return copy;
}

int cb_equal(const json_t *a, const json_t *b)
{
    return (!a && !b) || json_equal(a, b);
}
