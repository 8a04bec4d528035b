#ifndef CB_BENCH_H
#define CB_BENCH_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/format.h"
#include "core/status.h"
#include "core/team.h"

/* What the benchmark programs share. */

/* A whole number from 1 to max, the value of an option. */
enum cb_status cb_parse_count(const char *option, const char *text, size_t max, size_t *value, struct cb_error *err);

enum { CB_MAX_REPETITIONS = 1000 };

/* Sorts the n > 0 values, smallest first; returns their median. */
double cb_sort_median(double *values, size_t n);

/* 64-byte aligned memory, in huge pages where the system grants them to whoever asks, as the trainer's arena is: with
 * pages of 4 KiB large tensors are bound by address translation. NULL without memory; free() releases it. */
void *cb_alloc_tensor(size_t bytes);

/* Fills p with n numbers of the format, in [-1, 1] (1: rounded to bf16), that depend on seed alone. The threads of the
 * team touch it first, each its part. */
void cb_fill_random(struct cb_team *team, uint32_t seed, enum cb_format format, void *p, size_t n);

/* OpenMP threads spin for some milliseconds after their work before they sleep: they would take cores from others. */
void cb_let_threads_sleep(void);

/* Largest difference of n values, as a share of the largest expected value; NaN if there is a NaN. */
double cb_worst_difference(const float *expected, const float *got, size_t n);

/* Writes a result file: temp file beside it, fsync, rename, fsync of the folder. A device or pipe is written to; a link
 * stays, and the file that it leads to is replaced. */
enum cb_status cb_save_text(const char *path, const char *text, struct cb_error *err);
enum cb_status cb_save_json(const char *path, const json_t *json, struct cb_error *err);

/* Shows what was printed so far; remembers why that failed for cb_finish_output. */
void cb_flush_output(void);
/* Flushes standard output; a full disk or a closed pipe, now or before, is an error. */
enum cb_status cb_finish_output(struct cb_error *err);
/* The same at the end of a program that only printed: its exit status; a failure is told. */
int cb_end_after_output(const char *program);

#endif
