#include "google_flags.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench.h"

/* The value of --name or --name=value; NULL: another argument. */
static const char *value_of(const char *argument, const char *name)
{
    size_t len = strlen(name);
    if (strncmp(argument, "--", 2) || strncmp(argument + 2, name, len)) return NULL;
    const char *rest = argument + 2 + len;
    return *rest == '=' ? rest + 1 : *rest ? NULL : "";
}

/* As the library reads flags: "benchmark_out" is BENCHMARK_OUT in the environment. */
static const char *environment(const char *name)
{
    char variable[64];
    size_t i = 0;
    for (; name[i] && i + 1 < sizeof variable; i++) variable[i] = (char)toupper((unsigned char)name[i]);
    variable[i] = '\0';
    return getenv(variable);
}

/* The last one given; NULL: none. */
static const char *given(const char *name, int argc, char **argv)
{
    const char *value = NULL;
    for (int i = 1; i < argc; i++) {
        const char *v = value_of(argv[i], name);
        if (v) value = v;
    }
    return value ? value : environment(name);
}

static bool is_true(const char *value)
{
    static const char *const no[] = {"0", "f", "n", "false", "no", "off"};
    for (size_t i = 0; value && i < sizeof no / sizeof *no; i++)
        if (!strcasecmp(value, no[i])) return false;
    return value != NULL;
}

static enum cb_status expect_one_of(const char *name, const char *value, const char *const *words, const char *why,
                                    struct cb_error *err)
{
    char list[64] = "";
    if (!value) return CB_OK;
    for (size_t i = 0; words[i]; i++) {
        if (!strcmp(value, words[i])) return CB_OK;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
    }
    return cb_fail(err, CB_BAD_INPUT, "--%s: expected %s, got '%s'%s", name, list, value, why);
}

/* As a plain number or, as since Google Benchmark 1.8, with an s. */
static enum cb_status read_seconds(const char *name, const char *value, double *seconds, struct cb_error *err)
{
    char *end;
    if (!value) return CB_OK;
    *seconds = strtod(value, &end);
    const char *calls = end != value && !strcmp(end, "x") ? "; --iterations N fixes the number of calls" : "";
    if (end != value && (!*end || !strcmp(end, "s")) && isfinite(*seconds) && *seconds >= 0) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--%s: expected seconds, as in 0.1 or 0.1s, got '%s'%s", name, value, calls);
}

/* There is no colour to switch on. */
static enum cb_status expect_no_colour(const char *value, struct cb_error *err)
{
    if (!value || !strcmp(value, "auto") || !is_true(value)) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--benchmark_color: expected auto or false, got '%s': the table has no colours",
                   value);
}

static enum cb_status expect_repetitions(const char *value, struct cb_error *err)
{
    if (!value) return CB_OK;
    char *end;
    long n = strtol(value, &end, 10);
    if (end != value && !*end && n >= 1 && n <= CB_MAX_REPETITIONS) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--benchmark_repetitions: expected 1 to %d, got '%s'", CB_MAX_REPETITIONS, value);
}

static enum cb_status check(int argc, char **argv, struct cb_error *err)
{
    static const char *const formats[] = {"console", "json", NULL}, *const out_formats[] = {"json", NULL};
    static const char *const units[] = {"ns", "us", "ms", "s", NULL};
    static const char *const no_csv = "; --format csv prints CSV";
    const char *out = given("benchmark_out", argc, argv);
    enum cb_status status =
        expect_one_of("benchmark_format", given("benchmark_format", argc, argv), formats, no_csv, err);
    if (!status)
        status = expect_one_of("benchmark_out_format", given("benchmark_out_format", argc, argv), out_formats, "", err);
    if (!status)
        status = expect_one_of("benchmark_time_unit", given("benchmark_time_unit", argc, argv), units, "", err);
    if (!status) status = expect_no_colour(given("benchmark_color", argc, argv), err);
    if (!status) status = expect_repetitions(given("benchmark_repetitions", argc, argv), err);
    if (!status && out && !*out)
        status = cb_fail(err, CB_BAD_INPUT, "--benchmark_out: expected the name of a file, got nothing");
    const char *counters = given("benchmark_perf_counters", argc, argv);
    if (!status && counters && *counters)
        status =
            cb_fail(err, CB_UNAVAILABLE, "--benchmark_perf_counters: Google Benchmark is built without libpfm here");
    return status;
}

