#include "outputs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void outputs_add(struct outputs *o, const char *name, float *data, size_t n)
{
    if (!data) return;
    assert(o->n < MAX_OUTPUTS);
    o->of[o->n++] = (struct output){name, data, n};
}

enum cb_status outputs_expect(struct outputs *o, struct cb_error *err)
{
    size_t all = 0;
    for (size_t i = 0; i < o->n; i++) all += o->of[i].n;
    free(o->expected);
    o->expected = malloc(all * sizeof *o->expected);
    if (!o->expected) return cb_fail(err, CB_NO_MEMORY, "out of memory for the reference's result of %zu numbers", all);
    float *to = o->expected;
    for (size_t i = 0; i < o->n; to += o->of[i++].n) memcpy(to, o->of[i].data, o->of[i].n * sizeof *to);
    return CB_OK;
}

void outputs_poison(const struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++) memset(o->of[i].data, 0xff, o->of[i].n * sizeof *o->of[i].data);
}

enum cb_status outputs_check(const struct outputs *o, struct cb_error *err)
{
    const float *expected = o->expected;
    for (size_t i = 0; i < o->n; expected += o->of[i++].n) {
        const struct output *out = &o->of[i];
        if (!memcmp(expected, out->data, out->n * sizeof *expected)) continue;
        size_t at = 0;
        while (!memcmp(&expected[at], &out->data[at], sizeof *expected)) at++;
        return cb_fail(err, CB_UNAVAILABLE,
                       "wrong result, not timed: %s[%zu] is %.9g, the scalar reference computes %.9g", out->name, at,
                       (double)out->data[at], (double)expected[at]);
    }
    return CB_OK;
}

void outputs_release(struct outputs *o)
{
    free(o->expected);
    *o = (struct outputs){0};
}
