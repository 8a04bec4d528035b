#include "case.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct cb_implementation *add(struct cb_case *c)
{
    struct cb_implementation *grown = realloc(c->implementation, (c->n_implementations + 1) * sizeof *grown);
    if (!grown) {
        c->out_of_memory = true;
        return NULL;
    }
    c->implementation = grown;
    return &grown[c->n_implementations++];
}

static bool has_isa(const struct cb_availability *available, enum cb_isa isa)
{
    for (size_t i = 0; i < available->n_isas; i++)
        if (available->isa[i] == isa) return true;
    return false;
}

void cb_add_ours(struct cb_case *the_case, const struct cb_availability *available, const char *name,
                 unsigned algorithm, const struct cb_cost *cost, bool bf16)
{
    for (size_t i = 0; i < available->n_isas; i++) {
        enum cb_isa isa = available->isa[i];
        if (!bf16 && !cb_isa_builds_f32(isa) && has_isa(available, cb_isa_base(isa))) continue;
        struct cb_implementation *e = add(the_case);
        if (!e) return;
        *e = (struct cb_implementation){.isa = isa, .algorithm = algorithm, .cost = *cost};
        snprintf(e->name, sizeof e->name, "%s%s%s", name, *name ? ":" : "", cb_isa_name(isa));
    }
}

struct cb_implementation *cb_add_peer(struct cb_case *the_case, const struct cb_availability *available,
                                      const struct cb_peer *peer, const char *name, unsigned algorithm,
                                      const struct cb_cost *cost)
{
    struct cb_implementation *e = add(the_case);
    if (!e) return NULL;
    *e = (struct cb_implementation){.peer = peer, .isa = available->best, .algorithm = algorithm, .cost = *cost};
    snprintf(e->name, sizeof e->name, "%s%s%s", peer->name, *name ? ":" : "", name);
    return e;
}

void cb_use_isa(enum cb_isa isa)
{
    enum cb_status status = cb_isa_select(cb_isa_name(isa), NULL);
    assert(!status);
    (void)status;
}
