#ifndef CB_COUNTER_SET_H
#define CB_COUNTER_SET_H

#include <stddef.h>

#include "counter_papi.h"
#include "counters.h"

enum { CB_MAX_TERMS = 4, CB_MAX_CODES = CB_HARDWARE_EVENTS * CB_MAX_TERMS + CB_MAX_CHOSEN };

/* Events of PAPI and of perf that one thread counts together. Errors: 0, PAPI's (negative), or an errno. */
struct cb_counter_set {
    struct cb_papi_set papi;
    size_t n, n_papi;
    int file[CB_MAX_CODES]; /* of perf; -1: PAPI counts it */
};

/* The code of an event by its name: perf's, else PAPI's. Not for several threads at a time. */
int cb_set_code(const char *name, int *code);
/* All of them or none. */
int cb_set_start(struct cb_counter_set *set, const int *codes, size_t n);
/* By the thread that started it; values in the order of the codes. */
int cb_set_stop(struct cb_counter_set *set, long long *values);
const char *cb_set_error(int error);

#endif
