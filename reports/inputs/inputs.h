#ifndef CB_REPORT_INPUTS_H
#define CB_REPORT_INPUTS_H

#include "../lib/run.h"

/* What a report is made of. */
struct cb_inputs {
    struct cb_report_run *runs; /* their damaged lines are left out, and named in them */
    size_t run_count;
    json_t *benches;   /* results of `cyclebench bench`, each with "file", the path as UTF-8 */
    json_t *finders;   /* of `cyclebench lr-find`, likewise */
    json_t *scores;    /* of `cyclebench score`, likewise */
    json_t *histories; /* of `cyclebench regress --history`, each with "file" and "runs", its whole lines */
    json_t *problems;  /* files below a given folder that could not be used, an array of sentences */
};

/* Reads a run (folder or run.jsonl), a JSON file of bench, lr-find or score, a history, or a folder: all of these below it, in the
 * order of names. A file that is given itself must be one of these. False: *err says what is wrong. */
bool cb_inputs_add(struct cb_inputs *inputs, const char *path, struct cb_report_error *err);
/* Runs whose folders have the same name are called by their paths. Call when all are added. */
void cb_inputs_tell_apart(struct cb_inputs *inputs);
bool cb_inputs_are_empty(const struct cb_inputs *inputs);

struct cb_inputs cb_inputs_make(void);
void cb_inputs_free(struct cb_inputs *inputs);

#endif
