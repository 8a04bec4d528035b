#ifndef CB_REPORT_RUN_H
#define CB_REPORT_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A training run as its run.jsonl tells it; the format is described in train/record/README.md. */
struct cb_report_epoch {
    size_t epoch, iteration;
    double
        accuracy_percent; /* on the images that the header names in evaluated_on; NaN if this epoch was not evaluated */
    double seconds_total; /* since the run's start, over all sessions */
    double images_per_second; /* NaN if not known */
};

struct cb_report_run {
    const char *label; /* what output calls it: folder, or path where two runs have the same folder name */
    char folder[256];  /* the folder's name */
    char path[4096];   /* of run.jsonl */
    json_t *header;
    json_t *end; /* NULL: the run was killed or is still running */
    struct cb_report_epoch *epochs;
    size_t epoch_count;
    size_t resumes;
    size_t last_iteration; /* the highest that any line names */
    bool torn;             /* the last line was cut off and is left out */
};

struct cb_report_error {
    int exit_status; /* 2: the input is wrong; 1: it could not be read */
    char text[1024];
};

/* Reads path (a run directory or a run.jsonl). False: *err says what is wrong, with file and line, and *run is empty.
 */
bool cb_report_run_read(struct cb_report_run *run, const char *path, struct cb_report_error *err);
/* The same from memory; name is for messages. */
bool cb_report_run_parse(struct cb_report_run *run, const char *text, size_t len, const char *name,
                         struct cb_report_error *err);
void cb_report_run_free(struct cb_report_run *run); /* accepts an empty run */

#endif
