#ifndef CB_LOOP_H
#define CB_LOOP_H

#include "checkpoint/checkpoint.h"
#include "loop/evaluate.h"
#include "loop/run_dir.h"
#include "recipes/recipe.h"
#include "record/record.h"

/* One training run: everything the loop works with. The caller (cyclebench-train.c) makes and frees the parts. */
struct cb_run {
    const struct cb_recipe *recipe; /* resolved */
    struct cb_model *model;
    struct cb_team *team;
    struct cb_feed train, eval; /* eval: the test set, or the held-out training images */
    const char *evaluated_on;   /* "test" or "holdout" */
    const char *data_kind;      /* "official", "synthetic", "other" */
    struct cb_record *record;
    struct cb_position position;
    struct cb_run_dir dir;
    const volatile sig_atomic_t *stop; /* not 0: save and return */
    size_t stop_after;                 /* --max-iterations: finished iterations; SIZE_MAX if not given */
    double clock_start;                /* cb_now_s() before anything touched the data */
    double seconds_before;             /* spent in earlier sessions of a resumed run */
    int quiet;
};

enum cb_run_outcome { CB_RUN_COMPLETED, CB_RUN_STOPPED, CB_RUN_INTERRUPTED, CB_RUN_DIVERGED, CB_RUN_FAILED };

/* Writes the position and the weights, which must be finite, to last.safetensors, after the log that it presumes. */
enum cb_status cb_run_save(struct cb_run *run, struct cb_error *err);

/* Trains from run->position, which is saved, to the end of the schedule (or stop_after, a signal, divergence), writing
 * the record and the checkpoints; prints one line an epoch unless quiet. Log lines and periodic checkpoints that cannot
 * be written are warned about and do not stop the training. CB_RUN_FAILED: err says why (the last checkpoint could not
 * be written, memory is short). */
enum cb_run_outcome cb_run_train(struct cb_run *run, struct cb_error *err);

#endif
