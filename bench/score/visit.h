#ifndef CB_SCORE_VISIT_H
#define CB_SCORE_VISIT_H

#include "energy.h"
#include "files/sha256.h"
#include "recipes/recipe.h"

/* A visit: the first iterations of a training from its beginning, then an evaluation. The iterations after the first,
 * which touches all memory for the first time, and the evaluation are timed. */
enum { CB_VISIT_MAX_STEPS = 16 };

struct cb_visit {
    double step_s[CB_VISIT_MAX_STEPS];
    size_t steps;
    double evaluation_s; /* of one image */
    double lost_share;   /* cb_lost_share of the timed part */
    double step_flops;   /* direct-equivalent, as the model's profile counts */
    double
        peak_flops; /* a second: of the format that most products of the version have, measured after the timed part */
    double watts;   /* of the processor packages in the timed iterations; NaN: not known */
};

/* What a visit trains: recipe is resolved for the official files of CIFAR-10; iterations 2 .. CB_VISIT_MAX_STEPS + 1,
 * of the first epoch. */
struct cb_visit_plan {
    const struct cb_recipe *recipe;
    size_t iterations;
    size_t threads; /* bound before (cb_bind_threads) */
    const struct cb_energy *energy;
};

/* Trains as `cyclebench train` does on the set of `cyclebench data synth`, of which only the images needed are drawn.
 * fingerprint: of the losses of these iterations. A signal that cb_interrupt_install catches ends it after the
 * iteration with CB_OK: visit and fingerprint say nothing then. */
enum cb_status cb_visit(struct cb_visit *visit, char fingerprint[CB_SHA256_HEX], const struct cb_visit_plan *plan,
                        struct cb_error *err);

#endif
