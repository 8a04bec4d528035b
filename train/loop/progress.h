#ifndef CB_PROGRESS_H
#define CB_PROGRESS_H

#include "loop/loop.h"

/* What a training says on stdout; nothing if it is quiet. */

/* Where the epoch stands, and how fast this session is. */
struct cb_pace {
    size_t epoch, epochs; /* the one in work, from 0; those of the run */
    size_t iterations;    /* of a full epoch */
    double loss, rate;    /* of the last iteration; NaN: this session had none yet */
    size_t images;        /* trained in this session and epoch */
    double train_s;       /* on them */
    double last_image_s;  /* for one, in the epoch before; 0: none in this session */
    double eval_s;        /* of the last evaluation; 0: none yet */
};

/* Seconds that an image takes to train: of this epoch, or of the one before until CB_PACE_ITERATIONS are in. 0: not
 * known. */
enum { CB_PACE_ITERATIONS = 10 };
double cb_pace_image_s(const struct cb_pace *pace, size_t batch);
/* A terminal's line that is written over: see loop/status_line.h. */
void cb_progress(const struct cb_run *run, const struct cb_pace *pace, bool evaluating);
/* Seconds to the end of the run as far as it is known, evaluations included. One that was never timed counts as a
 * third of the training of as many images: a forward pass is one of the three products of a step. */
double cb_seconds_left(const struct cb_run *run, const struct cb_pace *pace);
/* A warning on standard error, in a line of its own; consequence: what follows from the problem, or "". */
void cb_progress_warn(const char *problem, const char *consequence);
/* The line of a finished epoch; and one more when it is the first to reach the target. */
void cb_progress_epoch(const struct cb_run *run, const struct cb_record_epoch *epoch);
void cb_progress_end(const struct cb_run *run, const struct cb_record_end *end);

#endif
