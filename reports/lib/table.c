#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "text.h"
#include "values.h"

enum kind { TEXT, COUNT, SECONDS, RATE, PERCENT, SPEEDUP, MEBIBYTES, DATA, WEIGHTS };

struct row {
    const char *label, *key;
    enum kind kind;
};

/* A row that is "-" for every run is left out, except the one that says whether the target was reached. */
static const struct row rows[] = {
    {"schedule", "schedule", TEXT},
    {"network", "network", TEXT},
    {"shortcut", "shortcut", TEXT},
    {"start weights", "init_weights", WEIGHTS},
    {"batch", "batch", COUNT},
    {"seed", "seed", COUNT},
    {"status", "status", TEXT},
    {"resumed", "resumed", COUNT},
    {"epochs", "epochs", COUNT},
    {"iterations", "iterations", COUNT},
    {"total time", "seconds", SECONDS},
    {"  speed-up", "speedup_total", SPEEDUP},
    {"training images/s", "images_per_second", RATE},
    {"epochs to target", "epochs_to_target", COUNT},
    {"time to target", "seconds_to_target", SECONDS},
    {"  speed-up", "speedup_to_target", SPEEDUP},
    {"final accuracy", "final_accuracy_percent", PERCENT},
    {"best epoch seen*", "best_accuracy_percent", PERCENT},
    {"peak memory", "peak_memory_bytes", MEBIBYTES},
    {"evaluated on", "evaluated_on", TEXT},
    {"data", "data", DATA},
    {"numerics", "numerics", TEXT},
    {"CPU", "cpu", TEXT},
    {"caches", "caches", TEXT},
    {"instruction set", "isa", TEXT},
    {"threads", "threads", COUNT},
    {"commit", "commit", TEXT},
};

enum { ROW_COUNT = sizeof rows / sizeof *rows, LABEL_WIDTH = 18, RECIPE_ROWS_AFTER = 5 };

