#include "counted.h"

#include <stdio.h>
#include <string.h>

#include "bandwidth.h"
#include "kernels.h"
#include "../suites/suites.h"

/* More than one channel block, image, vector and tile, and remainders; some 100,000 instructions at most with 512-bit
 * vectors, as single steps are slow. */
static const char shape_lines[] = "conv kind=stem c=3 k=16 hw=8 batch=2\n"
                                  "conv kind=3x3 c=16 k=16 hw=8 batch=1\n"
                                  "conv kind=3x3s2 c=16 k=16 hw=8 batch=2\n"
                                  "conv kind=1x1s2 c=16 k=32 hw=8 batch=2\n"
                                  "conv kind=3x3 c=16 k=16 hw=8 batch=1 numerics=bf16-backward\n"
                                  "conv kind=stem c=3 k=16 hw=8 batch=2 numerics=bf16-storage\n"
                                  "conv kind=3x3 c=16 k=16 hw=8 batch=1 numerics=bf16-storage\n"
                                  "conv kind=3x3s2 c=16 k=16 hw=8 batch=2 numerics=bf16-storage\n"
                                  "conv kind=1x1s2 c=16 k=32 hw=8 batch=2 numerics=bf16-storage\n"
                                  "conv kind=3x3 c=16 k=16 hw=8 batch=1 numerics=bf16-all\n"
                                  "gemm m=16 n=16 k=16\n"
                                  "gemm m=47 n=70 k=65\n"
                                  "gemm m=47 n=70 k=65 numerics=bf16\n"
                                  "map c=32 hw=8 batch=2\n"
                                  "map c=32 hw=8 batch=2 numerics=bf16\n"
                                  "pool c=32 hw=8 batch=2\n"
                                  "pool c=32 hw=8 batch=2 numerics=bf16\n"
                                  "shortcut c=16 hw=8 batch=2\n"
                                  "dense c=64 classes=10 batch=4\n"
                                  "reduce len=2311\n"
                                  "sgd len=20011\n"
                                  "augment pad=reflect batch=2\n"
                                  "augment pad=zero batch=2\n"
                                  "small_step numerics=fp32-direct\n"
                                  "small_step numerics=fp32-winograd\n"
                                  "small_step numerics=bf16-all\n";

static const struct cb_kernel *const suites[] = {cb_suite_conv,    cb_suite_gemm,       cb_suite_norm,
                                                 cb_suite_augment, cb_suite_small_step, NULL};

/* Instead of this machine's, so that products are cut the same everywhere; small, so that they are cut at all. */
struct cb_cache_sizes cb_cache_sizes(void)
{
    return (struct cb_cache_sizes){.l1_bytes = 4 << 10, .l2_bytes = 16 << 10, .l3_bytes = 64 << 10};
}

enum cb_status cb_counted_make(struct cb_counted *counted, enum cb_isa isa, struct cb_error *err)
{
    static const size_t one_thread = 1;
    *counted = (struct cb_counted){.isa = isa};
    enum cb_status status = cb_isa_select(cb_isa_name(isa), err);
    if (status) return status;
    /* Beside its base, one that builds bf16 alone gets no cases of floats. */
    struct cb_availability available = {.isa = {isa, cb_isa_base(isa)}, .n_isas = cb_isa_builds_f32(isa) ? 1 : 2};
    const struct cb_case_choice choice = {
        .available = &available, .threads = &one_thread, .n_threads = 1, .warm = true};
    const struct cb_shape_form *forms[CB_MAX_FORMS];
    size_t n_forms = cb_forms_of(suites, forms);
    status =
        cb_shapes_parse(&counted->shapes, shape_lines, sizeof shape_lines - 1, "counted shapes", forms, n_forms, err);
    if (!status) status = cb_cases_make(&counted->cases, suites, &counted->shapes, &choice, err);
    if (status) cb_counted_free(counted);
    return status;
}

void cb_counted_free(struct cb_counted *counted)
{
    cb_cases_free(&counted->cases);
    cb_shapes_free(&counted->shapes);
}

void cb_counted_name(const struct cb_counted *counted, const struct cb_case *the_case,
                     const struct cb_implementation *implementation, char name[CB_COUNTED_NAME])
{
    static const char tail[] = "/t:1/warm";
    const char *isa = cb_isa_name(counted->isa);
    int bare = (int)(strlen(the_case->name) - (sizeof tail - 1));
    int algorithm = (int)(strlen(implementation->name) - strlen(isa)); /* with its colon */
    snprintf(name, CB_COUNTED_NAME, "%.*s%s%.*s", bare, the_case->name, algorithm ? "/" : "",
             algorithm ? algorithm - 1 : 0, implementation->name);
}

void cb_counted_visit(const struct cb_counted *counted, cb_counted_visit_fn *one, void *context)
{
    for (size_t i = 0; i < counted->cases.n; i++) {
        const struct cb_case *c = &counted->cases.of[i];
        for (size_t j = 0; j < c->n_implementations; j++)
            if (c->implementation[j].isa == counted->isa) one(context, c, &c->implementation[j]);
    }
}
