#include "record/line.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line cb_line_new(const char *type)
{
    struct line line = {.object = json_object()};
    cb_line_put(&line, "type", json_string(type));
    return line;
}

void cb_line_put(struct line *line, const char *key, json_t *value)
{
    if (json_object_set_new(line->object, key, value)) line->failed = 1;
}

void cb_line_null(struct line *line, const char *key, const char *reason)
{
    char sibling[64];
    snprintf(sibling, sizeof sibling, "%s_reason", key);
    cb_line_put(line, key, json_null());
    cb_line_put(line, sibling, json_string(reason));
}

void cb_line_real(struct line *line, const char *key, double x)
{
    if (isfinite(x))
        cb_line_put(line, key, json_real(x));
    else
        cb_line_null(line, key, isnan(x) ? "NaN" : x > 0 ? "infinity" : "-infinity");
}

void cb_line_count(struct line *line, const char *key, size_t n)
{
    cb_line_put(line, key, json_integer((json_int_t)n));
}

void cb_line_known(struct line *line, const char *key, double x, const char *reason)
{
    if (x < 0)
        cb_line_null(line, key, reason);
    else
        cb_line_real(line, key, x);
}

/* Names of files may be any bytes: each that is no UTF-8 becomes U+FFFD. */
static json_t *text_json(const char *text)
{
    errno = 0;
    json_t *whole = json_string(text);
    if (whole || errno == ENOMEM) return whole;
    const size_t len = strlen(text);
    char *mended = malloc(3 * len + 1);
    if (!mended) return NULL;
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        size_t bytes = 0;
        for (size_t n = 1; n <= 4 && at + n <= len && !bytes; n++) {
            json_t *one = json_stringn(text + at, n);
            if (!one && errno == ENOMEM) {
                free(mended);
                return NULL;
            }
            if (one) bytes = n;
            json_decref(one);
        }
        if (bytes)
            memcpy(mended + out, text + at, bytes);
        else
            memcpy(mended + out, "\xef\xbf\xbd", 3);
        out += bytes ? bytes : 3;
        at += bytes ? bytes : 1;
    }
    whole = json_stringn(mended, out);
    free(mended);
    return whole;
}

void cb_line_text(struct line *line, const char *key, const char *text, const char *reason)
{
    if (text)
        cb_line_put(line, key, text_json(text));
    else
        cb_line_null(line, key, reason);
}

enum cb_status cb_line_finish(struct cb_bytes *text, struct line *line, size_t digits, struct cb_error *err)
{
    /* Into memory of the known size: json_dumps drops text without a word when its buffer cannot grow. */
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(digits);
    const size_t len = line->failed ? 0 : json_dumpb(line->object, NULL, 0, flags);
    text->data = len ? malloc(len + 1) : NULL;
    text->len = len + 1;
    const int whole = text->data && json_dumpb(line->object, (char *)text->data, len, flags) == len;
    json_decref(line->object);
    line->object = NULL;
    if (whole) {
        text->data[len] = '\n';
        return CB_OK;
    }
    free(text->data);
    *text = (struct cb_bytes){NULL, 0};
    return cb_fail(err, CB_NO_MEMORY, "out of memory for a line of the run's record");
}
