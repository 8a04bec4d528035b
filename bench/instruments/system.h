#ifndef CB_SYSTEM_H
#define CB_SYSTEM_H

#include <jansson.h>

/* Adds what the operating system is, how it is set, and how busy: kernel, memory, frequency, load, OpenMP runtime. */
void cb_system_describe(json_t *machine);

#endif
