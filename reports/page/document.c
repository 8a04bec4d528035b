#include "document.h"

#include <math.h>
#include <stdarg.h>

#include "../lib/values.h"

json_t *cb_document(const char *title)
{
    json_t *document = json_object();
    cb_put(document, "title", cb_sentence("%s", title));
    cb_put(document, "sections", json_array());
    return document;
}

json_t *cb_section(json_t *document, const char *id, const char *title)
{
    json_t *section = json_object();
    cb_put(section, "id", cb_sentence("%s", id));
    cb_put(section, "title", cb_sentence("%s", title));
    cb_put(section, "nodes", json_array());
    cb_append(json_object_get(document, "sections"), section);
    return section;
}

void cb_section_end(json_t *document)
{
    json_t *sections = json_object_get(document, "sections");
    const size_t last = json_array_size(sections) - 1;
    if (!json_array_size(json_object_get(json_array_get(sections, last), "nodes"))) json_array_remove(sections, last);
}

static json_t *node(json_t *section, const char *type)
{
    json_t *made = json_object();
    cb_put(made, "type", cb_sentence("%s", type));
    cb_append(json_object_get(section, "nodes"), made);
    return made;
}

static json_t *sentence(const char *format, va_list args)
{
    json_t *text = json_vsprintf(format, args);
    return text ? text : cb_sentence("%s", "");
}

void cb_say(json_t *section, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cb_put(node(section, "text"), "text", sentence(format, args));
    va_end(args);
}

void cb_note(json_t *section, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cb_put(node(section, "note"), "text", sentence(format, args));
    va_end(args);
}

void cb_code(json_t *section, const char *text)
{
    cb_put(node(section, "code"), "text", cb_sentence("%s", text));
}

json_t *cb_fold(json_t *section, const char *title)
{
    json_t *fold = node(section, "fold");
    cb_put(fold, "title", cb_sentence("%s", title));
    cb_put(fold, "nodes", json_array());
    return fold;
}

json_t *cb_grid(json_t *section, const char *caption)
{
    json_t *grid = node(section, "table");
    cb_put(grid, "caption", cb_sentence("%s", caption));
    cb_put(grid, "columns", json_array());
    cb_put(grid, "rows", json_array());
    return grid;
}

void cb_grid_column(json_t *grid, const char *name, bool of_numbers)
{
    json_t *column = json_object();
    cb_put(column, "name", cb_sentence("%s", name));
    cb_put(column, "of_numbers", json_boolean(of_numbers));
    cb_append(json_object_get(grid, "columns"), column);
}

void cb_grid_row(json_t *grid)
{
    cb_append(json_object_get(grid, "rows"), json_array());
}

static json_t *last_row(json_t *grid)
{
    json_t *rows = json_object_get(grid, "rows");
    return json_array_get(rows, json_array_size(rows) - 1);
}

static json_t *cell(json_t *grid, json_t *text)
{
    json_t *made = json_object();
    cb_put(made, "text", text);
    cb_append(last_row(grid), made);
    return made;
}

void cb_grid_text(json_t *grid, const char *text)
{
    cell(grid, cb_sentence("%s", text));
}

void cb_grid_number(json_t *grid, double value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *text = sentence(format, args);
    va_end(args);
    if (isfinite(value)) {
        cb_put(cell(grid, text), "value", json_real(value));
        return;
    }
    cb_put(cell(grid, cb_sentence("-")), "missing", text);
}

void cb_grid_mark(json_t *grid)
{
    json_t *row = last_row(grid);
    cb_put(json_array_get(row, json_array_size(row) - 1), "marked", json_true());
}

void cb_figure(json_t *section, const char *name, const char *title, const char *caption, const char *wide,
               const char *narrow)
{
    json_t *figure = node(section, "picture");
    cb_put(figure, "name", cb_sentence("%s", name));
    cb_put(figure, "title", cb_sentence("%s", title));
    cb_put(figure, "caption", cb_sentence("%s", caption));
    cb_put(figure, "wide", cb_sentence("%s", wide));
    cb_put(figure, "narrow", cb_sentence("%s", narrow));
}

static bool is_empty(const json_t *grid, size_t column)
{
    json_t *row;
    size_t i;
    json_array_foreach(json_object_get(grid, "rows"), i,
                       row) if (!json_object_get(json_array_get(row, column), "missing")) return false;
    return json_array_size(json_object_get(grid, "rows")) > 0;
}

/* Adds a column to those of each reason that its cells have: "instructions to it, joules to it" of "not counted". */
static void add_reasons(json_t *missing, const json_t *grid, size_t column)
{
    const char *name =
        json_string_value(json_object_get(json_array_get(json_object_get(grid, "columns"), column), "name"));
    json_t *seen = json_object(), *row;
    size_t i;
    json_array_foreach(json_object_get(grid, "rows"), i, row)
    {
        const char *reason = json_string_value(json_object_get(json_array_get(row, column), "missing"));
        if (!reason || json_object_get(seen, reason)) continue;
        const char *others = json_string_value(json_object_get(missing, reason));
        cb_put(missing, reason, cb_sentence("%s%s%s", others ? others : "", others ? ", " : "", name));
        cb_put(seen, reason, json_true());
    }
    json_decref(seen);
}

/* "interval (an interval needs five repetitions); joules to it (not counted)" */
static void say_missing(json_t *section, const char *lead, const json_t *missing)
{
    json_t *pieces = json_array(), *names;
    const char *reason;
    json_object_foreach((json_t *)missing, reason, names)
        cb_append(pieces, cb_sentence("%s (%s)", json_string_value(names), reason));
    json_t *text = cb_joined_by(pieces, "; ");
    if (json_array_size(pieces)) cb_say(section, "%s: %s.", lead, json_string_value(text));
    json_decref(text);
    json_decref(pieces);
}

static void take_empty_columns_out(json_t *section, json_t *grid)
{
    json_t *columns = json_object_get(grid, "columns"), *missing = json_object(), *row;
    size_t i;
    for (size_t column = 0; column < json_array_size(columns);) {
        if (!is_empty(grid, column)) {
            column++;
            continue;
        }
        add_reasons(missing, grid, column);
        json_array_remove(columns, column);
        json_array_foreach(json_object_get(grid, "rows"), i, row) json_array_remove(row, column);
    }
    say_missing(section, "Without a value here", missing);
    json_decref(missing);
}

/* A title of a cell is not seen on a phone, and Markdown has none. */
static void say_empty_cells(json_t *section, const json_t *grid)
{
    json_t *missing = json_object();
    for (size_t c = 0; c < json_array_size(json_object_get(grid, "columns")); c++) add_reasons(missing, grid, c);
    say_missing(section, "-", missing);
    json_decref(missing);
}

void cb_grid_end(json_t *section, json_t *grid)
{
    take_empty_columns_out(section, grid);
    say_empty_cells(section, grid);
}
