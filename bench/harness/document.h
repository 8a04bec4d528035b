#ifndef CB_DOCUMENT_H
#define CB_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "core/status.h"

/* Result files: Google Benchmark's JSON, headed by the machine block of `cyclebench info --json`. */

/* The machine block, with the load before the measurement makes one of its own. New reference; NULL without memory. */
json_t *cb_document_machine(size_t threads, const char *threads_reason, const char *placement);

/* Prints what may disturb a measurement on this machine, a "# " line each. */
void cb_document_print_warnings(const json_t *machine, FILE *out);

/* {"machine", "context", "benchmarks"}. Takes the references. NULL without memory. */
json_t *cb_document(json_t *machine, json_t *rows);

/* An error now rather than after the measurement: a name that cannot be written. path NULL: nothing to check. */
enum cb_status cb_document_check(const char *option, const char *path, struct cb_error *err);

#endif
