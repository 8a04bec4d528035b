#include "program.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const cache_names[] = {[CB_WARM] = "warm", [CB_COLD] = "cold"};

size_t cb_program_forms(const struct cb_kernel *const *kernels, const struct cb_shape_form *forms[CB_MAX_FORMS])
{
    size_t n = 0;
    for (; *kernels; kernels++) {
        size_t i = 0;
        while (i < n && forms[i] != (*kernels)->form) i++;
        if (i < n) continue;
        assert(n < CB_MAX_FORMS);
        forms[n++] = (*kernels)->form;
    }
    return n;
}

static enum cb_status add(struct cb_program *p, size_t *room, const struct cb_contest *contest, struct cb_error *err)
{
    if (p->n == *room) {
        size_t more = *room ? 2 * *room : 64;
        struct cb_contest *grown = realloc(p->contest, more * sizeof *grown);
        if (!grown) return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu cases", more);
        p->contest = grown;
        *room = more;
    }
    p->contest[p->n++] = *contest;
    return CB_OK;
}

static void name(struct cb_contest *c)
{
    char shape[72];
    cb_shape_name(c->shape, shape, sizeof shape);
    snprintf(c->name, sizeof c->name, "%s/%s/t:%zu/%s", c->kernel->name, shape, c->threads, cache_names[c->cache]);
}

enum cb_status cb_program_make(struct cb_program *program, const struct cb_kernel *const *kernels,
                               const struct cb_shapes *shapes, const struct cb_field *field, const size_t *threads,
                               size_t n_threads, bool warm, bool cold, struct cb_error *err)
{
    size_t room = 0;
    enum cb_status status = CB_OK;
    *program = (struct cb_program){0};
    for (; *kernels; kernels++)
        for (size_t s = 0; s < shapes->n; s++) {
            const struct cb_kernel *k = *kernels;
            const struct cb_shape *shape = &shapes->shape[s];
            if (shape->form != k->form || (k->takes && !k->takes(shape))) continue;
            for (size_t t = 0; t < n_threads; t++)
                for (enum cb_cache cache = CB_WARM; cache <= CB_COLD && !status; cache++) {
                    if (cache == CB_WARM ? !warm : !cold || !k->buffers) continue;
                    struct cb_contest c = {.kernel = k, .shape = shape, .threads = threads[t], .cache = cache};
                    name(&c);
                    k->enter(&c, field);
                    status = add(program, &room, &c, err);
                }
        }
    if (status) cb_program_free(program);
    return status;
}

void cb_program_free(struct cb_program *program)
{
    free(program->contest);
    *program = (struct cb_program){0};
}
