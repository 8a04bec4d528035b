#ifndef CB_RUN_PERF_H
#define CB_RUN_PERF_H

#include <jansson.h>

#include "core/status.h"
#include "model/model.h"

/* What a training run does to the hardware and asks of the kernel (cyclebench train --perf): the events of counters.h
 * for each thread, by kind of layer in sampled iterations, and up to the target; joules by RAPL; analytic FP
 * operations. Passes over the events take turns over iterations, and over evaluations. */
struct cb_run_perf;

enum cb_run_work { CB_WORK_ITERATION, CB_WORK_EVALUATION, CB_WORK_KINDS };

/* The second iteration of a session is counted by kind of layer, and each so many after it. */
enum { CB_PERF_SAMPLE_EVERY = 50 };

/* Fails only without memory. first_iteration: where the session begins. root: "" for this system; in tests a folder
 * with sys/class/powercap, which stays the caller's. Model and team must outlive it. */
enum cb_status cb_run_perf_open(struct cb_run_perf **perf, struct cb_model *model, struct cb_team *team,
                                size_t first_iteration, const char *root, struct cb_error *err);
void cb_run_perf_close(struct cb_run_perf *perf); /* accepts NULL */

/* Around each iteration and each evaluation, outside of cb_team_run; NULL is accepted. Between is not counted, but by
 * RAPL. */
void cb_run_perf_begin(struct cb_run_perf *perf, enum cb_run_work work);
void cb_run_perf_fed(struct cb_run_perf *perf);            /* what the iteration did so far is augmentation */
void cb_run_perf_end(struct cb_run_perf *perf, int whole); /* not whole: it was stopped, and is forgotten */

/* The evaluation that has just ended is the first at the target. NULL is accepted. */
void cb_run_perf_at_target(struct cb_run_perf *perf);

/* For the end line of run.jsonl, as train/record/README.md describes it; NULL: no memory, or perf is NULL. New
 * reference. */
json_t *cb_run_perf_json(const struct cb_run_perf *perf);

/* A few lines on stdout about what cb_run_perf_json has returned. */
void cb_run_perf_print(const json_t *perf);

#endif
