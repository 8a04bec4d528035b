#include "ceiling_kernels.h"

extern const struct cb_ceiling_kernels cb_ceiling_kernels__scalar;
#define CB_ISA(id, name, architecture, ...)                                                                            \
    CB_WHERE_##architecture(extern const struct cb_ceiling_kernels cb_ceiling_kernels__##name;)
#include "isas.def"
#undef CB_ISA

static const struct cb_ceiling_kernels *const own_kernels[CB_ISA_COUNT] = {
    [CB_ISA_SCALAR] = &cb_ceiling_kernels__scalar,
#define CB_ISA(id, name, architecture, ...) CB_WHERE_##architecture([CB_ISA_##id] = &cb_ceiling_kernels__##name, )
#include "isas.def"
#undef CB_ISA
};

struct cb_ceiling_kernels cb_ceiling_kernels_of(enum cb_isa isa)
{
    const struct cb_ceiling_kernels *own = own_kernels[isa];
    if (!own) return (struct cb_ceiling_kernels){NULL};
    if (isa == CB_ISA_SCALAR) return *own;
    struct cb_ceiling_kernels kernels = cb_ceiling_kernels_of(cb_isa_base(isa));
    if (own->fma_chains) kernels.fma_chains = own->fma_chains;
    if (own->dot2_chains) kernels.dot2_chains = own->dot2_chains;
    if (own->stream) kernels.stream = own->stream, kernels.no_nt_stores = own->no_nt_stores;
    return kernels;
}
