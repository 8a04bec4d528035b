#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "regress.h"

/* Time, by `cyclebench ab`: fresh processes of both builds in turn, bootstrap intervals, an exact rank test with Holm's
 * correction; and BASE against itself in the same way, which shows what this machine calls different that is not. */

/* What ab wrote; NULL: *status is its exit status. New reference. */
static json_t *compare(const char *program, const char *old, const char *new, const char *filter, const char *seed,
                       int *status)
{
    char *option = NULL;
    *status = -1;
    if (asprintf(&option, "--benchmark_filter=%s", filter) < 0) return NULL;
    const char *const argv[] = {program,        old,  new,    "--seed",    seed, "--json",
                                RG_RESULT_FILE, "--", option, "--threads", "1",  NULL};
    json_t *found = rg_run(argv, status);
    free(option);
    return found;
}

static double number_of(const json_t *one, const char *key)
{
    const json_t *value = json_object_get(one, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool is_verdict(const json_t *one, const char *verdict)
{
    const char *text = json_string_value(json_object_get(one, "verdict"));
    return text && !strcmp(text, verdict);
}

/* The median half-width of the control's intervals in percent; NaN: there are none. Counts its false alarms. */
static double noise_of(const json_t *control, size_t *cases, size_t *alarms)
{
    size_t i, n = 0;
    json_t *one, *all = json_object_get(control, "cases");
    double *half = malloc((json_array_size(all) + 1) * sizeof *half), noise = NAN;
    *cases = *alarms = 0;
    json_array_foreach(all, i, one)
    {
        double width = number_of(one, "ratio_high") - number_of(one, "ratio_low");
        if (half && isfinite(width)) half[n++] = width * 50;
        *cases += 1;
        *alarms += is_verdict(one, "slower") || is_verdict(one, "faster");
    }
    if (n) noise = cb_sort_median(half, n);
    free(half);
    return noise;
}

static void add_times(struct rg_result *result, const json_t *compared, bool gates)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(compared, "cases"), i, one)
    {
        struct rg_case c = {.kind = RG_TIME,
                            .name = json_string_value(json_object_get(one, "name")),
                            .source = "time",
                            .base = number_of(one, "old_median_seconds") * 1e9,
                            .head = number_of(one, "new_median_seconds") * 1e9,
                            .limit_percent = rg_soft_limit_percent,
                            .hard = gates};
        if (is_verdict(one, "not compared") || isnan(c.base) || isnan(c.head)) {
            c.verdict = gates && isnan(c.head) ? RG_SKIPPED : RG_NOT_COUNTED;
            c.reason = "not measured in all rounds on both sides";
        } else if (!is_verdict(one, "slower") && !is_verdict(one, "faster")) {
            c.by_chance = true;
        }
        if (c.name) rg_add(result, &c);
    }
}

enum cb_status rg_compare_times(struct rg_result *result, const char *base, const char *head, const char *filter,
                                bool gates, struct cb_error *err)
{
    char program[4096];
    size_t cases, alarms;
    int status = 0;
    snprintf(program, sizeof program, "%.4000s/cyclebench-ab", head);
    json_t *control = compare(program, base, base, filter, "2", &status);
    json_t *compared = control ? compare(program, base, head, filter, "1", &status) : NULL;
    if (!compared || !json_array_size(json_object_get(compared, "cases"))) {
        json_decref(control);
        json_decref(compared);
        if (gates) return cb_fail(err, CB_FAILED, "--time: not compared: cyclebench ab ended with status %d", status);
        rg_note(result, "time: not compared: cyclebench ab ended with status %d", status);
        return CB_OK;
    }
    double noise = noise_of(control, &cases, &alarms);
    result->too_noisy = !(noise <= rg_soft_limit_percent);
    rg_note(result,
            "time: BASE against itself: %zu of %zu cases called different; half of the intervals are wider than "
            "+-%.2f %%, and what counts is %g %%%s",
            alarms, cases, noise, rg_soft_limit_percent,
            result->too_noisy ? ": too noisy for a verdict, so time does not fail" : "");
    add_times(result, compared, gates && !result->too_noisy);
    json_decref(control);
    json_decref(compared);
    return CB_OK;
}
