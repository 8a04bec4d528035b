#ifndef CB_OPTIONS_H
#define CB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/isa.h"
#include "core/status.h"
#include "google_flags.h"

enum { CB_MAX_TEAMS = 16, CB_MAX_SHAPE_FILES = 16, CB_MAX_GROUPS = 8 };

/* What stands on standard output: Google Benchmark's console and JSON, and the cases as one table. */
enum cb_bench_format { CB_FORMAT_CONSOLE, CB_FORMAT_JSON, CB_FORMAT_CSV, CB_FORMAT_MARKDOWN };

/* The command line of cyclebench bench. */
struct cb_bench_options {
    struct cb_google_flags google;
    enum cb_bench_format format;
    enum cb_isa isa[CB_ISA_COUNT]; /* of our kernels */
    size_t n_isas;
    size_t threads[CB_MAX_TEAMS];
    size_t n_threads;
    const char *threads_reason; /* NULL: the user said so */
    size_t batch;               /* 0: as the shapes say */
    size_t iterations;          /* 0: as many as fill the time */
    bool warm, cold, peers, ceilings, perf, profile, oversubscribe;
    const char *group[CB_MAX_GROUPS]; /* of --group; the events of --events are chosen in counter_choice.h */
    size_t n_groups;
    const char *line[CB_MAX_SHAPE_FILES]; /* of --shape */
    size_t n_lines;
    const char *shapes[CB_MAX_SHAPE_FILES];
    size_t n_shapes;
    const char *summary; /* NULL: none */
};

/* Reads the command line, the flags of Google Benchmark included. --help ends the program with status 0. */
enum cb_status cb_bench_options_parse(struct cb_bench_options *options, int argc, char **argv, struct cb_error *err);

#endif
