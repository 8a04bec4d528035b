#ifndef CB_SCORE_GRID_H
#define CB_SCORE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A table of text, whose columns are as wide as they need to be. */
enum { CB_GRID_ROWS = 256, CB_GRID_COLUMNS = 24, CB_GRID_TEXT = 80 };
struct cb_grid {
    size_t rows, columns; /* row 0 is the head */
    char cell[CB_GRID_ROWS][CB_GRID_COLUMNS][CB_GRID_TEXT];
};

/* Sets a cell; what would disturb a terminal or a table is replaced, and of blanks in a row
 * one is left. A row or column that does not fit is left out. */
void cb_grid_set(struct cb_grid *grid, size_t row, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* markdown: with bars and the line below the head, which reads as text too. */
void cb_grid_print(const struct cb_grid *grid, bool markdown, FILE *out);

#endif
