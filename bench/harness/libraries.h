#ifndef CB_LIBRARIES_H
#define CB_LIBRARIES_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "core/status.h"
#include "kernel_choice.h"
#include "peer.h"

/* The libraries beside ours that are in this process. */

/* Starts all of them with this number of threads, the largest that will be used, and the best kernels for this ISA.
 * Before threads are bound, and before there are any: those of a library inherit the caller's binding, and it forks. */
void cb_libraries_start(size_t threads, enum cb_isa best);
/* From now on they use this number of threads. */
enum cb_status cb_libraries_use_threads(size_t threads, struct cb_error *err);

/* NULL: the peer is in a process of its own, or cb_libraries_start was not called. */
const struct cb_kernel_choice *cb_library_choice(const struct cb_peer *peer);

/* An object each, see kernel_choice.h; empty before cb_libraries_start; new reference. */
json_t *cb_libraries_json(void);
void cb_libraries_print(FILE *out); /* "# " lines */

#endif
