#ifndef CB_PROCESSOR_H
#define CB_PROCESSOR_H

#include <jansson.h>
#include <stdbool.h>

#include "counter_table.h"

/* Adds what hwloc, CPUID and /proc say about the processor: model, stepping, packages, cores, caches, hypervisor. */
void cb_processor_describe(json_t *machine);

/* Who made it and which model it is, as far as the kernel tells. */
void cb_processor_identify(struct cb_cpu *cpu);

/* False also where a program cannot know. */
bool cb_processor_is_virtual(void);

/* A value, or null with "<key>_reason" if it is missing. */
void cb_describe_text(json_t *machine, const char *key, const char *value, const char *reason_if_missing);
void cb_describe_number(json_t *machine, const char *key, long long value, bool known, const char *reason_if_missing);

#endif
