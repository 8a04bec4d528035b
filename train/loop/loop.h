#ifndef CB_LOOP_H
#define CB_LOOP_H

#include "checkpoint/checkpoint.h"
#include "loop/evaluate.h"
#include "loop/run_dir.h"
#include "perf/run_perf.h"
#include "recipes/recipe.h"
#include "record/record.h"

/* One training run: everything the loop works with. The caller makes and frees what is pointed to. */
struct cb_run {
    /* Needed; cb_session_data and cb_session_model set them. */
    const struct cb_recipe *recipe; /* resolved */
    struct cb_model *model;         /* for batches of recipe->data.batch */
    struct cb_team *team;
    struct cb_feed train;
    const volatile sig_atomic_t *stop; /* not 0: save and return; set by the program */

    /* May be zero. */
    struct cb_feed eval;        /* the test set or the held-out images; without images: no evaluations */
    const char *evaluated_on;   /* "test" or "holdout"; needed with eval */
    const char *data_kind;      /* "official", "synthetic", "other"; for what is printed */
    struct cb_record *record;   /* NULL: no log */
    struct cb_run_dir dir;      /* of the checkpoints; lock -1: there are none */
    size_t max_iterations;      /* finished iterations in all; 0: the whole schedule */
    int stops_at_target;        /* epochs_after_target (--stop-after) is given */
    size_t epochs_after_target; /* the run ends so many epochs after the first one at the target */
    int quiet;                  /* nothing is printed but warnings */
    /* Called after each iteration, also after one whose loss is not finite, which has not moved the weights. Returns
     * NULL to go on, or why the run stops here: CB_RUN_STOPPED, with a checkpoint if there is a directory. */
    const char *(*observer)(void *context, const struct cb_record_iteration *iteration);
    void *observer_context;
    struct cb_run_perf *perf; /* counts what the run does, for its end line; NULL: nothing is counted */

    /* Where the run stands and its clock; set for a resumed run from its checkpoint, moved on by the loop. */
    struct cb_position position; /* a fresh run's: seconds_to_target -1, loss_chain CB_FINGERPRINT_START, the rest 0 */
    double best_percent;         /* best accuracy so far, if anything is evaluated */
    double clock_start;          /* cb_now_s() before anything touched the data */
    double seconds_before;       /* spent in earlier sessions */
};

enum cb_run_outcome {
    CB_RUN_COMPLETED,
    CB_RUN_TARGET_REACHED,
    CB_RUN_STOPPED,
    CB_RUN_INTERRUPTED,
    CB_RUN_DIVERGED,
    CB_RUN_FAILED
};

/* Whether --stop-after ends the run where it stands: between two epochs, so many after the first one at the target. */
int cb_run_target_reached(const struct cb_run *run);

/* Writes the position and the weights, which must be finite, to last.safetensors, after the log that it presumes.
 * Without a directory it does nothing. */
enum cb_status cb_run_save(struct cb_run *run, struct cb_error *err);

/* Trains from run->position, which is saved, to the end of the schedule (or max_iterations, --stop-after, the observer,
 * a signal, divergence), writing the record and the checkpoints; prints one line an epoch unless quiet. Log lines and
 * periodic checkpoints that cannot be written are warned about and do not stop the training. CB_RUN_FAILED: err says
 * why (the last checkpoint could not be written, memory is short). */
enum cb_run_outcome cb_run_train(struct cb_run *run, struct cb_error *err);

#endif
