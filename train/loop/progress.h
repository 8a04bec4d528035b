#ifndef CB_PROGRESS_H
#define CB_PROGRESS_H

#include "loop/loop.h"

/* What a training says on stdout; nothing if it is quiet. */

/* How fast this session is, for the time that is left. */
struct cb_pace {
    size_t images;    /* trained in this session and epoch */
    double train_s;   /* on them */
    double eval_s;    /* of the last evaluation; 0: none yet */
    size_t eval_left; /* evaluations to come */
};

/* A terminal's line that is written over: epoch, iteration, loss, rate, time left. */
void cb_progress(const struct cb_run *run, size_t epoch, size_t epochs, double loss, const struct cb_pace *pace);
void cb_progress_evaluating(const struct cb_run *run);
void cb_progress_epoch(const struct cb_run *run, const struct cb_record_epoch *epoch);
void cb_progress_end(const struct cb_run *run, const struct cb_record_end *end);

/* "3 min", "7 h 34 min" */
void cb_format_minutes(char text[32], double seconds);

#endif
