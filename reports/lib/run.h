#ifndef CB_REPORT_RUN_H
#define CB_REPORT_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { CB_REPORT_HASH = 65 }; /* SHA-256 in hex, and the end of the string */

/* A training run as its run.jsonl tells it, in format 1 or 2; the format is described in train/record/README.md. */
struct cb_report_epoch {
    size_t epoch, iteration;
    double train_loss;          /* NaN if not known, as below */
    double train_loss_smoothed; /* moving average over the batches, as the notebook prints it */
    double train_accuracy_percent;
    double
        accuracy_percent; /* on the images that the header names in evaluated_on; NaN if this epoch was not evaluated */
    double eval_loss;     /* on the same images */
    double seconds;       /* of this epoch with its evaluation, or since a resume in its midst */
    double seconds_total; /* since the run's start, over all sessions */
    double images_per_second;
    char loss_fingerprint[CB_REPORT_HASH]; /* up to this epoch; "" in format 1 */
};

struct cb_report_iteration {
    size_t iteration; /* index from 0 */
    double epoch;     /* finished epochs after it, with a fraction; NaN if not known, as below */
    double lr, momentum, loss;
    double seconds, images_per_second; /* of this iteration */
};

struct cb_report_run {
    const char *label; /* what output calls it: folder, or path where two runs have the same folder name; UTF-8 */
    char *folder;      /* the folder's name, UTF-8 */
    char *path;        /* of run.jsonl, UTF-8 */
    int format;
    json_t *header;
    json_t *end;                    /* NULL: the run was killed or is still running */
    struct cb_report_epoch *epochs; /* ascending in epoch and iteration */
    size_t epoch_count;
    bool keeps_iterations;                  /* the next two are filled */
    struct cb_report_iteration *iterations; /* ascending; none where the recipe did not ask for them */
    size_t iteration_count;
    json_t *resumes;       /* the resume lines, an array */
    size_t times_resumed;  /* by these or by the end line, which knows of lost ones */
    double killed_seconds; /* that kills undid, at least; NaN: not known */
    double final_accuracy_percent, final_loss;
    size_t last_iteration; /* the highest that any line names */
    bool torn;             /* the last line was cut off and is left out */
    json_t *damaged;       /* what is wrong with the lines that are left out, an array of sentences */
};

struct cb_report_error {
    int exit_status; /* 2: the input is wrong; 1: it could not be read */
    char text[1024]; /* may hold what the file holds: print with cb_text_print */
};

/* What a reader of a record asks for, as bits. */
enum {
    CB_RUN_ITERATIONS = 1, /* keep the iteration lines: seven numbers a line */
    CB_RUN_DAMAGED = 2     /* leave out damaged lines, and name them in `damaged`; the header must be whole */
};

/* Reads path (a run directory or a run.jsonl). False: *err says what is wrong, with file and line, and *run is empty.
 */
bool cb_report_run_read(struct cb_report_run *run, const char *path, unsigned how, struct cb_report_error *err);
/* The same from memory; name is for messages. */
bool cb_report_run_parse(struct cb_report_run *run, const char *text, size_t len, const char *name, unsigned how,
                         struct cb_report_error *err);
void cb_report_run_free(struct cb_report_run *run); /* accepts an empty run */

/* The error's text and status; returns false. Of a text that is too long the middle is left out. */
bool cb_report_fail(struct cb_report_error *err, int exit_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
