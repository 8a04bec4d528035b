#ifndef CB_SCORE_PRINT_H
#define CB_SCORE_PRINT_H

#include <jansson.h>

#include "grid.h"

/* Prints a score (score_json.h) for people: a row a projection, why a value is missing, and last the summary. */
void cb_score_print(const json_t *document, FILE *out);

/* Cells of a projection, "-" where the value is missing. */
void cb_score_rate_cells(struct cb_grid *grid, size_t row, size_t column,
                         const json_t *projection); /* images/s, share */
void cb_score_time_cell(struct cb_grid *grid, size_t row, size_t column, const json_t *projection); /* with interval */

#endif
