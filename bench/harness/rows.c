#include "rows.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "core/printable.h"
#include "derived.h"
#include "plain_markdown.h"

/* The comparison whose baseline the row is, or is part of; NULL: none. */
static const json_t *comparison_of(const json_t *row, const json_t *contests)
{
    size_t i;
    const json_t *contest;
    json_array_foreach(contests, i, contest)
    {
        if (!json_equal(json_object_get(contest, "name"), json_object_get(row, "contest"))) continue;
        if (!json_equal(json_object_get(contest, "library"), json_object_get(row, "library"))) continue;
        const json_t *fastest = json_object_get(contest, "fastest");
        for (size_t t = 0; t < json_array_size(fastest); t++)
            if (json_equal(json_array_get(fastest, t), json_object_get(row, "implementation"))) return contest;
    }
    return NULL;
}

/* --- CSV --- */

void cb_csv_cell(FILE *out, const char *text, bool first)
{
    char printable[512];
    cb_printable(printable, sizeof printable, text);
    const bool quoted = strpbrk(printable, "\",") || *printable == ' ';
    if (!first) fputc(',', out);
    if (quoted) fputc('"', out);
    for (const char *c = printable; *c; c++) {
        if (*c == '"') fputc('"', out);
        fputc(*c, out);
    }
    if (quoted) fputc('"', out);
}

static void print_value(FILE *out, const json_t *value, bool first)
{
    char text[64] = "";
    if (json_is_real(value)) snprintf(text, sizeof text, "%.17g", json_real_value(value));
    if (json_is_integer(value)) snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value)) snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
    cb_csv_cell(out, json_is_string(value) ? json_string_value(value) : text, first);
}

static const char *const row_keys[] = {"name",
                                       "kernel",
                                       "contest",
                                       "implementation",
                                       "library",
                                       "isa",
                                       "team_threads",
                                       "cache",
                                       "verified",
                                       "iterations",
                                       "repetitions",
                                       "real_time",
                                       "cpu_time",
                                       "time_unit",
                                       "real_time_cv",
                                       "flops",
                                       "bytes",
                                       "FLOPS",
                                       "bytes_per_second",
                                       "peak_of",
                                       "share_of_peak",
                                       "share_of_ceiling",
                                       "bound",
                                       "ceiling_level",
                                       "images_per_second",
                                       "peak_memory_bytes"};
/* Of a comparison: its keys in the JSON, and what they are called here. */
static const char *const speed_up_keys[][2] = {{"ratio", "speed_up"},
                                               {"ratio_low", "speed_up_low"},
                                               {"ratio_high", "speed_up_high"},
                                               {"ours", "speed_up_of"},
                                               {"library_version", "library_version"}};
enum {
    ROW_KEYS = sizeof row_keys / sizeof *row_keys,
    SPEED_UP_KEYS = sizeof speed_up_keys / sizeof *speed_up_keys,
};

/* The names of all counted events, and what is derived from them, in their order. New reference. */
static json_t *events_of(const json_t *summary)
{
    size_t i;
    const json_t *row;
    json_t *events = json_object();
    json_array_foreach(summary, i, row) json_object_update_missing(events, json_object_get(row, "counters"));
    for (i = 0; json_object_get(json_array_get(summary, 0), "derived") && cb_derived_key(i, NULL); i++)
        if (!json_object_get(events, cb_derived_key(i, NULL)))
            json_object_set_new(events, cb_derived_key(i, NULL), json_null());
    return events;
}

static const json_t *event_value(const json_t *row, const char *event)
{
    const json_t *count = json_object_get(json_object_get(row, "counters"), event);
    return count ? json_object_get(count, "value") : json_object_get(json_object_get(row, "derived"), event);
}

