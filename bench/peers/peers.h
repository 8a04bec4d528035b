#ifndef CB_PEERS_H
#define CB_PEERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cb_gemm_peer;

/* What the heads of results say about the environment of the peers. */

/* The library that reads an environment variable of this name; NULL: none of the list does. */
const struct cb_gemm_peer *cb_peer_of_variable(const char *name);

/* The environment variables that are set and that make libraries choose other kernels or threads: an object. New
 * reference. */
json_t *cb_peers_environment(void);

/* "# " lines: the variables, and a warning for each that changes what a library runs in another way than by its choice
 * of kernels. */
void cb_peers_print_environment(const json_t *environment);

#endif
