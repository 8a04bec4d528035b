#ifndef CB_RECORD_H
#define CB_RECORD_H

#include <jansson.h>

#include "core/status.h"
#include "model/model.h"
#include "recipes/recipe.h"

/* run.jsonl: one JSON object a line, "type" = header | iteration | epoch | resume | end. NaN and infinity are
 * written as null with a sibling "<key>_reason". A line that cannot be written is an error once; lines that fail
 * right after it are only counted (lost_lines of the end line), so that a caller can warn and go on. CB_NO_MEMORY is
 * always reported. */
struct cb_record;

/* What the header and each resume say of a run. */
struct cb_record_run {
    const struct cb_recipe *recipe;
    const struct cb_model *model;
    const char *evaluated_on;               /* "test" or "holdout" */
    const char *data;                       /* where the images were read */
    const char *data_kind;                  /* "official", "synthetic", "other" */
    const char *train_sha256, *eval_sha256; /* of labels, then pixels */
    size_t train_images, eval_images;
    const char *init_name, *init_sha256; /* the file of --init and its weights; NULL: the recipe's initialisation */
    size_t threads;
};

struct cb_record_iteration {
    size_t iteration; /* index from 0 */
    double epoch;     /* finished epochs after it, with a fraction */
    double lr, momentum, loss;
    double seconds, images_per_second; /* of this iteration */
};

struct cb_record_epoch {
    size_t epoch, iteration;    /* finished epochs, finished iterations */
    double train_loss;          /* mean over the epoch's images */
    double train_loss_smoothed; /* exponential average 0.98 over iterations, bias-corrected, over the whole run: as
                                   fastai printed it */
    double train_accuracy_percent;
    int evaluated;
    double eval_loss, eval_accuracy_percent; /* null in the file if not evaluated */
    double seconds;                          /* of this epoch, evaluation included */
    double seconds_total;                    /* since the run's start, over all sessions */
    double images_per_second;                /* training only */
    const char *loss_fingerprint;            /* of all iterations so far */
};

struct cb_record_end {
    const char *status; /* "completed", "target_reached", "diverged", "interrupted" */
    const char *reason; /* NULL or a sentence */
    size_t iterations;
    double seconds;                                      /* over all sessions */
    double seconds_to_target;                            /* negative: null */
    double final_eval_accuracy_percent, final_eval_loss; /* negative: null */
    size_t resumed;
    double killed_seconds; /* at least so much was computed twice because of kills */
    const char *loss_fingerprint, *weights_sha256;
    size_t peak_memory_bytes;
    int counted;  /* with --perf: the line has the member perf */
    json_t *perf; /* stays the caller's; NULL though counted: no memory */
};

/* Makes path, durably, with the header as its only line. A record without a finished iteration is replaced. */
enum cb_status cb_record_create(struct cb_record **record, const char *path, const struct cb_record_run *run,
                                struct cb_error *err);

/* Opens the record of a run that goes on after `iteration` finished iterations and `epochs` finished epochs. Later
 * lines, an end line and a torn last line go, atomically, so that each iteration is there once. A record that is
 * damaged or lacks epochs is set aside as <path>.damaged (a number is added where that exists) and rebuilt from its
 * good lines, under a new header if need be: warning->text says so, else it is empty. */
enum cb_status cb_record_reopen(struct cb_record **record, const char *path, const struct cb_record_run *run,
                                size_t iteration, size_t epochs, struct cb_error *warning, struct cb_error *err);
void cb_record_close(struct cb_record *record); /* accepts NULL */

/* Everything written so far is on disk when it returns. */
enum cb_status cb_record_sync(struct cb_record *record, struct cb_error *err);

/* This session goes on at `iteration`, `seconds` into the run. killed_seconds: at least so long the session before went
 * on after its last checkpoint. */
enum cb_status cb_record_resume(struct cb_record *record, const struct cb_record_run *run, size_t iteration,
                                double seconds, double killed_seconds, struct cb_error *err);
enum cb_status cb_record_iteration(struct cb_record *record, const struct cb_record_iteration *iteration,
                                   struct cb_error *err);
enum cb_status cb_record_epoch(struct cb_record *record, const struct cb_record_epoch *epoch, struct cb_error *err);
enum cb_status cb_record_end(struct cb_record *record, const struct cb_record_end *end, struct cb_error *err);

/* What a record says at a glance. */
struct cb_record_glance {
    int exists, begun;   /* there is a file; it has a header */
    char status[24];     /* of the end line; empty if that is not the last line */
    char name[128];      /* of the header, empty if there is none */
    size_t train_images; /* of the header; 0: it does not say */
    size_t iterations;   /* of the end line */
    double seconds;
    double best_percent; /* best accuracy of its epoch lines; 0: none is evaluated */
};
/* Only what is there counts: a damaged line is passed over. Errors are of reading the file. */
enum cb_status cb_record_look(struct cb_record_glance *glance, const char *path, struct cb_error *err);

#endif
