#include "core/ops.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum cb_isa base;
    enum { builds_all, builds_bf16 } builds;
} rows[CB_ISA_COUNT] = {
    [CB_ISA_SCALAR] = {"scalar", CB_ISA_SCALAR, builds_all},
#define CB_ISA(id, name, architecture, base, builds, ...) [CB_ISA_##id] = {#name, CB_ISA_##base, builds_##builds},
#include "isas.def"
#undef CB_ISA
};

/* What each ISA builds itself (ops_tmpl.c). */
#define CB_ISA(id, name, architecture, ...) CB_WHERE_##architecture(extern const struct cb_ops cb_ops__##name;)
#include "isas.def"
#undef CB_ISA

static const struct cb_ops ops_scalar = {
#define CB_OP(name, type, ...) .name = cb_##name##__scalar,
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
};

static const struct cb_ops *const own_ops[CB_ISA_COUNT] = {
    [CB_ISA_SCALAR] = &ops_scalar,
#define CB_ISA(id, name, architecture, ...) CB_WHERE_##architecture([CB_ISA_##id] = &cb_ops__##name, )
#include "isas.def"
#undef CB_ISA
};

static struct cb_ops tables[CB_ISA_COUNT];
static enum cb_isa selected = CB_ISA_SCALAR;

static void climb(struct cb_ops *ops, enum cb_isa isa)
{
    if (isa != CB_ISA_SCALAR) climb(ops, cb_isa_base(isa));
    const struct cb_ops *own = own_ops[isa];
#define CB_OP(name, type, ...)                                                                                         \
    if (own->name) ops->name = own->name;
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
}

/* Before main, as any thread may ask for a table. */
static __attribute__((constructor)) void fill_tables(void)
{
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++)
        if (own_ops[isa]) climb(&tables[isa], isa);
}

const char *cb_isa_name(enum cb_isa isa)
{
    return rows[isa].name;
}

const char *cb_isa_names(void)
{
    return
#include "core/isa_names.inc"
        ;
}

enum cb_isa cb_isa_base(enum cb_isa isa)
{
    return rows[isa].base;
}

bool cb_isa_builds_f32(enum cb_isa isa)
{
    return rows[isa].builds == builds_all;
}

const struct cb_ops *cb_ops_of(enum cb_isa isa)
{
    return own_ops[isa] ? &tables[isa] : NULL;
}

static bool machine_has(enum cb_isa isa)
{
#define CPU(feature) __builtin_cpu_supports(feature)
    switch (isa) {
#define CB_ISA(id, name, architecture, base, builds, vectors, bf16, cpu, flags)                                        \
    CB_WHERE_##architecture(case CB_ISA_##id : return cpu;)
#include "isas.def"
#undef CB_ISA
    default:
        return isa == CB_ISA_SCALAR;
    }
#undef CPU
}

bool cb_isa_available(enum cb_isa isa)
{
    return machine_has(isa) && (isa == CB_ISA_SCALAR || cb_isa_available(cb_isa_base(isa)));
}

enum cb_isa cb_isa_best(void)
{
    enum cb_isa best = CB_ISA_SCALAR;
    for (enum cb_isa isa = CB_ISA_SCALAR + 1; isa < CB_ISA_COUNT; isa++)
        if (cb_isa_base(isa) == best && cb_isa_available(isa)) best = isa;
    return best;
}

static void list_available(char *text, size_t bytes)
{
    text[0] = '\0';
    for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT; i++) {
        if (!cb_isa_available(i)) continue;
        if (text[0]) strncat(text, ", ", bytes - strlen(text) - 1);
        strncat(text, cb_isa_name(i), bytes - strlen(text) - 1);
    }
}

enum cb_status cb_isa_select(const char *name, struct cb_error *err)
{
    const char *origin = "--isa";
    if (!name) {
        name = getenv("CYCLEBENCH_ISA");
        origin = "CYCLEBENCH_ISA";
    }
    if (!name || !*name) {
        selected = cb_isa_best();
        return CB_OK;
    }
    char available[64];
    list_available(available, sizeof available);
    for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT; i++) {
        if (strcmp(name, cb_isa_name(i))) continue;
        if (!cb_isa_available(i))
            return cb_fail(err, CB_UNAVAILABLE, "%s: this machine or build has no %s; available: %s", origin, name,
                           available);
        selected = i;
        return CB_OK;
    }
    return cb_fail(err, CB_BAD_INPUT, "%s: unknown instruction set '%s'; expected one of %s (here: %s)", origin, name,
                   cb_isa_names(), available);
}

enum cb_isa cb_isa_selected(void)
{
    return selected;
}

const struct cb_ops *cb_ops(void)
{
    return &tables[selected];
}
