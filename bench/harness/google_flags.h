#ifndef CB_GOOGLE_FLAGS_H
#define CB_GOOGLE_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/* The flags of Google Benchmark that are ours to answer for: libbenchmark 1.7.1 overwrites its result file in place,
 * goes on when the disk is full, and ends with status 0 where a value is wrong. */
struct cb_google_flags {
    const char *out;       /* --benchmark_out; NULL: none */
    const char *filter;    /* --benchmark_filter, for messages; NULL: none */
    const char *time_unit; /* --benchmark_time_unit; NULL: the table chooses */
    bool json;             /* --benchmark_format=json: the results on standard output, no table */
    bool list;             /* --benchmark_list_tests */
    bool all_rows;         /* --benchmark_display_aggregates_only=false: repetitions in the table */
    bool aggregates_only;  /* --benchmark_report_aggregates_only */
    double min_time_s;     /* --benchmark_min_time */
    double min_warmup_s;   /* --benchmark_min_warmup_time */
    size_t repetitions;    /* --benchmark_repetitions */
    int argc;              /* what is left for the library and for us */
    char **argv;
};

/* Reads them from the arguments, and where those have none from the environment (BENCHMARK_OUT, ...); puts our defaults
 * before the rest. argv is newly allocated, its texts are not copied. */
enum cb_status cb_google_flags_take(struct cb_google_flags *flags, int argc, char **argv, struct cb_error *err);

/* Our defaults, for the help text. */
#define CB_DEFAULT_MIN_TIME "0.05"
#define CB_DEFAULT_REPETITIONS "5"

#endif
