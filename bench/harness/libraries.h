#ifndef CB_LIBRARIES_H
#define CB_LIBRARIES_H

#include <jansson.h>
#include <stddef.h>

#include "core/status.h"

enum { CB_LIBRARIES = 4 };

/* The libraries beside ours that are in this process. */

/* Starts all of them with this number of threads, the largest that will be used. Before threads are bound: those of a
 * library inherit the caller's binding. */
void cb_libraries_start(size_t threads);
/* From now on they use this number of threads. */
enum cb_status cb_libraries_use_threads(size_t threads, struct cb_error *err);

/* The names of those that are here; returns their number. */
size_t cb_libraries_ready(const char *names[CB_LIBRARIES]);

/* {"name", "about"}, or about null with about_reason. Borrowed; an empty array before cb_libraries_start. */
json_t *cb_libraries_json(void);

#endif
