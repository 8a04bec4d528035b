#ifndef CB_COUNTER_PAPI_H
#define CB_COUNTER_PAPI_H

#include <stddef.h>

/* The only file that calls PAPI. Counting is in user space, by the thread that asks. */

/* Initialises PAPI once. NULL if it is ready to count, else why not. */
const char *cb_papi_ready(void);

/* The names of PAPI's presets, also of those that this CPU has not. Returns how many. */
size_t cb_papi_presets(const char **names, size_t max);

/* The code of an event by its name. Returns PAPI's error, 0 for none. Not for several threads at a time. */
int cb_papi_code(const char *name, int *code);

/* Events of the calling thread that count together, all of them or none. Returns PAPI's error, 0 for none. */
struct cb_papi_set {
    int id;
};
int cb_papi_start(struct cb_papi_set *set, const int *codes, size_t n);
/* By the thread that started it. */
int cb_papi_stop(struct cb_papi_set *set, long long *values);

const char *cb_papi_error(int error);

#endif
