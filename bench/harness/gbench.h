#ifndef CB_GBENCH_H
#define CB_GBENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Google Benchmark for C: cases are registered, run and reported through it, so that its flags work as its users know
 * them. gbench.cc is the only C++ of the project. */

#ifdef __cplusplus
extern "C" {
#endif

#include "core/status.h" /* C's functions, for C++ as well */

/* Reads and removes the library's flags; list: one of them is --benchmark_list_tests. --help ends the program after
 * print_usage. */
void cb_gbench_initialize(int *argc, char **argv, bool list, void (*print_usage)(void));

/* Seconds of a repetition and of the calls before it, in the words of the library's version. */
void cb_gbench_times(double min_time_s, double min_warmup_s);

/* The library's "context": date, host, CPUs, caches, load, its build type, --benchmark_context. NULL without memory. */
json_t *cb_gbench_context(void);

/* A case while it runs. Timing begins with the first cb_state_keep_running and ends when it returns false:
 *     while (cb_state_keep_running(state, batch)) ... `batch` calls ...
 * where batch divides cb_state_iterations. */
struct cb_state;
size_t cb_state_iterations(const struct cb_state *state);
bool cb_state_keep_running(struct cb_state *state, size_t batch);
void cb_state_pause(struct cb_state *state); /* what of it and of resuming is timed: cb_gbench_pause_s */
void cb_state_resume(struct cb_state *state);
/* Ends the run without a result; leave the loop at once. */
void cb_state_fail(struct cb_state *state, const char *message);
/* A value of the run, or one of a call that becomes a rate: value * calls / seconds. */
void cb_state_counter(struct cb_state *state, const char *name, double value);
void cb_state_rate(struct cb_state *state, const char *name, double value_of_a_call);
void cb_state_label(struct cb_state *state, const char *label); /* a text of the row */

/* Measures case `index`; called several times, until the run is long enough, and for each repetition. */
typedef void cb_measure_fn(void *context, size_t index, struct cb_state *state);

/* Takes the rows of a case, in the keys of the library's JSON: its repetitions, then mean, median, stddev, cv. A number
 * that is not finite is null, with "<key>_reason". An error is a row with "error_message" and without numbers. The
 * callee keeps what it wants by json_incref. */
typedef void cb_report_fn(void *context, size_t index, json_t *rows);

struct cb_gbench_cases {
    const char *const *names; /* of the cases */
    size_t n;
    size_t iterations; /* 0: as many as fill the minimum time */
    cb_measure_fn *measure;
    cb_report_fn *report;
    void *context;
};

/* Runs the cases whose name --benchmark_filter matches, or prints their names if --benchmark_list_tests is set. With
 * random interleaving the repetitions of all these cases are shuffled. *matched: how many. */
enum cb_status cb_gbench_run(const struct cb_gbench_cases *cases, size_t *matched, struct cb_error *err);

/* How many of the cases --benchmark_filter matches; nothing is run or printed. */
enum cb_status cb_gbench_count(const struct cb_gbench_cases *cases, size_t *matched, struct cb_error *err);

/* Seconds of a pause and a resume that are timed as if they were the work between them. */
double cb_gbench_pause_s(void);

#ifdef __cplusplus
}
#endif

#endif
