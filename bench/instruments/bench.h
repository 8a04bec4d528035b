#ifndef CB_BENCH_H
#define CB_BENCH_H

#include <jansson.h>
#include <stddef.h>

#include "core/status.h"

/* What the benchmark programs share. */

/* A whole number from 1 to max, the value of an option. */
enum cb_status cb_parse_count(const char *option, const char *text, size_t max, size_t *value, struct cb_error *err);

/* Sorts the n > 0 values, smallest first; returns their median. */
double cb_sort_median(double *values, size_t n);

/* Writes a result file: temp file beside it, fsync, rename. */
enum cb_status cb_save_json(const char *path, const json_t *json, struct cb_error *err);

/* Flushes standard output; a full disk or a closed pipe is an error. */
enum cb_status cb_finish_output(struct cb_error *err);

#endif
