#ifndef CB_SWEEP_H
#define CB_SWEEP_H

#include "sweep/child.h"

/* The runs of a plan, one after another. */
struct cb_sweep {
    const struct cb_plan *plan;
    const char *out;
    struct cb_sweep_options options;
    struct cb_sweep_state *states;    /* by run */
    struct cb_recipe_timing *timings; /* by run; all 0 where nothing is left to train */
};

/* Looks at every folder and times every kind of run that is left; a line each while it does. */
enum cb_status cb_sweep_prepare(struct cb_sweep *sweep, const struct cb_plan *plan, const char *out,
                                const struct cb_sweep_options *options, struct cb_error *err);
void cb_sweep_free(struct cb_sweep *sweep);

/* --dry-run: the runs and what each costs here. */
enum cb_status cb_sweep_print(const struct cb_sweep *sweep, struct cb_error *err);
/* Trains what is left. The exit code: 0 all runs are finished, 1 or 2 as the run that failed, 1 also where another
 * process still trains one, 128 + the number after a signal. */
int cb_sweep_run(struct cb_sweep *sweep);

#endif
