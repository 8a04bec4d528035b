#include "cases.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const cache_names[] = {[CB_WARM] = "warm", [CB_COLD] = "cold"};

size_t cb_forms_of(const struct cb_kernel *const *suites, const struct cb_shape_form *forms[CB_MAX_FORMS])
{
    size_t n = 0;
    for (; *suites; suites++)
        for (const struct cb_kernel *kernel = *suites; kernel->name; kernel++) {
            size_t i = 0;
            while (i < n && forms[i] != kernel->form) i++;
            if (i < n) continue;
            assert(n < CB_MAX_FORMS);
            forms[n++] = kernel->form;
        }
    return n;
}

static enum cb_status add(struct cb_cases *cases, size_t *room, const struct cb_case *the_case, struct cb_error *err)
{
    if (cases->n == *room) {
        size_t more = *room ? 2 * *room : 64;
        struct cb_case *grown = realloc(cases->of, more * sizeof *grown);
        if (!grown) return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu cases", more);
        cases->of = grown;
        *room = more;
    }
    cases->of[cases->n++] = *the_case;
    if (the_case->out_of_memory)
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the implementations of %s", the_case->name);
    return CB_OK;
}

static void name(struct cb_case *c)
{
    char shape[72];
    cb_shape_name(c->shape, shape, sizeof shape);
    snprintf(c->name, sizeof c->name, "%s/%s/t:%zu/%s", c->kernel->name, shape, c->threads, cache_names[c->cache]);
}

/* The cases of a kernel on a shape that it takes. */
static enum cb_status add_all(struct cb_cases *cases, size_t *room, const struct cb_kernel *kernel,
                              const struct cb_shape *shape, const struct cb_case_choice *choice, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t t = 0; t < choice->n_threads; t++)
        for (enum cb_cache cache = CB_WARM; cache <= CB_COLD && !status; cache++) {
            if (cache == CB_WARM ? !choice->warm : !choice->cold || !kernel->buffers) continue;
            struct cb_case c = {.kernel = kernel, .shape = shape, .threads = choice->threads[t], .cache = cache};
            name(&c);
            kernel->implement(&c, choice->available);
            status = add(cases, room, &c, err);
        }
    return status;
}

enum cb_status cb_cases_make(struct cb_cases *cases, const struct cb_kernel *const *suites,
                             const struct cb_shapes *shapes, const struct cb_case_choice *choice, struct cb_error *err)
{
    size_t room = 0;
    enum cb_status status = CB_OK;
    *cases = (struct cb_cases){0};
    for (; *suites; suites++)
        for (const struct cb_kernel *kernel = *suites; kernel->name; kernel++)
            for (size_t s = 0; s < shapes->n && !status; s++) {
                const struct cb_shape *shape = &shapes->shape[s];
                if (shape->form != kernel->form || (kernel->takes && !kernel->takes(shape))) continue;
                status = add_all(cases, &room, kernel, shape, choice, err);
            }
    if (status) cb_cases_free(cases);
    return status;
}

void cb_cases_free(struct cb_cases *cases)
{
    for (size_t i = 0; i < cases->n; i++) free(cases->of[i].implementation);
    free(cases->of);
    *cases = (struct cb_cases){0};
}
