#include "table.h"

#include <string.h>

#include "recipe.h"
#include "table_rows.h"
#include "values.h"

/* A line of the grid: a label, then a cell a column. */
static json_t *line_of(const json_t *columns, const struct cb_row *row)
{
    json_t *line = json_array(), *column;
    size_t i;
    cb_append(line, json_string(row->label));
    json_array_foreach((json_t *)columns, i, column) cb_append(line, cb_cell(column, row));
    return line;
}

static json_t *recipe_line(const json_t *columns, const char *key)
{
    json_t *line = json_array(), *column;
    size_t i;
    cb_append(line, json_string(key));
    json_array_foreach((json_t *)columns, i, column)
        cb_append(line, cb_value_text(json_object_get(json_object_get(column, "recipe_keys"), key)));
    return line;
}

static bool all_equal(const json_t *line)
{
    for (size_t i = 2; i < json_array_size(line); i++)
        if (!json_equal(json_array_get(line, 1), json_array_get(line, i))) return false;
    return true;
}

static bool is_empty(const json_t *line)
{
    return all_equal(line) && !strcmp(json_string_value(json_array_get(line, 1)), "-");
}

/* Takes line: a row of the grid or, if it is setup and the same in all columns, a piece of the line of these. */
static void add_line(json_t *grid, json_t *equal, json_t *line, bool setup)
{
    if (is_empty(line)) {
        json_decref(line);
    } else if (setup && json_array_size(line) > 2 && all_equal(line)) {
        const char *label = json_string_value(json_array_get(line, 0));
        cb_append(equal, cb_sentence("%s %s", label + strspn(label, " "), json_string_value(json_array_get(line, 1))));
        json_decref(line);
    } else {
        cb_append(grid, line);
    }
}

static void add_rows(json_t *grid, json_t *equal, const json_t *columns, const struct cb_row *rows, size_t count)
{
    json_t *keys = cb_recipe_all_keys(columns), *key;
    size_t i;
    json_array_foreach(keys, i, key) add_line(grid, equal, recipe_line(columns, json_string_value(key)), true);
    json_decref(keys);
    for (size_t r = 0; r < count; r++) add_line(grid, equal, line_of(columns, &rows[r]), rows[r].setup);
}

/* --- notes -------------------------------------------------------------------------------------------------------- */

/* Adds what is missing for a reason in which columns: one entry {"reason", "names", "what"} for each reason and names. */
static void add_reason(json_t *entries, const char *what, const char *reason, const json_t *names)
{
    json_t *entry = NULL;
    for (size_t i = 0; i < json_array_size(entries) && !entry; i++) {
        entry = json_array_get(entries, i);
        if (strcmp(cb_string_of(entry, "reason"), reason) || !json_equal(json_object_get(entry, "names"), names))
            entry = NULL;
    }
    if (!entry) {
        entry = json_object();
        cb_put(entry, "reason", json_string(reason));
        cb_put(entry, "names", json_deep_copy(names));
        cb_put(entry, "what", json_array());
        cb_append(entries, entry);
    }
    cb_append(json_object_get(entry, "what"), json_string(what));
}

/* Why values are "-" or left out. */
static void add_reasons(json_t *notes, const json_t *columns, const struct cb_row *rows, size_t row_count,
                        const char *name)
{
    json_t *entries = json_array(), *entry;
    size_t count = json_array_size(columns), e;
    for (size_t r = 0; r < row_count; r++) {
        for (size_t i = 0; i < count && rows[r].missing; i++) {
            const char *reason = cb_reason(json_array_get(columns, i), &rows[r]);
            json_t *names = json_array();
            bool told = !*reason;
            for (size_t j = 0; j < count; j++) {
                const json_t *column = json_array_get(columns, j);
                if (strcmp(reason, cb_reason(column, &rows[r]))) continue;
                told = told || j < i;
                cb_append(names, json_incref(json_object_get(column, name)));
            }
            if (!told) add_reason(entries, rows[r].missing, reason, names);
            json_decref(names);
        }
    }
    json_array_foreach(entries, e, entry)
    {
        json_t *what = cb_joined(json_object_get(entry, "what")), *names = cb_joined(json_object_get(entry, "names"));
        cb_append(notes, cb_sentence("- %s: no %s: %s", json_string_value(names), json_string_value(what),
                                     cb_string_of(entry, "reason")));
        json_decref(what);
        json_decref(names);
    }
    json_decref(entries);
}

