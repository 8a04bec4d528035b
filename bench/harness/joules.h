#ifndef CB_JOULES_H
#define CB_JOULES_H

#include <jansson.h>
#include <stddef.h>

/* Joules of a call: those of the processor packages while `calls` calls run, by RAPL, in which all programs on them
 * share. {"value", "source", "exact"}, or null with the reason: RAPL cannot be read, or the calls took less than 20 ms,
 * since it is brought up to date once a millisecond. Where it cannot be read nothing is run. root: as cb_energy_open
 * takes it. New reference. */
json_t *cb_joules_of(const char *root, void (*run)(void *context), void *context, size_t calls);

#endif
