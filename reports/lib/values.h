#ifndef CB_REPORT_VALUES_H
#define CB_REPORT_VALUES_H

#include <jansson.h>

/* JSON objects in which a missing value is null with its reason in "<key>_reason". Text must be UTF-8. */

/* A member of nested objects, "a.b.c"; NULL if there is none. Borrowed reference. */
json_t *cb_member(const json_t *object, const char *path);
/* Takes value. */
void cb_put(json_t *object, const char *key, json_t *value);
void cb_append(json_t *array, json_t *value);
void cb_put_missing(json_t *object, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* NaN and infinity are missing. */
void cb_put_number(json_t *object, const char *key, double value, const char *reason_if_missing);
/* Copies a text or number of `from`; anything else is missing. */
void cb_copy(json_t *object, const char *key, const json_t *from, const char *path);
json_t *cb_sentence(const char *format, ...) __attribute__((format(printf, 1, 2))); /* a new string */
/* The strings of an array with a text, or ", ", between; a new string. */
json_t *cb_joined_by(const json_t *strings, const char *between);
json_t *cb_joined(const json_t *strings);
/* A value for people: text as it is, numbers with up to 9 digits; "-" for null or NULL. A new string. */
json_t *cb_value_text(const json_t *value);
/* As json_equal, but two that are not there are equal, too. */
int cb_equal(const json_t *a, const json_t *b);

#endif
