#ifndef CB_AB_PROGRAM_H
#define CB_AB_PROGRAM_H

#include <jansson.h>
#include <limits.h>

#include "core/status.h"

/* A program `cyclebench bench` that is run as a child. */

struct cb_ab_program {
    char path[PATH_MAX]; /* of cyclebench-bench, or of cyclebench */
    char **argv;         /* NULL-terminated; the arguments themselves are the caller's */
    char **list_argv;    /* to list its cases */
};

/* name: a cyclebench or cyclebench-bench, or the folder of a build. options: n for bench, which come after those that
 * are ours: no libraries, three repetitions. */
enum cb_status cb_ab_program_find(struct cb_ab_program *program, const char *name, char *const *options, size_t n,
                                  struct cb_error *err);

/* Runs it to its end; *result is what it wrote by --summary. What it says on standard error is left to be seen. */
enum cb_status cb_ab_program_run(const struct cb_ab_program *program, json_t **result, struct cb_error *err);

/* The names of the cases that it will run. Lines; the caller frees them. */
enum cb_status cb_ab_program_list(const struct cb_ab_program *program, char **names, struct cb_error *err);

/* How many lines are in both. */
size_t cb_ab_common_lines(const char *a, const char *b);

void cb_ab_program_free(struct cb_ab_program *program);

#endif
