#ifndef CB_SWEEP_CHILD_H
#define CB_SWEEP_CHILD_H

#include "sweep/state.h"

/* What is passed on to each `cyclebench train`. NULL: not given. */
struct cb_sweep_options {
    const char *data, *threads, *isa;
    int oversubscribe, quiet;
};

/* Trains the run in OUT/<its name> with the cyclebench-train beside this program, resumed if it had begun; waits for
 * its end. A signal to this process is passed on once, so that the run saves its state. *code: its exit status, 128 +
 * the number for one that a signal ended. */
enum cb_status cb_sweep_train(const struct cb_plan_run *run, const struct cb_sweep_state *state, const char *out,
                              const struct cb_sweep_options *o, int *code, struct cb_error *err);

#endif
