#ifndef CB_REPORT_PROGRAM_H
#define CB_REPORT_PROGRAM_H

#include "run.h"

/* What the programs of this room say alike. Each names itself: "cyclebench compare". */

/* Prints the error on standard error; returns its exit status. */
int cb_program_fail(const char *program, const struct cb_report_error *error);
/* Success if all that was printed reached standard output; else a message, and failure. */
int cb_program_finish(const char *program);

#endif
