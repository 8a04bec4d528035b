#ifndef CB_CHILD_H
#define CB_CHILD_H

#include <stddef.h>

#include "core/status.h"

/* A program that measures on request: it gets a line on standard input and answers with a line on standard output. So
 * two programs can be interleaved, each on an otherwise idle machine. */
struct cb_child;

/* Starts argv (argv[0] is looked up in PATH, NULL ends it). Start children before cb_bind_threads: they inherit the
 * calling thread's binding. */
enum cb_status cb_child_start(struct cb_child **child, char *const argv[], struct cb_error *err);

/* Sends the request (NULL: nothing) and reads one line, without its newline. */
enum cb_status cb_child_ask(struct cb_child *child, const char *request, char *answer, size_t bytes,
                            struct cb_error *err);

/* Ends the conversation and waits for the program, which ends itself at end of file. Accepts NULL. */
void cb_child_stop(struct cb_child *child);

#endif
