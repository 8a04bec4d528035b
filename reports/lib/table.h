#ifndef CB_TABLE_H
#define CB_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What people read of a comparison (comparison.h): an object with "title", "grid" (lines of cells, the first with the
 * columns' names), "equal" (what is the same in all columns: pieces of one line), "footnotes" and "notes" (sentences) and
 * "summary" (a sentence, or null). Columns are the runs or the groups. New reference. */
json_t *cb_table(const json_t *comparison, bool of_runs);
/* Whether the columns are runs where nobody chose: there are two, or no two are of one group. */
bool cb_table_is_of_runs(const json_t *comparison);

/* Print such a table. Nothing that a record holds can drive the terminal. Text: blocks of four columns in 100
 * characters, or of more if they fit; cells are wrapped. */
void cb_table_print(FILE *out, const json_t *table);
void cb_table_print_markdown(FILE *out, const json_t *table);
/* The runs or groups themselves, a line each, after a line of keys (RFC 4180 with \n); a missing value is empty. */
void cb_csv_print(FILE *out, const json_t *columns);
/* One field of such a line, with a comma before it but for the first; control characters as cb_text_print has them. */
void cb_csv_field(FILE *out, const char *text, bool first);

#endif
