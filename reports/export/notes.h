#ifndef CB_REPORT_NOTES_H
#define CB_REPORT_NOTES_H

#include "../lib/run.h"

/* Tells on standard error what a reader of the export would not see: what is missing, and what makes its numbers unfair.
 * wants_iterations: iteration lines would be part of the format. */
void cb_export_print_notes(const struct cb_report_run *run, bool wants_iterations);

#endif
