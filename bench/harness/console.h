#ifndef CB_CONSOLE_H
#define CB_CONSOLE_H

#include <jansson.h>

#include "results.h"

/* The table on standard output: at most 120 columns. */

enum { CB_CONSOLE_COLUMNS = 120 };

/* Seconds in the unit given, or a readable one (NULL): "12.3 ms"; "-" for NaN. */
void cb_time_text(char text[32], double seconds, const char *unit);
/* What limits a row: "compute", or the level of memory; "-": not known. */
const char *cb_bound_text(const json_t *row);

void cb_console_head(void);
/* The line above the rows of a case. */
void cb_console_case(const struct cb_case *the_case);
/* A row: a case's summary, or one of its repetitions with a label (NULL: none). time_unit NULL: what is readable. */
void cb_console_row(const struct cb_implementation *implementation, const char *label, const json_t *row,
                    const char *time_unit);
/* Below the row of a training step: its rate and the memory that it took. */
void cb_console_step(const json_t *row);
/* Below a row: where its time goes. profile: {"operations": [{"name", "seconds", "flops", "calls"}],
 * "parallel_regions", "waiting_share", "augmentation_seconds"}, all of one call. */
void cb_console_profile(const json_t *profile, const json_t *row);
/* Below a row: those of its counted events that are known (perf.h). */
void cb_console_counters(const json_t *counters);
/* Below that: what they mean together (derived.h), of all groups, or of those that are asked for, with the reason where
 * it is not known. */
void cb_console_derived(const json_t *derived, const char *const *groups, size_t n_groups);
/* A case that was skipped or was wrong; text is broken into lines. */
void cb_console_refusal(const struct cb_implementation *implementation, const char *what, const char *text);
void cb_console_comparison(const char *library, const struct cb_comparison *comparison);

#endif
