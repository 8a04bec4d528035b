#ifndef CB_PEER_H
#define CB_PEER_H

#include <stddef.h>

#include "core/status.h"

/* A program that measures on request: it gets a line on standard input and answers with a line on standard output. So
 * two programs can be timed in turn, each on an otherwise idle machine. */
struct cb_peer;

/* Starts argv (argv[0] is looked up in PATH, NULL ends it). Start peers before cb_bind_threads: they inherit the
 * calling thread's binding. */
enum cb_status cb_peer_start(struct cb_peer **peer, char *const argv[], struct cb_error *err);

/* Sends the request (NULL: nothing) and reads one line, without its newline. */
enum cb_status cb_peer_ask(struct cb_peer *peer, const char *request, char *answer, size_t bytes, struct cb_error *err);

/* Ends the conversation and waits for the program, which ends itself at end of file. Accepts NULL. */
void cb_peer_stop(struct cb_peer *peer);

#endif
