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

json_t *cb_bench_rows(const json_t *bench)
{
    json_t *rows = json_array(), *row;
    const json_t *all = json_object_get(bench, "benchmarks");
    size_t i;
    json_array_foreach((json_t *)all, i, row)
    {
        const json_t *repetitions = json_object_get(row, "repetitions");
        const bool single = !strcmp(text(row, "run_type"), "iteration") && json_integer_value(repetitions) <= 1;
        if (single || !strcmp(text(row, "aggregate_name"), "median")) cb_append(rows, json_incref(row));
    }
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

/* Where the first "key:value" begins, or the end. */
static size_t split(const char *contest)
{
    const char *colon = strchr(contest, ':');
    if (!colon) return strlen(contest);
    while (colon > contest && colon[-1] != '/') colon--;
    return (size_t)(colon - contest);
}

json_t *cb_operation_of(const char *contest)
{
    const size_t at = split(contest);
    return cb_sentence("%.*s", (int)(at && contest[at - 1] == '/' ? at - 1 : at), contest);
}

json_t *cb_shape_of(const char *contest)
{
    return cb_sentence("%s", contest + split(contest));
}
