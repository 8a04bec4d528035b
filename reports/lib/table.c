#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, COUNT, SECONDS, RATE, PERCENT, SPEEDUP, MEBIBYTES };

struct row {
    const char *label, *key;
    enum kind kind;
};

/* A row that is "-" for every run is left out, except the one that says whether the target was reached. */
static const struct row rows[] = {
    {"schedule", "schedule", TEXT},
    {"network", "network", TEXT},
    {"shortcut", "shortcut", TEXT},
    {"batch", "batch", COUNT},
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
    {"data", "data", TEXT},
    {"numerics", "numerics", TEXT},
    {"CPU", "cpu", TEXT},
    {"instruction set", "isa", TEXT},
    {"threads", "threads", COUNT},
    {"commit", "commit", TEXT},
};

enum { ROW_COUNT = sizeof rows / sizeof *rows, CELL_BYTES = 256, LABEL_WIDTH = 18 };

static void format_cell(char *cell, const json_t *value, enum kind kind)
{
    double x = json_number_value(value);
    if (json_is_null(value))
        snprintf(cell, CELL_BYTES, "-");
    else if (json_is_string(value))
        snprintf(cell, CELL_BYTES, "%s", json_string_value(value));
    else if (kind == SECONDS && x >= 3600)
        snprintf(cell, CELL_BYTES, "%.0f s (%.2f h)", x, x / 3600);
    else if (kind == SECONDS)
        snprintf(cell, CELL_BYTES, "%.1f s", x);
    else if (kind == RATE)
        snprintf(cell, CELL_BYTES, "%.1f", x);
    else if (kind == PERCENT)
        snprintf(cell, CELL_BYTES, "%.2f %%", x);
    else if (kind == SPEEDUP)
        snprintf(cell, CELL_BYTES, "%.2fx", x);
    else if (kind == MEBIBYTES)
        snprintf(cell, CELL_BYTES, "%.0f MiB", x / (1 << 20));
    else
        snprintf(cell, CELL_BYTES, "%.0f", x);
}

static void cell_of(char *cell, const json_t *run, const struct row *row)
{
    format_cell(cell, json_object_get(run, row->key), row->kind);
    /* The one "-" that says something about the run rather than about the record. */
    const char *reason = json_string_value(json_object_get(run, "seconds_to_target_reason"));
    if (!strcmp(row->key, "epochs_to_target") && reason && !strcmp(reason, "not reached"))
        snprintf(cell, CELL_BYTES, "%s", reason);
    if (!strcmp(row->key, "best_accuracy_percent") && strcmp(cell, "-")) {
        size_t used = strlen(cell);
        snprintf(cell + used, CELL_BYTES - used, " (epoch %lld)",
                 (long long)json_integer_value(json_object_get(run, "best_accuracy_epoch")));
    }
}

static int column_width(const json_t *run)
{
    size_t width = strlen(json_string_value(json_object_get(run, "run")));
    for (size_t r = 0; r < ROW_COUNT; r++) {
        char cell[CELL_BYTES];
        cell_of(cell, run, &rows[r]);
        if (strlen(cell) > width) width = strlen(cell);
    }
    return (int)width;
}

static bool all_missing(const json_t *runs, const char *key)
{
    size_t i;
    json_t *run;
    json_array_foreach((json_t *)runs, i, run) if (!json_is_null(json_object_get(run, key))) return false;
    return true;
}

static void print_table(FILE *out, const json_t *runs)
{
    size_t count = json_array_size(runs), i;
    int *width = malloc((count + 1) * sizeof *width);
    if (!width) return;
    fprintf(out, "%-*s", LABEL_WIDTH, "");
    for (i = 0; i < count; i++) {
        const json_t *run = json_array_get(runs, i);
        width[i] = i + 1 < count ? column_width(run) : 0; /* no trailing blanks */
        fprintf(out, "  %-*s", width[i], json_string_value(json_object_get(run, "run")));
    }
    fputc('\n', out);
    for (size_t r = 0; r < ROW_COUNT; r++) {
        bool named = strcmp(rows[r].key, "epochs_to_target") == 0;
        if (!named && all_missing(runs, rows[r].key)) continue;
        fprintf(out, "%-*s", LABEL_WIDTH, rows[r].label);
        for (i = 0; i < count; i++) {
            char cell[CELL_BYTES];
            cell_of(cell, json_array_get(runs, i), &rows[r]);
            fprintf(out, "  %-*s", width[i], cell);
        }
        fputc('\n', out);
    }
    free(width);
}

/* Why a value is "-" or left out, once for each run and reason. */
static void print_reasons(FILE *out, const json_t *run)
{
    const char *told[ROW_COUNT];
    size_t n = 0;
    for (size_t r = 0; r < ROW_COUNT; r++) {
        if (!json_is_null(json_object_get(run, rows[r].key))) continue;
        char reason_key[64];
        snprintf(reason_key, sizeof reason_key, "%s_reason", rows[r].key);
        const char *reason = json_string_value(json_object_get(run, reason_key));
        bool known = !reason || !strcmp(reason, "not reached"); /* that stands in the table */
        for (size_t i = 0; i < n && !known; i++) known = !strcmp(told[i], reason);
        if (known) continue;
        told[n++] = reason;
        fprintf(out, "  - %s: no %s: %s\n", json_string_value(json_object_get(run, "run")),
                rows[r].kind == SPEEDUP ? "speed-up" : rows[r].label, reason);
    }
    const char *ended = json_string_value(json_object_get(run, "status_reason"));
    if (ended)
        fprintf(out, "  %s: %s: %s\n", json_string_value(json_object_get(run, "run")),
                json_string_value(json_object_get(run, "status")), ended);
}

static void print_group(FILE *out, const json_t *group)
{
    fprintf(out, "  same training bit for bit (equal loss fingerprints):");
    for (size_t i = 0; i < json_array_size(group); i++)
        fprintf(out, "%s %s", i ? "," : "", json_string_value(json_array_get(group, i)));
    fputc('\n', out);
}

void cb_comparison_print(FILE *out, const json_t *comparison)
{
    const json_t *runs = json_object_get(comparison, "runs"), *warnings = json_object_get(comparison, "warnings");
    const json_t *groups = json_object_get(comparison, "same_trajectory");
    fprintf(out, "Target: %g %% (from %s). Speed-ups are against the slowest run.\n\n",
            json_number_value(json_object_get(comparison, "target_percent")),
            json_string_value(json_object_get(comparison, "target_source")));
    print_table(out, runs);
    fprintf(out, "\n  * chosen by looking at the evaluated images: not a result\n");
    for (size_t i = 0; i < json_array_size(runs); i++) print_reasons(out, json_array_get(runs, i));
    for (size_t i = 0; i < json_array_size(groups); i++) print_group(out, json_array_get(groups, i));
    for (size_t i = 0; i < json_array_size(warnings); i++)
        fprintf(out, "  ! %s\n", json_string_value(json_array_get(warnings, i)));
}
