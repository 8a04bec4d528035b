#ifndef CB_SWEEP_STATE_H
#define CB_SWEEP_STATE_H

#include "loop/timing.h"
#include "sweep/plan.h"

/* What the folder of a run says of it. */
enum cb_sweep_stage {
    CB_SWEEP_ABSENT,
    CB_SWEEP_BEGUN,    /* to be resumed */
    CB_SWEEP_BUSY,     /* another process trains it */
    CB_SWEEP_FINISHED, /* completed, diverged, or at the target with stop_after */
};

struct cb_sweep_state {
    enum cb_sweep_stage stage;
    char status[24];     /* of the record's end line; empty: none */
    size_t done;         /* iterations, as of the last checkpoint or the end */
    size_t train_images; /* of the record; 0: it does not say */
};

/* Looks into OUT/<run's name>. A run there of another recipe than the plan's is CB_BAD_INPUT. */
enum cb_status cb_sweep_look(struct cb_sweep_state *state, const struct cb_plan_run *run, const char *out,
                             struct cb_error *err);

/* How long the whole recipe takes here, timed in a process of its own: the caller stays unbound and without threads.
 * stop as of cb_time_recipe. */
enum cb_status cb_sweep_time(struct cb_recipe_timing *timing, const struct cb_recipe *recipe,
                             const struct cb_session_options *o, const volatile sig_atomic_t *stop,
                             struct cb_error *err);

#endif
