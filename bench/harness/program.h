#ifndef CB_PROGRAM_H
#define CB_PROGRAM_H

#include "case.h"

/* Everything that there is to run: kernels times shapes times threads times states of the caches. */
struct cb_program {
    struct cb_contest *contest;
    size_t n;
};

/* threads: n_threads numbers of threads. */
enum cb_status cb_program_make(struct cb_program *program, const struct cb_kernel *const *kernels,
                               const struct cb_shapes *shapes, const struct cb_field *field, const size_t *threads,
                               size_t n_threads, bool warm, bool cold, struct cb_error *err);
void cb_program_free(struct cb_program *program);

enum { CB_MAX_FORMS = 16 };
/* The forms of shape lines that the kernels take, each once. Returns their number. */
size_t cb_program_forms(const struct cb_kernel *const *kernels, const struct cb_shape_form *forms[CB_MAX_FORMS]);

#endif