void cb_rows_print_csv(const json_t *summary, const json_t *contests, FILE *out)
{
    size_t i;
    const char *event;
    json_t *row, *unused, *events = events_of(summary);
    for (size_t k = 0; k < ROW_KEYS; k++) cb_csv_cell(out, row_keys[k], k == 0);
    for (size_t k = 0; k < SPEED_UP_KEYS; k++) cb_csv_cell(out, speed_up_keys[k][1], false);
    json_object_foreach(events, event, unused) cb_csv_cell(out, event, false);
    fputc('\n', out);
    json_array_foreach((json_t *)summary, i, row)
    {
        const json_t *comparison = comparison_of(row, contests);
        for (size_t k = 0; k < ROW_KEYS; k++) print_value(out, json_object_get(row, row_keys[k]), k == 0);
        for (size_t k = 0; k < SPEED_UP_KEYS; k++)
            print_value(out, json_object_get(comparison, speed_up_keys[k][0]), false);
        json_object_foreach(events, event, unused) print_value(out, event_value(row, event), false);
        fputc('\n', out);
    }
    json_decref(events);
}

/* --- Markdown --- */

void cb_markdown_cell(FILE *out, const char *text)
{
    char printable[512];
    for (const char *c = cb_printable(printable, sizeof printable, text); *c; c++) {
        if (cb_markdown_is_escaped(c, (size_t)(c - printable))) fputc('\\', out);
        fputc(*c, out);
        fputs(cb_markdown_behind(c, (size_t)(c - printable)), out);
    }
}

static void print_cell(FILE *out, const char *text)
{
    cb_markdown_cell(out, text);
    fputs(" | ", out);
}

static void print_text(FILE *out, const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    print_cell(out, text ? text : "-");
}

static void print_number(FILE *out, const json_t *row, const char *key, double factor, int decimals, const char *unit)
{
    const json_t *value = json_object_get(row, key);
    char text[64] = "-";
    if (json_is_number(value)) snprintf(text, sizeof text, "%.*f%s", decimals, json_number_value(value) * factor, unit);
    print_cell(out, text);
}

/* "1.88 (1.80 to 1.95) by conv-avx2" */
static void print_speed_up(FILE *out, const json_t *comparison)
{
    char text[256] = "";
    const json_t *low = json_object_get(comparison, "ratio_low"), *high = json_object_get(comparison, "ratio_high");
    if (!comparison) {
        fputs("|\n", out);
        return;
    }
    int n = snprintf(text, sizeof text, "%.2f", json_number_value(json_object_get(comparison, "ratio")));
    if (json_is_number(low) && json_is_number(high))
        n += snprintf(text + n, sizeof text - (size_t)n, " (%.2f to %.2f)", json_number_value(low),
                      json_number_value(high));
    snprintf(text + n, sizeof text - (size_t)n, " by %s%s", json_string_value(json_object_get(comparison, "ours")),
             json_is_true(json_object_get(comparison, "library_below_this_cpu")) ? ", library below this CPU" : "");
    cb_markdown_cell(out, text);
    fputs(" |\n", out);
}

void cb_rows_print_markdown(const json_t *summary, const json_t *contests, const char *time_unit, FILE *out)
{
    size_t i;
    const json_t *row;
    fputs("| case | implementation | time | cv | GFLOP/s | GB/s | share of peak | share of roofline | bound | our "
          "speed-up |\n"
          "|---|---|--:|--:|--:|--:|--:|--:|---|---|\n",
          out);
    json_array_foreach(summary, i, row)
    {
        char time[32];
        cb_time_text(time, cb_row_seconds(row, "real_time"), time_unit);
        fputs("| ", out);
        print_text(out, row, "contest");
        print_text(out, row, "implementation");
        print_cell(out, time);
        print_number(out, row, "real_time_cv", 100, 1, " %");
        print_number(out, row, "FLOPS", 1e-9, 1, "");
        print_number(out, row, "bytes_per_second", 1e-9, 1, "");
        print_number(out, row, "share_of_peak", 100, 1, " %");
        print_number(out, row, "share_of_ceiling", 100, 1, " %");
        print_cell(out, cb_bound_text(row));
        print_speed_up(out, comparison_of(row, contests));
    }
}