static bool is_ours(const char *argument)
{
    static const char *const names[] = {"benchmark_out",
                                        "benchmark_out_format",
                                        "benchmark_format",
                                        "benchmark_display_aggregates_only",
                                        "benchmark_report_aggregates_only",
                                        "benchmark_color",
                                        "benchmark_min_time",
                                        "benchmark_min_warmup_time"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (value_of(argument, names[i])) return true;
    return false;
}

enum cb_status cb_google_flags_take(struct cb_google_flags *flags, int argc, char **argv, struct cb_error *err)
{
    static const char *const defaults[][2] = {{"benchmark_repetitions", CB_DEFAULT_REPETITIONS},
                                              {"benchmark_enable_random_interleaving", "true"}};
    /* Those of the environment are as effective. */
    static const char *const overrides[] = {"--benchmark_out=", "--benchmark_format=console",
                                            "--benchmark_out_format=json", "--benchmark_report_aggregates_only=false",
                                            "--benchmark_display_aggregates_only=false"};
    double min_time_s = strtod(CB_DEFAULT_MIN_TIME, NULL), warmup_s = 0;
    enum { DEFAULTS = sizeof defaults / sizeof *defaults, OVERRIDES = sizeof overrides / sizeof *overrides };
    static char text[DEFAULTS][64];
    enum cb_status status = check(argc, argv, err);
    const char *repetitions = given("benchmark_repetitions", argc, argv);
    if (!status) status = read_seconds("benchmark_min_time", given("benchmark_min_time", argc, argv), &min_time_s, err);
    if (!status)
        status =
            read_seconds("benchmark_min_warmup_time", given("benchmark_min_warmup_time", argc, argv), &warmup_s, err);
    if (status) return status;
    const char *format = given("benchmark_format", argc, argv),
               *rows = given("benchmark_display_aggregates_only", argc, argv);
    *flags = (struct cb_google_flags){
        .out = given("benchmark_out", argc, argv),
        .filter = given("benchmark_filter", argc, argv),
        .time_unit = given("benchmark_time_unit", argc, argv),
        .json = format && !strcmp(format, "json"),
        .list = is_true(given("benchmark_list_tests", argc, argv)),
        .all_rows = rows && !is_true(rows),
        .aggregates_only = is_true(given("benchmark_report_aggregates_only", argc, argv)),
        .min_time_s = min_time_s,
        .min_warmup_s = warmup_s,
        .repetitions = (size_t)strtoul(repetitions ? repetitions : CB_DEFAULT_REPETITIONS, NULL, 10),
        .argv = calloc((size_t)argc + DEFAULTS + OVERRIDES + 1, sizeof(char *)),
    };
    if (!flags->argv) return cb_fail(err, CB_NO_MEMORY, "out of memory for the arguments");
    flags->argv[flags->argc++] = argv[0];
    for (size_t i = 0; i < DEFAULTS; i++) {
        if (environment(defaults[i][0])) continue;
        snprintf(text[i], sizeof text[i], "--%s=%s", defaults[i][0], defaults[i][1]);
        flags->argv[flags->argc++] = text[i];
    }
    for (int i = 1; i < argc; i++)
        if (!is_ours(argv[i])) flags->argv[flags->argc++] = argv[i];
    for (size_t i = 0; i < OVERRIDES; i++) flags->argv[flags->argc++] = (char *)overrides[i];
    return CB_OK;
}
