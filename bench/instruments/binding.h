#ifndef CB_BINDING_H
#define CB_BINDING_H

#include <jansson.h>
#include <stddef.h>

/* Adds the number of threads and why, their placement, and the CPUs that each of them may run on. */
void cb_binding_describe(json_t *machine, size_t threads);

#endif
