#ifndef CB_CASES_H
#define CB_CASES_H

#include "case.h"

/* Everything that there is to run: kernels times shapes times threads times states of the caches. */
struct cb_cases {
    struct cb_case *of;
    size_t n;
};

/* Which of them the user wants. */
struct cb_case_choice {
    const struct cb_availability *available;
    const size_t *threads;
    size_t n_threads;
    bool warm, cold;
};

enum cb_status cb_cases_make(struct cb_cases *cases, const struct cb_kernel *const *suites,
                             const struct cb_shapes *shapes, const struct cb_case_choice *choice, struct cb_error *err);
void cb_cases_free(struct cb_cases *cases);

enum { CB_MAX_FORMS = 16 };
/* The forms of shape lines that the kernels take, each once. Returns their number. */
size_t cb_forms_of(const struct cb_kernel *const *suites, const struct cb_shape_form *forms[CB_MAX_FORMS]);

#endif