/* --- cells -------------------------------------------------------------------------------------------------------- */

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_t *value_cell(const json_t *value)
{
    if (!value || json_is_null(value)) return cb_sentence("-");
    if (json_is_string(value)) return cb_sentence("%s", json_string_value(value));
    if (json_is_real(value)) return cb_sentence("%.9g", json_real_value(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    json_t *cell = cb_sentence("%s", text);
    free(text);
    return cell;
}

static json_t *seconds_cell(const json_t *run, double x)
{
    const char *least = json_is_true(json_object_get(run, "times_are_at_least")) ? "at least " : "";
    if (x >= 3600) return cb_sentence("%s%.0f s (%.2f h)", least, x, x / 3600);
    return cb_sentence("%s%.1f s", least, x);
}

static json_t *percent_cell(const json_t *run, const char *key, double x)
{
    const char *synthetic = json_object_get(run, "accuracies_are_of") ? " synthetic" : "";
    if (strcmp(key, "best_accuracy_percent")) return cb_sentence("%.2f %%%s", x, synthetic);
    return cb_sentence("%.2f %%%s (epoch %lld)", x, synthetic,
                       (long long)json_integer_value(json_object_get(run, "best_accuracy_epoch")));
}

/* A record of format 1 tells only the path. */
static json_t *data_cell(const json_t *run, const json_t *path)
{
    const char *kind = string_of(run, "data_kind");
    if (!*kind) return cb_sentence("%s, no hash", json_string_value(path));
    return cb_sentence("%s %.12s", kind, string_of(run, "train_sha256"));
}

/* A resumed run may have others, which the warnings name. */
static json_t *with_sessions(const json_t *run, const char *key)
{
    const json_t *sessions = json_object_get(run, "resumed_sessions"), *first = json_object_get(run, key);
    json_t *cell = value_cell(first);
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        const json_t *now = json_object_get(json_array_get(sessions, i), key);
        if (!now || json_is_null(now) || json_equal(now, first)) continue;
        json_t *longer = cb_sentence("%s, then others", json_string_value(cell));
        json_decref(cell);
        return longer;
    }
    return cell;
}

static json_t *cell_of(const json_t *run, const struct row *row)
{
    const json_t *value = json_object_get(run, row->key);
    double x = json_number_value(value);
    /* The one "-" that says something about the run rather than about the record. */
    if (!strcmp(row->key, "epochs_to_target") && !strcmp(string_of(run, "seconds_to_target_reason"), "not reached"))
        return cb_sentence("not reached");
    if (!value || json_is_null(value)) return cb_sentence("-");
    switch (row->kind) {
    case SECONDS:
        return seconds_cell(run, x);
    case RATE:
        return cb_sentence("%.1f", x);
    case PERCENT:
        return percent_cell(run, row->key, x);
    case SPEEDUP:
        return cb_sentence("%.2fx", x);
    case MEBIBYTES:
        return cb_sentence("%.0f MiB", x / (1 << 20));
    case DATA:
        return data_cell(run, value);
    case WEIGHTS:
        return cb_sentence("%s %.12s", string_of(value, "name"), string_of(value, "weights_sha256"));
    case TEXT:
    case COUNT:
        break;
    }
    return with_sessions(run, row->key);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static bool all_missing(const json_t *runs, const char *key)
{
    size_t i;
    json_t *run;
    json_array_foreach((json_t *)runs, i, run) if (!json_is_null(json_object_get(run, key))) return false;
    return true;
}

/* Keys of the recipes in which the runs differ, as --set calls them. */
static void add_recipe_rows(json_t *grid, const json_t *runs)
{
    static const char member[] = "recipe_differences";
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(json_array_get(runs, 0), member), key, value)
    {
        json_t *line = json_array();
        cb_append(line, json_string(key));
        for (size_t i = 0; i < json_array_size(runs); i++)
            cb_append(line, value_cell(json_object_get(json_object_get(json_array_get(runs, i), member), key)));
        cb_append(grid, line);
    }
}

/* Lines of cells: the label, then one a run. */
static json_t *make_grid(const json_t *runs)
{
    json_t *grid = json_array(), *names = json_array();
    cb_append(names, cb_sentence("%s", ""));
    for (size_t i = 0; i < json_array_size(runs); i++)
        cb_append(names, json_incref(json_object_get(json_array_get(runs, i), "run")));
    cb_append(grid, names);
    for (size_t r = 0; r < ROW_COUNT; r++) {
        if (r == RECIPE_ROWS_AFTER + 1) add_recipe_rows(grid, runs);
        if (strcmp(rows[r].key, "epochs_to_target") && all_missing(runs, rows[r].key)) continue;
        json_t *line = json_array();
        cb_append(line, json_string(rows[r].label));
        for (size_t i = 0; i < json_array_size(runs); i++) cb_append(line, cell_of(json_array_get(runs, i), &rows[r]));
        cb_append(grid, line);
    }
    return grid;
}

static void print_grid(FILE *out, const json_t *grid)
{
    size_t columns = json_array_size(json_array_get(grid, 0));
    size_t *width = cb_report_alloc(columns * sizeof *width);
    for (size_t c = 0; c < columns; c++) {
        width[c] = c ? 0 : LABEL_WIDTH;
        for (size_t r = 0; r < json_array_size(grid) && c + 1 < columns; r++) { /* no trailing blanks */
            size_t used = cb_text_width(json_string_value(json_array_get(json_array_get(grid, r), c)));
            if (used > width[c]) width[c] = used;
        }
    }
    for (size_t r = 0; r < json_array_size(grid); r++) {
        for (size_t c = 0; c < columns; c++) {
            if (c) fputs("  ", out);
            cb_text_print(out, json_string_value(json_array_get(json_array_get(grid, r), c)), width[c]);
        }
        fputc('\n', out);
    }
    free(width);
}

/* --- below it ----------------------------------------------------------------------------------------------------- */

/* Takes text. */
static void print_line(FILE *out, const char *start, json_t *text)
{
    fputs(start, out);
    cb_text_print(out, json_string_value(text), 0);
    fputc('\n', out);
    json_decref(text);
}

static const char *reason_of(const json_t *run, const char *key)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    const char *reason = string_of(run, reason_key);
    return json_is_null(json_object_get(run, key)) && strcmp(reason, "not reached") ? reason : ""; /* that is a cell */
}

