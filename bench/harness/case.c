#include "case.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct cb_entrant *add(struct cb_contest *contest)
{
    assert(contest->n_entrants < CB_MAX_ENTRANTS);
    return &contest->entrant[contest->n_entrants++];
}

void cb_enter_ours(struct cb_contest *contest, const struct cb_field *field, const char *name, unsigned variant,
                   const struct cb_cost *cost, bool bf16)
{
    bool avx512 = false;
    for (size_t i = 0; i < field->n_isas; i++) avx512 = avx512 || field->isa[i] == CB_ISA_AVX512;
    for (size_t i = 0; i < field->n_isas; i++) {
        if (field->isa[i] == CB_ISA_AVX512BF16 && avx512 && !bf16) continue;
        struct cb_entrant *e = add(contest);
        *e = (struct cb_entrant){.isa = field->isa[i], .variant = variant, .cost = *cost};
        snprintf(e->name, sizeof e->name, "%s%s%s", name, *name ? ":" : "", cb_isa_name(field->isa[i]));
    }
}

struct cb_entrant *cb_enter_library(struct cb_contest *contest, const struct cb_field *field, const char *library,
                                    const char *way, unsigned variant, const struct cb_cost *cost)
{
    size_t i = 0;
    while (i < field->n_libraries && strcmp(field->library[i], library)) i++;
    if (i == field->n_libraries) return NULL;
    struct cb_entrant *e = add(contest);
    *e = (struct cb_entrant){.library = library, .isa = field->best, .variant = variant, .cost = *cost};
    snprintf(e->name, sizeof e->name, "%s%s%s", library, *way ? ":" : "", way);
    return e;
}

void cb_use_isa(enum cb_isa isa)
{
    enum cb_status status = cb_isa_select(cb_isa_name(isa), NULL);
    assert(!status);
    (void)status;
}
