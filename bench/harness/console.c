#include "console.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "derived.h"

/* 2 + 32, then nine columns: 120 in all. */
#define NAME "  %-32.32s"
static const char *const head[] = {"Time", "CPU", "Iterations", "cv", "GFLOP/s", "GB/s", "of peak", "of roof", "bound"};
static const int widths[] = {12, 12, 11, 7, 9, 8, 9, 9, 9};
enum { COLUMNS = sizeof widths / sizeof *widths };

void cb_console_head(void)
{
    printf(NAME, "case");
    for (size_t i = 0; i < COLUMNS; i++) printf("%*s", widths[i], head[i]);
    printf("\n");
}

void cb_console_case(const struct cb_case *the_case)
{
    printf("%s\n", the_case->name);
}

void cb_time_text(char text[32], double seconds, const char *unit)
{
    static const struct {
        const char *name;
        double per_second;
    } units[] = {{"s", 1}, {"ms", 1e3}, {"us", 1e6}, {"ns", 1e9}};
    enum { UNITS = sizeof units / sizeof *units };
    size_t i = 0;
    while (i + 1 < UNITS && (unit ? strcmp(unit, units[i].name) : seconds * units[i].per_second < 1)) i++;
    double value = seconds * units[i].per_second;
    if (isnan(seconds))
        snprintf(text, 32, "-");
    else if (value < 1) /* of the user's unit: all that it is has digits */
        snprintf(text, 32, "%.3g %s", value, units[i].name);
    else
        snprintf(text, 32, "%.*f %s", value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0, value, units[i].name);
}

static void print_time(double seconds, const char *unit, int width)
{
    char text[32];
    cb_time_text(text, seconds, unit);
    printf("%*s", width, text);
}

const char *cb_bound_text(const json_t *row)
{
    const char *bound = json_string_value(json_object_get(row, "bound"));
    const char *level = json_string_value(json_object_get(row, "ceiling_level"));
    return !bound || !level ? "-" : strcmp(bound, "memory") ? "compute" : level;
}

static void print_number(const json_t *row, const char *key, double factor, int decimals, const char *unit, int width)
{
    const json_t *value = json_object_get(row, key);
    char text[32] = "-";
    if (json_is_number(value)) snprintf(text, sizeof text, "%.*f%s", decimals, json_number_value(value) * factor, unit);
    printf("%*s", width, text);
}

void cb_console_row(const struct cb_implementation *implementation, const char *label, const json_t *row,
                    const char *time_unit)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", implementation->name, label ? " " : "", label ? label : "");
    printf(NAME, name);
    print_time(cb_row_seconds(row, "real_time"), time_unit, widths[0]);
    print_time(cb_row_seconds(row, "cpu_time"), time_unit, widths[1]);
    print_number(row, "iterations", 1, 0, "", widths[2]);
    print_number(row, "real_time_cv", 100, 1, "%", widths[3]);
    print_number(row, "FLOPS", 1e-9, 1, "", widths[4]);
    print_number(row, "bytes_per_second", 1e-9, 1, "", widths[5]);
    print_number(row, "share_of_peak", 100, 1, "%", widths[6]);
    print_number(row, "share_of_ceiling", 100, 1, "%", widths[7]);
    printf("%*s\n", widths[8], cb_bound_text(row));
    cb_flush_output();
}

void cb_console_step(const json_t *row)
{
    const json_t *bytes = json_object_get(row, "peak_memory_bytes");
    printf("      %.1f images/s, peak memory ", json_number_value(json_object_get(row, "images_per_second")));
    if (json_is_number(bytes))
        printf("%.0f MB\n", json_number_value(bytes) * 1e-6);
    else
        printf("not known: %s\n", json_string_value(json_object_get(row, "peak_memory_bytes_reason")));
    cb_flush_output();
}