static void add_left_out(json_t *notes, const json_t *group, const char *key, const char *what)
{
    const json_t *list = json_object_get(group, key);
    json_t *text = cb_joined(list);
    if (json_array_size(list))
        cb_append(notes,
                  cb_sentence("- %s: %s without %s", cb_string_of(group, "label"), what, json_string_value(text)));
    json_decref(text);
}

static json_t *make_notes(const json_t *comparison, const json_t *columns, bool of_runs)
{
    json_t *notes = json_array(), *item;
    size_t i;
    if (of_runs)
        add_reasons(notes, columns, cb_run_rows, cb_run_row_count, "run");
    else
        add_reasons(notes, columns, cb_group_rows, cb_group_row_count, "label");
    json_array_foreach((json_t *)columns, i, item)
    {
        add_left_out(notes, item, "accuracies_left_out", "accuracies");
        add_left_out(notes, item, "times_left_out", "times");
    }
    json_array_foreach(json_object_get(comparison, "runs"), i, item) if (*cb_string_of(item, "status_reason"))
        cb_append(notes, cb_sentence("%s: %s: %s", cb_string_of(item, "run"), cb_string_of(item, "status"),
                                     cb_string_of(item, "status_reason")));
    json_array_foreach(json_object_get(comparison, "same_trajectory"), i, item)
    {
        json_t *names = cb_joined(item);
        cb_append(notes,
                  cb_sentence("same training bit for bit (equal loss fingerprints): %s", json_string_value(names)));
        json_decref(names);
    }
    json_array_foreach(json_object_get(comparison, "same_epochs"), i, item)
        cb_append(notes, json_incref(json_object_get(item, "sentence")));
    json_array_foreach(json_object_get(comparison, "warnings"), i, item)
        cb_append(notes, cb_sentence("! %s", json_string_value(item)));
    return notes;
}

static bool has_row(const json_t *grid, const char *label)
{
    for (size_t r = 0; r < json_array_size(grid); r++)
        if (strstr(json_string_value(json_array_get(json_array_get(grid, r), 0)), label)) return true;
    return false;
}

static json_t *make_footnotes(const json_t *grid)
{
    static const char *const footnotes[][2] = {
        {"*", "* chosen by looking at the evaluated images: not a result"},
        {"lower 95 % bound", "lower 95 % bound: of the mean, one-sided, by Student's t"},
        {"more than column 1", "more than column 1: the mean difference over the n seeds that both have"}};
    json_t *list = json_array();
    for (size_t f = 0; f < sizeof footnotes / sizeof *footnotes; f++)
        if (has_row(grid, footnotes[f][0])) cb_append(list, json_string(footnotes[f][1]));
    return list;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

bool cb_table_is_of_runs(const json_t *comparison)
{
    size_t runs = json_array_size(json_object_get(comparison, "runs"));
    return runs <= 2 || runs == json_array_size(json_object_get(comparison, "groups"));
}

json_t *cb_table(const json_t *comparison, bool of_runs)
{
    json_t *columns = of_runs ? json_incref(json_object_get(comparison, "runs")) : cb_group_columns(comparison);
    json_t *table = json_object(), *grid = json_array(), *equal = json_array(), *names = json_array(), *column;
    size_t i;
    cb_put(table, "title",
           cb_sentence("Target: %g %% (from %s). %sSpeed-ups are against the slowest%s.",
                       json_number_value(json_object_get(comparison, "target_percent")),
                       cb_string_of(comparison, "target_source"),
                       of_runs ? "" : "Runs of a column differ in the seed only. ", of_runs ? " run" : ""));
    cb_append(names, cb_sentence("%s", ""));
    json_array_foreach(columns, i, column)
        cb_append(names, json_incref(json_object_get(column, of_runs ? "run" : "label")));
    cb_append(grid, names);
    if (of_runs)
        add_rows(grid, equal, columns, cb_run_rows, cb_run_row_count);
    else
        add_rows(grid, equal, columns, cb_group_rows, cb_group_row_count);
    cb_put(table, "grid", grid);
    cb_put(table, "footnotes", make_footnotes(grid));
    cb_put(table, "equal", equal);
    cb_put(table, "notes", make_notes(comparison, columns, of_runs));
    cb_put(table, "summary", json_incref(json_object_get(comparison, "summary")));
    json_decref(columns);
    return table;
}
