#ifndef CB_PAGE_DOCUMENT_H
#define CB_PAGE_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

/* A report as data, from which HTML and Markdown are made: an object with "title" and "sections"; a section has "id",
 * "title" and "nodes", each with "type": text, note, table, picture, code, or fold (with "title" and "nodes" of its
 * own). All strings are plain UTF-8 text: nothing in them is markup. Functions return borrowed references. */
json_t *cb_document(const char *title); /* new reference */
json_t *cb_section(json_t *document, const char *id, const char *title);
/* A section that got no nodes is removed. */
void cb_section_end(json_t *document);

void cb_say(json_t *section, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A remark that a reader must not miss, such as what disturbed a measurement. */
void cb_note(json_t *section, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cb_code(json_t *section, const char *text);
/* Nodes that a reader may unfold. */
json_t *cb_fold(json_t *section, const char *title);

/* A table: columns first, then rows, then the cells of the last row from left to right. */
json_t *cb_grid(json_t *section, const char *caption);
void cb_grid_column(json_t *grid, const char *name, bool of_numbers);
void cb_grid_row(json_t *grid);
void cb_grid_text(json_t *grid, const char *text);
/* value is what the column is sorted by, the text what is shown; NaN: shown as missing, with the text as the reason. */
void cb_grid_number(json_t *grid, double value, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* When all rows are there: columns without a value are taken out, and a text says why they have none; another says why
 * single cells have none. */
void cb_grid_end(json_t *section, json_t *grid);
/* The last cell stands out: what went wrong, or fell short. */
void cb_grid_mark(json_t *grid);

/* A picture in two widths, as SVG text without XML declaration. `name` is that of its file. */
void cb_figure(json_t *section, const char *name, const char *title, const char *caption, const char *wide,
               const char *narrow);

#endif
