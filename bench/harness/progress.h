#ifndef CB_PROGRESS_H
#define CB_PROGRESS_H

#include <stddef.h>

/* How far a run is, and how long it takes. */

/* "40 s", "12 min", "7 h 34 min": rounded up. */
void cb_duration_text(char *text, size_t bytes, double seconds);

/* "case 12 of 582, about 3 min left": as the first `done` of them took on average. done 0: without the time. */
void cb_progress_text(char *text, size_t bytes, const char *what, size_t number, size_t all, size_t done,
                      double elapsed_s);

/* The least time of cases with these repetitions: of their calls alone, without what verification takes, and where a
 * call is shorter than a repetition. */
double cb_expected_s(size_t cases, size_t repetitions, double repetition_s);

/* A line on standard error that the next replaces, and that cb_progress_clear takes away; nothing if it is no
 * terminal. */
void cb_progress_show(const char *text);
void cb_progress_clear(void);

#endif
