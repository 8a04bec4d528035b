#ifndef CB_ROWS_H
#define CB_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The rows of --summary as one table. summary, contests: as in struct cb_results. Of each comparison the row of the
 * library's fastest implementation says how much faster ours is; where a library needs two calls, the rows of both. */

/* A line of keys, then a line a row (RFC 4180): the values under their keys in the JSON, to the last digit; events that
 * were counted, and what is derived from them, follow under their names. What is null is empty. */
void cb_rows_print_csv(const json_t *summary, const json_t *contests, FILE *out);

/* As GitHub reads it; time_unit NULL: what is readable. */
void cb_rows_print_markdown(const json_t *summary, const json_t *contests, const char *time_unit, FILE *out);

/* A field of a CSV line: quoted where it holds a comma, quotation mark or line break or begins with a space. Control
 * characters become '?'. */
void cb_csv_cell(FILE *out, const char *text, bool first);
/* Text of a Markdown cell, in which nothing is Markdown. */
void cb_markdown_cell(FILE *out, const char *text);

#endif
