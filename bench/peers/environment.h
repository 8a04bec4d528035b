#ifndef CB_PEER_ENVIRONMENT_H
#define CB_PEER_ENVIRONMENT_H

#include <jansson.h>
#include <stdio.h>

#include "peer.h"

/* What the heads of results say about the environment of the peers. */

/* The peer that reads an environment variable of this name; NULL: none of the table does. */
const struct cb_peer *cb_peer_of_variable(const char *name);

/* The environment variables that are set and that make libraries choose other kernels or threads: an object. New
 * reference. */
json_t *cb_peers_environment(void);

/* "# " lines: the variables, and a warning for each that changes what a library runs in another way than by its choice
 * of kernels. */
void cb_peers_print_environment(const json_t *environment, FILE *out);

#endif
