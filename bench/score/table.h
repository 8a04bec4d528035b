#ifndef CB_SCORE_TABLE_H
#define CB_SCORE_TABLE_H

#include <stdio.h>

#include "core/status.h"

/* Prints the scores (*.json) of a folder, a row a machine and numerics version, as a table that Markdown reads too.
 * folder NULL: the one that comes with the program (reports/results/scores, or scores below share/cyclebench). */
enum cb_status cb_score_table(const char *folder, FILE *out, struct cb_error *err);

#endif
