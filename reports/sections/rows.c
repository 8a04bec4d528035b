#include "rows.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../lib/values.h"

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static bool is_median(const json_t *row)
{
    return !strcmp(text(row, "aggregate_name"), "median");
}

/* Whether the row is the middle one of repetitions that have no median, as those of a case that was interrupted. */
static bool is_middle(const json_t *all, const json_t *row)
{
    const double own = cb_row_seconds(row);
    size_t i, before = 0, count = 0;
    bool passed = false;
    json_t *other;
    if (strcmp(text(row, "run_type"), "iteration")) return false;
    json_array_foreach((json_t *)all, i, other)
    {
        if (strcmp(text(other, "run_name"), text(row, "run_name"))) continue;
        if (is_median(other)) return false;
        if (strcmp(text(other, "run_type"), "iteration")) continue;
        const double seconds = cb_row_seconds(other);
        passed = passed || other == row;
        before += seconds < own || (seconds == own && !passed);
        count++;
    }
    return before == (count - 1) / 2;
}

json_t *cb_bench_rows(const json_t *bench)
{
    json_t *rows = json_array(), *row;
    const json_t *all = json_object_get(bench, "benchmarks");
    size_t i;
    json_array_foreach((json_t *)all, i, row) if (is_median(row) || is_middle(all, row))
        cb_append(rows, json_incref(row));
    return rows;
}

json_t *cb_row_implementation(const json_t *row)
{
    const char *name = text(row, "run_name"), *contest = text(row, "contest");
    const size_t length = strlen(contest);
    if (strncmp(name, contest, length) || name[length] != '/') return cb_sentence("%s", name);
    name += length + 1;
    return cb_sentence("%.*s", (int)strcspn(name, "/"), name);
}

double cb_row_seconds(const json_t *row)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    const json_t *time = json_object_get(row, "real_time");
    for (size_t i = 0; json_is_number(time) && i < sizeof units / sizeof *units; i++)
        if (!strcmp(text(row, "time_unit"), units[i].name)) return json_number_value(time) * units[i].seconds;
    return (double)NAN;
}

json_t *cb_operation_of(const char *contest)
{
    return cb_sentence("%.*s", (int)strcspn(contest, "/"), contest);
}

json_t *cb_shape_of(const char *contest)
{
    contest += strcspn(contest, "/");
    return cb_sentence("%s", contest + (*contest == '/'));
}

/* Part i of "a/b/c"; its length is 0 behind the last. */
static const char *part(const char *name, size_t i, size_t *length)
{
    for (; i && *name; i--) {
        name += strcspn(name, "/");
        name += *name == '/';
    }
    *length = strcspn(name, "/");
    return name;
}

static size_t count_parts(const char *name)
{
    size_t count = 1;
    for (; *name; name++) count += *name == '/';
    return count;
}

/* Whether all names have the same part i. */
static bool is_common(const json_t *names, size_t i)
{
    size_t length, other;
    const char *first = part(json_string_value(json_array_get(names, 0)), i, &length);
    for (size_t n = 1; n < json_array_size(names); n++) {
        const char *own = part(json_string_value(json_array_get(names, n)), i, &other);
        if (other != length || strncmp(own, first, length)) return false;
    }
    return true;
}

/* The parts of a name that are common, or those that are not. */
static json_t *parts_of(const json_t *names, const char *name, bool common)
{
    json_t *parts = json_array();
    for (size_t i = 0, length; i < count_parts(name); i++) {
        const char *text = part(name, i, &length);
        if (is_common(names, i) == common) cb_append(parts, cb_sentence("%.*s", (int)length, text));
    }
    json_t *joined = cb_joined_by(parts, " ");
    json_decref(parts);
    return joined;
}

json_t *cb_without_common_parts(const json_t *names, json_t **common)
{
    json_t *shorter = json_array(), *name;
    bool alike = json_array_size(names) > 1;
    size_t i;
    json_array_foreach((json_t *)names, i, name) alike =
        alike && count_parts(json_string_value(name)) == count_parts(json_string_value(json_array_get(names, 0)));
    *common = alike ? parts_of(names, json_string_value(json_array_get(names, 0)), true) : cb_sentence("%s", "");
    json_array_foreach((json_t *)names, i, name)
        cb_append(shorter, alike ? parts_of(names, json_string_value(name), false) : json_incref(name));
    return shorter;
}
