#include "outputs.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/bf16.h"

void outputs_add(struct outputs *o, const char *name, enum cb_format format, void *data, size_t n)
{
    if (!data) return;
    assert(o->n < MAX_OUTPUTS);
    o->of[o->n++] = (struct output){name, format, data, n};
}

static size_t bytes_of(const struct output *out)
{
    return out->n * cb_format_bytes(out->format);
}

enum cb_status outputs_expect(struct outputs *o, struct cb_error *err)
{
    size_t all = 0;
    for (size_t i = 0; i < o->n; i++) all += bytes_of(&o->of[i]);
    free(o->expected);
    o->expected = malloc(all);
    if (!o->expected) return cb_fail(err, CB_NO_MEMORY, "out of memory for the reference's result of %zu bytes", all);
    unsigned char *to = o->expected;
    for (size_t i = 0; i < o->n; to += bytes_of(&o->of[i++])) memcpy(to, o->of[i].data, bytes_of(&o->of[i]));
    return CB_OK;
}

void outputs_poison(const struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++) memset(o->of[i].data, 0xff, bytes_of(&o->of[i]));
}

static double value(const void *data, enum cb_format format, size_t at)
{
    uint16_t half;
    float x;
    memcpy(format == CB_BF16 ? (void *)&half : (void *)&x, (const char *)data + at * cb_format_bytes(format),
           cb_format_bytes(format));
    return (double)(format == CB_BF16 ? cb_bf16_value(half) : x);
}

enum cb_status outputs_check(const struct outputs *o, struct cb_error *err)
{
    const unsigned char *expected = o->expected;
    for (size_t i = 0; i < o->n; expected += bytes_of(&o->of[i++])) {
        const struct output *out = &o->of[i];
        const unsigned char *got = out->data;
        if (!memcmp(expected, got, bytes_of(out))) continue;
        size_t at = 0;
        while (expected[at] == got[at]) at++;
        at /= cb_format_bytes(out->format);
        return cb_fail(err, CB_UNAVAILABLE,
                       "wrong result, not timed: %s[%zu] is %.9g, the scalar reference computes %.9g", out->name, at,
                       value(got, out->format, at), value(expected, out->format, at));
    }
    return CB_OK;
}

void outputs_release(struct outputs *o)
{
    free(o->expected);
    *o = (struct outputs){0};
}
