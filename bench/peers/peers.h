#ifndef CB_PEERS_H
#define CB_PEERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/* What the heads of results say about peers. */

typedef enum cb_status cb_peer_start_fn(size_t threads, char *about, size_t bytes, struct cb_error *err);

/* Starts a library (see gemm_peer.h) and appends {"name", "about"} to the array; if it is not here, about is null with
 * about_reason, and the result is false. */
bool cb_peers_start(json_t *peers, const char *name, cb_peer_start_fn *start, size_t threads);

/* The environment variables that are set and that make libraries choose other kernels or threads: an object. New
 * reference. */
json_t *cb_peers_environment(void);

/* One "# " line for each peer, and one for the environment. */
void cb_peers_print(const json_t *peers, const json_t *environment);

#endif
