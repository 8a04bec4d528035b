#ifndef CB_SESSION_H
#define CB_SESSION_H

#include "loop/loop.h"
#include "record/record.h"

/* What a training program is told. NULL or 0: not given. */
struct cb_session_options {
    const char *program; /* its name, for warnings */
    const char *recipe;  /* a path or name; NULL: that of the run directory */
    const char *const *overrides;
    size_t override_count;
    const char *data, *run, *threads, *isa, *init, *max_iterations, *stop_after; /* the options of these names */
    int oversubscribe, resume, quiet, perf;
};

/* Everything a training needs, made step by step by the functions below and freed by cb_session_close. Begin with
 * {.run.dir.lock = -1}. */
struct cb_session {
    struct cb_recipe recipe;
    struct cb_data_source source;
    struct cb_images train, eval;
    struct cb_run run;
    struct cb_record_glance found; /* what the run directory holds */
    size_t threads;
    const char *threads_reason, *placement, *init_name;
    int resuming, nothing_to_do;
};

/* Instruction set and threads, bound to their cores. */
enum cb_status cb_session_machine(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);
/* Finds and loads the recipe's images, splits the hold-out off, turns epochs into iterations; sets what identifies the
 * run in its position. */
enum cb_status cb_session_data(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);
/* Model, team and feeds, with the recipe's initial weights or those of --init. */
enum cb_status cb_session_model(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);

/* --- records.c: the run directory --- */

/* Opens the directory of --resume and reads the recipe that it holds, unless one is given. A run that is completed, or
 * killed before it had begun, is said so on stdout (unless quiet): nothing_to_do, or not resuming. */
enum cb_status cb_session_reopen(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);
/* Opens the directory of a fresh run, which must hold none. */
enum cb_status cb_session_open(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);
/* Writes checkpoint, recipe and header of a fresh run; or goes back to the checkpoint of one that resumes, whose
 * position, log and last sign of life are set right. The model is made. */
enum cb_status cb_session_records(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err);

void cb_session_close(struct cb_session *s);

#endif
