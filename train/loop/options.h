#ifndef CB_TRAIN_OPTIONS_H
#define CB_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/* What the training programs share of the command line. */

/* A number of threads from --threads (NULL: the default of this machine, with *reason saying why). More than CPUs that
 * this process may use are bad input unless oversubscribe is set. */
enum cb_status cb_option_threads(const char *text, bool oversubscribe, size_t *threads, const char **reason,
                                 struct cb_error *err);
/* A whole number min .. max from an option's text. */
enum cb_status cb_option_count(const char *option, const char *text, size_t min, size_t max, size_t *value,
                               struct cb_error *err);
/* Three comma-separated numbers, as --mean and --std. */
enum cb_status cb_option_triple(const char *option, const char *text, double value[3], struct cb_error *err);

/* Prints "program: message" to stderr and returns the exit code for the status: 2 for bad input or what this machine
 * lacks, 1 otherwise. */
int cb_exit_with(const char *program, enum cb_status status, const struct cb_error *err);

#endif