/* Adds what is missing for a reason in which runs: one entry {"reason", "runs", "what"} for each reason and runs. */
static void add_reason(json_t *entries, const struct row *row, const char *reason, const json_t *labels)
{
    const char *speedup = strcmp(row->key, "speedup_total") ? "speed-up to the target" : "speed-up in total";
    json_t *what = cb_sentence("%s", row->kind == SPEEDUP ? speedup : row->label), *entry = NULL;
    for (size_t i = 0; i < json_array_size(entries) && !entry; i++) {
        entry = json_array_get(entries, i);
        if (strcmp(string_of(entry, "reason"), reason) || !json_equal(json_object_get(entry, "runs"), labels))
            entry = NULL;
    }
    if (!entry) {
        entry = json_object();
        cb_put(entry, "reason", json_string(reason));
        cb_put(entry, "runs", json_deep_copy(labels));
        cb_put(entry, "what", json_array());
        cb_append(entries, entry);
    }
    cb_append(json_object_get(entry, "what"), what);
}

/* Why values are "-" or left out. */
static void print_reasons(FILE *out, const json_t *runs)
{
    json_t *entries = json_array();
    size_t count = json_array_size(runs);
    for (size_t r = 0; r < ROW_COUNT; r++) {
        for (size_t i = 0; i < count && rows[r].kind != WEIGHTS; i++) {
            const char *reason = reason_of(json_array_get(runs, i), rows[r].key);
            json_t *labels = json_array();
            bool told = !*reason;
            for (size_t j = 0; j < count; j++) {
                if (strcmp(reason, reason_of(json_array_get(runs, j), rows[r].key))) continue;
                told = told || j < i;
                cb_append(labels, json_incref(json_object_get(json_array_get(runs, j), "run")));
            }
            if (!told) add_reason(entries, &rows[r], reason, labels);
            json_decref(labels);
        }
    }
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        json_t *what = cb_joined(json_object_get(entry, "what")), *names = cb_joined(json_object_get(entry, "runs"));
        print_line(out, "  - ",
                   cb_sentence("%s: no %s: %s", json_string_value(names), json_string_value(what),
                               string_of(entry, "reason")));
        json_decref(what);
        json_decref(names);
    }
    json_decref(entries);
    for (size_t i = 0; i < count; i++) {
        const json_t *run = json_array_get(runs, i);
        if (*string_of(run, "status_reason"))
            print_line(out, "  ",
                       cb_sentence("%s: %s: %s", string_of(run, "run"), string_of(run, "status"),
                                   string_of(run, "status_reason")));
    }
}

void cb_comparison_print(FILE *out, const json_t *comparison)
{
    const json_t *runs = json_object_get(comparison, "runs"), *warnings = json_object_get(comparison, "warnings");
    const json_t *groups = json_object_get(comparison, "same_trajectory");
    const json_t *pairs = json_object_get(comparison, "same_epochs"), *summary = json_object_get(comparison, "summary");
    fprintf(out, "Target: %g %% (from %s). Speed-ups are against the slowest run.\n\n",
            json_number_value(json_object_get(comparison, "target_percent")), string_of(comparison, "target_source"));
    json_t *grid = make_grid(runs);
    print_grid(out, grid);
    json_decref(grid);
    fprintf(out, "\n  * chosen by looking at the evaluated images: not a result\n");
    print_reasons(out, runs);
    for (size_t i = 0; i < json_array_size(groups); i++)
        print_line(out,
                   "  same training bit for bit (equal loss fingerprints): ", cb_joined(json_array_get(groups, i)));
    for (size_t i = 0; i < json_array_size(pairs); i++)
        print_line(out, "  ", json_incref(json_object_get(json_array_get(pairs, i), "sentence")));
    for (size_t i = 0; i < json_array_size(warnings); i++)
        print_line(out, "  ! ", json_incref(json_array_get(warnings, i)));
    if (!json_is_string(summary)) return;
    fputc('\n', out);
    print_line(out, "", json_incref((json_t *)summary));
}
