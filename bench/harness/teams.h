#ifndef CB_TEAMS_H
#define CB_TEAMS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "core/status.h"

/* Binds a team of each size in turn, the largest last, and asks the kernel where its threads are: *teams gets an array
 * of objects with "threads", "placement" and "thread_cpus" (null with a reason where the system does not tell).
 * *placement: of the largest. */
enum cb_status cb_teams_bind(const size_t *threads, size_t n, json_t **teams, const char **placement,
                             struct cb_error *err);
/* Lines for the head of a table. */
void cb_teams_print(const json_t *teams, FILE *out);

#endif
