#include <regex.h>
#include <stdio.h>

#include "core/ops.h"
#include "counted.h"

/* The row of the chain of bases whose function stands in the table of the ISA. */
#define CB_OP(name, ...)                                                                                               \
    static enum cb_isa provider_of_##name(enum cb_isa isa)                                                             \
    {                                                                                                                  \
        while (isa != CB_ISA_SCALAR && cb_ops_of(isa)->name == cb_ops_of(cb_isa_base(isa))->name)                      \
            isa = cb_isa_base(isa);                                                                                    \
        return isa;                                                                                                    \
    }
#define CB_OP_BF16 CB_OP
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16

/* What times an operation, as a regular expression: the third column of kernels/<family>/<family>.inc. */
#define CB_NOT_BENCHED(reason) NULL
static const struct {
    enum cb_isa (*provider)(enum cb_isa isa);
    bool bf16;
    const char *benchmark; /* NULL: none */
} operations[] = {
#define CB_OP(name, type, benchmark) {provider_of_##name, false, benchmark},
#define CB_OP_BF16(name, type, benchmark) {provider_of_##name, true, benchmark},
#include "core/ops.inc"
#undef CB_OP
#undef CB_OP_BF16
};

static bool matches(const char *expression, const char *text)
{
    regex_t compiled;
    char whole[160];
    snprintf(whole, sizeof whole, "^%s", expression);
    if (regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB)) return false;
    bool found = !regexec(&compiled, text, 0, NULL, 0);
    regfree(&compiled);
    return found;
}

enum cb_isa cb_counted_provider(enum cb_isa isa, const struct cb_case *the_case,
                                const struct cb_implementation *implementation)
{
    char name[160];
    enum cb_isa least = isa;
    snprintf(name, sizeof name, "%s/%s", the_case->name, implementation->name);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (!operations[i].benchmark || (!operations[i].bf16 && !cb_isa_builds_f32(isa))) continue;
        if (!matches(operations[i].benchmark, name)) continue;
        enum cb_isa provider = operations[i].provider(isa);
        if (provider < least) least = provider;
    }
    return least;
}
