#ifndef CB_LOOP_H
#define CB_LOOP_H

#include "checkpoint/checkpoint.h"
#include "loop/evaluate.h"
#include "recipes/recipe.h"
#include "record/record.h"

/* One training run: everything the loop works with. The caller (cyclebench-train.c) makes and frees the parts. */
struct cb_run {
    const struct cb_recipe *recipe; /* resolved */
    struct cb_model *model;
    struct cb_team *team;
    struct cb_feed train, test; /* test: the test set, or the held-out training images */
    const char *evaluated_on;   /* "test" or "holdout" */
    struct cb_record *record;
    struct cb_position position;
    char last_path[4096], final_path[4096];
    size_t stop_after;     /* --max-iterations: finished iterations; the recipe's number if not given */
    double clock_start;    /* cb_now_s() before anything touched the data */
    double seconds_before; /* spent in earlier sessions of a resumed run */
    int quiet;
};

enum cb_run_outcome { CB_RUN_COMPLETED, CB_RUN_STOPPED, CB_RUN_INTERRUPTED, CB_RUN_DIVERGED, CB_RUN_FAILED };

/* Trains from run->position to the end of the schedule (or stop_after, a signal, divergence), writing the record and the checkpoints; prints one line an
 * epoch unless quiet. CB_RUN_FAILED: err says why (a checkpoint could not be written); log lines that cannot be written are warned about once
 * and do not stop the training. */
enum cb_run_outcome cb_run_train(struct cb_run *run, struct cb_error *err);

#endif
