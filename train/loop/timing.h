#ifndef CB_TIMING_H
#define CB_TIMING_H

#include "loop/session.h"

/* How long a recipe takes here, from a few iterations and one batch of an evaluation. */
enum { CB_TIMED_ITERATIONS = 3 };
struct cb_recipe_timing {
    double measured_s[CB_TIMED_ITERATIONS];
    double iteration_s;  /* their median */
    double evaluation_s; /* of the whole evaluation set */
    size_t evaluations;  /* of the whole run */
};

/* Fills in what depends on the number of images, as if the official files were here. */
enum cb_status cb_resolve_for_official(struct cb_recipe *recipe, struct cb_error *err);
/* Times the resolved recipe on images of the synthetic set, in whole batches, without log or directory. The threads are
 * bound already. Once *stop is not 0 it ends, and says nothing. */
enum cb_status cb_time_recipe(struct cb_recipe_timing *timing, const struct cb_recipe *recipe,
                              const struct cb_session_options *o, size_t threads, const volatile sig_atomic_t *stop,
                              struct cb_error *err);
/* Evaluations that come after `epochs` finished epochs in a run that ends with iteration `end`. */
size_t cb_evaluations_left(const struct cb_recipe *recipe, size_t epoch_iterations, size_t epochs, size_t end);
double cb_timed_seconds(const struct cb_recipe_timing *timing, size_t iterations, size_t evaluations);

#endif