static double number(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

void cb_console_profile(const json_t *profile, const json_t *row)
{
    size_t i;
    const json_t *operation;
    double all = 0, peak = number(row, "peak_FLOPS");
    json_array_foreach(json_object_get(profile, "operations"), i, operation) all += number(operation, "seconds");
    printf("      %-28s %10s %7s %9s %8s %7s\n", "where the time goes", "ms", "share", "GFLOP/s", "of peak", "calls");
    json_array_foreach(json_object_get(profile, "operations"), i, operation)
    {
        double seconds = number(operation, "seconds"), flops = number(operation, "flops");
        printf("      %-28s %10.3f %6.1f%%", json_string_value(json_object_get(operation, "name")), seconds * 1e3,
               100 * seconds / all);
        if (flops > 0 && seconds > 0)
            printf(" %9.1f %7.1f%%", flops / seconds * 1e-9, 100 * flops / seconds / peak);
        else
            printf(" %9s %8s", "-", "-");
        printf(" %7.0f\n", number(operation, "calls"));
    }
    printf("      threads: %.0f parallel regions; %.2f%% of their time in them waiting (start, imbalance, barrier)\n",
           number(profile, "parallel_regions"), 100 * number(profile, "waiting_share"));
    printf("      augmenting the batch, which is not part of the step: %.3f ms\n",
           1e3 * number(profile, "augmentation_seconds"));
    cb_flush_output();
}

void cb_console_counters(const json_t *counters)
{
    const char *event;
    json_t *count;
    size_t column = 0;
    json_object_foreach((json_t *)counters, event, count)
    {
        char text[128];
        const json_t *value = json_object_get(count, "value");
        if (!json_is_number(value)) continue;
        bool exact = json_is_true(json_object_get(count, "exact"));
        int n = exact ? snprintf(text, sizeof text, "%s %.0f (%s)", event, json_number_value(value),
                                 json_string_value(json_object_get(count, "source")))
                      : snprintf(text, sizeof text, "%s %.4g", event, json_number_value(value));
        if (column > 0 && column + 2 + (size_t)n > CB_CONSOLE_COLUMNS) {
            printf("\n");
            column = 0;
        }
        column += (size_t)printf("%s%s", column ? ", " : "      a call: ", text);
    }
    if (column > 0) printf("\n");
    const char *why = json_string_value(json_object_get(json_object_get(counters, "instructions"), "reason"));
    if (why) printf("      instructions are not counted: %.85s\n", why);
    cb_flush_output();
}

static bool is_asked_for(const char *group, const char *const *groups, size_t n_groups)
{
    bool asked = n_groups == 0;
    for (size_t i = 0; i < n_groups; i++) asked |= !strcmp(groups[i], group);
    return asked;
}

void cb_console_derived(const json_t *derived, const char *const *groups, size_t n_groups)
{
    size_t column = 0;
    const char *group, *told = "";
    for (size_t i = 0; cb_derived_key(i, &group); i++) {
        const char *key = cb_derived_key(i, NULL);
        const json_t *value = json_object_get(derived, key);
        if (!is_asked_for(group, groups, n_groups) || !json_is_number(value)) continue;
        const size_t width = strlen(key) + 12;
        if (column && column + width > CB_CONSOLE_COLUMNS) printf("\n");
        column = column + width > CB_CONSOLE_COLUMNS ? 0 : column;
        column += (size_t)printf("%s%s %.4g", column ? ", " : "      derived: ", key, json_number_value(value));
    }
    if (column) printf("\n");
    for (size_t i = 0; n_groups && cb_derived_key(i, &group); i++) {
        char key[64];
        snprintf(key, sizeof key, "%s_reason", cb_derived_key(i, NULL));
        const char *reason = json_string_value(json_object_get(derived, key));
        if (!reason || !strcmp(reason, told) || !is_asked_for(group, groups, n_groups)) continue;
        printf("      no %s: %.*s\n", cb_derived_key(i, NULL), (int)(CB_CONSOLE_COLUMNS - 11 - strlen(key) + 7),
               reason);
        told = reason;
    }
    cb_flush_output();
}

void cb_console_refusal(const struct cb_implementation *implementation, const char *what, const char *text)
{
    enum { ROOM = CB_CONSOLE_COLUMNS - 34 };
    char line[1200];
    snprintf(line, sizeof line, "%s: %s", what, text);
    const char *name = implementation->name;
    for (char *rest = line; *rest;) {
        size_t n = strlen(rest);
        if (n > ROOM) {
            n = ROOM;
            while (n > 1 && rest[n] != ' ') n--; /* a word longer than the line is cut */
            if (n == 1) n = ROOM;
        }
        printf(NAME "%.*s\n", name, (int)n, rest);
        rest += n;
        while (*rest == ' ') rest++;
        name = "";
    }
    cb_flush_output();
}

void cb_console_comparison(const char *library, const struct cb_comparison *v)
{
    char sides[256];
    int used = printf("  speed-up over %s%s%s: %.2f", library, v->version ? " " : "", v->version ? v->version : "",
                      v->ratio.ratio);
    if (v->ratio.interval) used += printf(" [%.2f to %.2f]", v->ratio.low, v->ratio.high);
    if (v->kernels) used += printf(" (its %s kernels: below this CPU's)", v->kernels);
    int n = snprintf(sides, sizeof sides, "%s, baseline", v->ours->name);
    for (size_t i = 0; i < v->n_parts; i++)
        n += snprintf(sides + n, sizeof sides - (size_t)n, "%s %s", i ? " +" : "", v->theirs[i]->name);
    printf(":%s%s\n", used + 2 + n > CB_CONSOLE_COLUMNS ? "\n    " : " ", sides);
    cb_flush_output();
}
