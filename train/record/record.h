#ifndef CB_RECORD_H
#define CB_RECORD_H

#include "core/status.h"
#include "model/model.h"
#include "recipes/recipe.h"

/* run.jsonl: one JSON object a line, "type" = header | iteration | epoch | resume | end. Appended and flushed line by
 * line; a torn last line (power cut) is dropped when the file is opened for resuming. NaN and infinity are written as
 * null with a sibling "<key>_reason". A line that cannot be written is an error once; lines that fail right after it
 * are only counted (lost_lines of the end line), so that a caller can warn and go on. */
struct cb_record;

struct cb_record_epoch {
    size_t epoch, iteration;    /* finished epochs, finished iterations */
    double train_loss;          /* mean over the epoch's images */
    double train_loss_smoothed; /* exponential average 0.98 over iterations, bias-corrected, over the whole run: as
                                   fastai printed it */
    double train_accuracy_percent;
    int evaluated;
    double test_loss, test_accuracy_percent; /* null in the file if not evaluated */
    double seconds;                          /* of this epoch, evaluation included */
    double seconds_total;                    /* since the run's start, over all sessions */
    double images_per_second;                /* training only */
};

struct cb_record_end {
    const char *status; /* "completed", "diverged", "interrupted" */
    const char *reason; /* NULL or a sentence */
    size_t iterations;
    double seconds;                                      /* over all sessions */
    double seconds_to_target;                            /* negative: null */
    double final_test_accuracy_percent, final_test_loss; /* negative: null */
    size_t resumed;
    const char *loss_fingerprint, *weights_sha256;
    size_t peak_memory_bytes;
};

/* Opens path for appending, or creates it. In an existing file only what had happened after `iteration` finished
 * iterations stays (later lines, an end line and a torn last line go, atomically), so that a resumed run has each
 * iteration once. A new file needs a header next; one that has a header refuses another. */
enum cb_status cb_record_open(struct cb_record **record, const char *path, size_t iteration, struct cb_error *err);
enum cb_status cb_record_header(struct cb_record *record, const struct cb_recipe *recipe, const struct cb_model *model,
                                const char *evaluated_on, const char *data_description, size_t threads,
                                struct cb_error *err);
enum cb_status cb_record_resume(struct cb_record *record, size_t iteration, double seconds, struct cb_error *err);
/* iteration: index from 0. epoch: finished epochs after it, with a fraction. seconds, images_per_second: of this
 * iteration. */
enum cb_status cb_record_iteration(struct cb_record *record, size_t iteration, double epoch, double lr, double momentum,
                                   double loss, double seconds, double images_per_second, struct cb_error *err);
enum cb_status cb_record_epoch(struct cb_record *record, const struct cb_record_epoch *epoch, struct cb_error *err);
enum cb_status cb_record_end(struct cb_record *record, const struct cb_record_end *end, struct cb_error *err);
void cb_record_close(struct cb_record *record); /* accepts NULL */

#endif
