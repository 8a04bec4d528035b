#ifndef CB_CONSOLE_H
#define CB_CONSOLE_H

#include <jansson.h>

#include "results.h"

/* The table on standard output: at most 120 columns. */

enum { CB_CONSOLE_COLUMNS = 120 };

void cb_console_head(void);
/* The line above the rows of a contest. */
void cb_console_contest(const struct cb_contest *contest);
/* A row: a case's summary, or one of its repetitions with a label (NULL: none). time_unit NULL: what is readable. */
void cb_console_row(const struct cb_entrant *entrant, const char *label, const json_t *row, const char *time_unit);
/* Below a row: those of its counted events that are known (perf.h). */
void cb_console_counters(const json_t *counters);
/* A case that was skipped or was wrong; text is broken into lines. */
void cb_console_refusal(const struct cb_entrant *entrant, const char *what, const char *text);
void cb_console_verdict(const char *library, const struct cb_verdict *verdict);

#endif
