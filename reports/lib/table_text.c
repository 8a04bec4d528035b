/* A table as text. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "table.h"
#include "text.h"
#include "values.h"

enum { LINE = 100, BLOCK = 4, GAP = 2, LEAST = 10, LABEL = 26 };

static const char *cell_at(const json_t *grid, size_t row, size_t column)
{
    return json_string_value(json_array_get(json_array_get(grid, row), column));
}

static size_t widest(const json_t *grid, size_t column)
{
    size_t width = 0;
    for (size_t r = 0; r < json_array_size(grid); r++) {
        size_t used = cb_text_width(cell_at(grid, r, column));
        if (used > width) width = used;
    }
    return width;
}

static size_t line_width(const size_t *width, size_t from, size_t to)
{
    size_t sum = width[0];
    for (size_t c = from; c < to; c++) sum += GAP + width[c];
    return sum;
}

/* The end of the block that begins with column `from`: four columns, or as many as fit. */
static size_t end_of_block(const size_t *width, size_t from, size_t columns)
{
    size_t to = from;
    while (to < columns && (to < from + BLOCK || line_width(width, from, to + 1) <= LINE)) to++;
    return to;
}

/* Takes from the widest columns until the line fits. */
static void narrow(size_t *width, size_t from, size_t to)
{
    while (line_width(width, from, to) > LINE) {
        size_t most = from;
        for (size_t c = from; c < to; c++)
            if (width[c] > width[most]) most = c;
        if (width[most] <= LEAST) return;
        width[most]--;
    }
}

/* Prints up to width characters of *text and blanks, and moves *text behind them. */
static void print_part(FILE *out, const char **text, size_t width, bool last)
{
    size_t bytes = cb_text_fit(*text, width), length = bytes;
    while (length && (*text)[length - 1] == ' ') length--;
    char *part = cb_report_alloc(length + 1);
    memcpy(part, *text, length);
    part[length] = '\0';
    cb_text_print(out, part, last ? 0 : width); /* no trailing blanks */
    free(part);
    *text += bytes;
}

static bool is_left(const char *const *rest, size_t from, size_t to)
{
    bool left = *rest[0];
    for (size_t c = from; c < to; c++) left = left || *rest[c];
    return left;
}

/* One row of the grid in as many lines as its longest cell needs. */
static void print_row(FILE *out, const json_t *grid, size_t row, const size_t *width, size_t from, size_t to)
{
    const char **rest = cb_report_alloc(to * sizeof *rest);
    rest[0] = cell_at(grid, row, 0);
    for (size_t c = from; c < to; c++) rest[c] = cell_at(grid, row, c);
    do {
        size_t last = from; /* of the columns that still have text */
        for (size_t c = from; c < to; c++)
            if (*rest[c]) last = c;
        print_part(out, &rest[0], width[0], false);
        for (size_t c = from; c <= last && c < to; c++) {
            fprintf(out, "%*s", GAP, "");
            print_part(out, &rest[c], width[c], c == last);
        }
        fputc('\n', out);
    } while (is_left(rest, from, to));
    free(rest);
}

/* Whether a row has more than "-" in this block. */
static bool says_something(const json_t *grid, size_t row, size_t from, size_t to)
{
    for (size_t c = from; c < to; c++)
        if (strcmp(cell_at(grid, row, c), "-")) return true;
    return false;
}

static void print_grid(FILE *out, const json_t *grid)
{
    size_t columns = json_array_size(json_array_get(grid, 0));
    size_t *width = cb_report_alloc(columns * sizeof *width);
    for (size_t c = 0; c < columns; c++) width[c] = widest(grid, c);
    if (width[0] > LABEL) width[0] = LABEL;
    for (size_t from = 1, to; from < columns; from = to) {
        to = end_of_block(width, from, columns);
        narrow(width, from, to);
        if (from > 1) fputc('\n', out);
        for (size_t r = 0; r < json_array_size(grid); r++)
            if (says_something(grid, r, from, to)) print_row(out, grid, r, width, from, to);
    }
    free(width);
}

static void print_line(FILE *out, const char *start, const json_t *text)
{
    fputs(start, out);
    cb_text_print(out, json_string_value(text), 0);
    fputc('\n', out);
}

/* "  equal in all: a; b; c", in lines that fit. */
static void print_equal(FILE *out, const json_t *pieces)
{
    json_t *list = cb_joined_by(pieces, "; "), *text = cb_sentence("equal in all: %s", json_string_value(list));
    const char *rest = json_string_value(text);
    for (size_t indent = 2; json_array_size(pieces) && *rest; indent = 4) {
        fprintf(out, "%*s", (int)indent, "");
        print_part(out, &rest, LINE - indent, true);
        fputc('\n', out);
    }
    json_decref(list);
    json_decref(text);
}

void cb_table_print(FILE *out, const json_t *table)
{
    const json_t *summary = json_object_get(table, "summary");
    json_t *note;
    size_t i;
    print_line(out, "", json_object_get(table, "title"));
    fputc('\n', out);
    print_grid(out, json_object_get(table, "grid"));
    fputc('\n', out);
    print_equal(out, json_object_get(table, "equal"));
    json_array_foreach(json_object_get(table, "footnotes"), i, note) print_line(out, "  ", note);
    json_array_foreach(json_object_get(table, "notes"), i, note) print_line(out, "  ", note);
    if (!json_is_string(summary)) return;
    fputc('\n', out);
    print_line(out, "", summary);
}
