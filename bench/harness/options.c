#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "counter_choice.h"
#include "gbench.h"
#include "instruments.h"
#include "options_help.h"

/* name: NULL for the environment's. */
static enum cb_status want_isa(bool wanted[CB_ISA_COUNT], const char *name, struct cb_error *err)
{
    enum cb_status status = cb_isa_select(name, err);
    if (!status) wanted[cb_isa_selected()] = true;
    return status;
}

static enum cb_status list_isas(bool wanted[CB_ISA_COUNT], const char *list, struct cb_error *err)
{
    char copy[64];
    if (!*list || (size_t)snprintf(copy, sizeof copy, "%s", list) >= sizeof copy)
        return cb_fail(err, CB_BAD_INPUT, "--isa: expected a list like avx2,avx512, got '%.64s'", list);
    enum cb_status status = CB_OK;
    for (char *rest = copy; rest && !status;) {
        const char *name = strsep(&rest, ",");
        status = want_isa(wanted, *name ? name : "(nothing)", err); /* "" would mean the best */
    }
    return status;
}

/* list: the value of --isa, or NULL. */
static enum cb_status parse_isas(struct cb_bench_options *o, const char *list, struct cb_error *err)
{
    bool wanted[CB_ISA_COUNT] = {false}, any = false, all = list && !strcmp(list, "all");
    const char *cap = getenv("CYCLEBENCH_ISA");
    enum cb_status status = CB_OK;
    if (list && !all)
        status = list_isas(wanted, list, err);
    else if (!list && cap && *cap)
        status = want_isa(wanted, NULL, err);
    else
        for (enum cb_isa i = CB_ISA_SCALAR + 1; i < CB_ISA_COUNT; i++) wanted[i] = cb_isa_available(i);
    for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT; i++) any = any || wanted[i];
    if (all || !any) wanted[CB_ISA_SCALAR] = true;
    for (enum cb_isa i = CB_ISA_SCALAR; i < CB_ISA_COUNT && !status; i++)
        if (wanted[i]) o->isa[o->n_isas++] = i;
    return status;
}

static enum cb_status parse_threads(struct cb_bench_options *o, const char *list, struct cb_error *err)
{
    char copy[128];
    if ((size_t)snprintf(copy, sizeof copy, "%s", list) >= sizeof copy)
        return cb_fail(err, CB_BAD_INPUT, "--threads: expected a list like 1,2, got '%.64s...'", list);
    enum cb_status status = CB_OK;
    o->n_threads = 0;
    for (char *rest = copy; rest && !status;) {
        if (o->n_threads == CB_MAX_TEAMS)
            return cb_fail(err, CB_BAD_INPUT, "--threads: more than %d numbers", CB_MAX_TEAMS);
        size_t n, i = 0;
        status = cb_parse_count("--threads", strsep(&rest, ","), 4096, &n, err);
        while (i < o->n_threads && !status && o->threads[i] != n) i++;
        if (!status && i == o->n_threads) o->threads[o->n_threads++] = n;
    }
    return status;
}

static enum cb_status parse_cache(struct cb_bench_options *o, const char *state, struct cb_error *err)
{
    bool both = !strcmp(state, "both");
    o->warm = both || !strcmp(state, "warm");
    o->cold = both || !strcmp(state, "cold");
    if (o->warm || o->cold) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--cache: expected warm, cold or both, got '%s'", state);
}

static enum cb_status parse_format(struct cb_bench_options *o, const char *form, struct cb_error *err)
{
    o->format = !strcmp(form, "csv") ? CB_FORMAT_CSV : !strcmp(form, "markdown") ? CB_FORMAT_MARKDOWN : o->format;
    if (o->format > CB_FORMAT_JSON) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "--format: expected csv or markdown, got '%s'; --benchmark_format=json for JSON",
                   form);
}

/* --format is one table of medians. */
static enum cb_status check_format(struct cb_bench_options *o, struct cb_error *err)
{
    if (o->format == CB_FORMAT_CONSOLE && o->google.json) o->format = CB_FORMAT_JSON;
    if (o->format <= CB_FORMAT_JSON) return CB_OK;
    const char *other = o->google.json       ? "--benchmark_format=json"
                        : o->google.all_rows ? "--benchmark_display_aggregates_only=false"
                        : o->ceilings        ? "--ceilings"
                                             : NULL;
    return other ? cb_fail(err, CB_BAD_INPUT, "--format prints the medians of cases: leave out %s%s", other,
                           o->google.all_rows ? ", --benchmark_out has all repetitions" : "")
                 : CB_OK;
}

static enum cb_status take_group(struct cb_bench_options *o, const char *name, struct cb_error *err)
{
    const struct cb_event_group *group;
    const enum cb_status status = cb_choose_group(name, &group, err);
    o->perf = true;
    for (size_t i = 0; i < o->n_groups && !status; i++)
        if (!strcmp(o->group[i], group->name)) return CB_OK;
    if (!status && o->n_groups < CB_MAX_GROUPS) o->group[o->n_groups++] = group->name;
    return status;
}

static enum cb_status append(const char *list[CB_MAX_SHAPE_FILES], size_t *n, const char *option, struct cb_error *err)
{
    if (*n == CB_MAX_SHAPE_FILES)
        return cb_fail(err, CB_BAD_INPUT, "%s: given more than %d times", option, CB_MAX_SHAPE_FILES);
    list[(*n)++] = optarg;
    return CB_OK;
}

enum {
    ISA = 256,
    THREADS,
    BATCH,
    CACHE,
    ITERATIONS,
    NO_PEERS,
    SHAPE,
    SHAPES,
    PROFILE,
    SUMMARY,
    CEILINGS,
    PERF,
    EVENTS,
    GROUP,
    FORMAT,
    OVERSUBSCRIBE
};

static const struct option names[] = {
    {"isa", required_argument, NULL, ISA},
    {"threads", required_argument, NULL, THREADS},
    {"batch", required_argument, NULL, BATCH},
    {"cache", required_argument, NULL, CACHE},
    {"iterations", required_argument, NULL, ITERATIONS},
    {"no-peers", no_argument, NULL, NO_PEERS},
    {"profile", no_argument, NULL, PROFILE},
    {"shape", required_argument, NULL, SHAPE},
    {"shapes", required_argument, NULL, SHAPES},
    {"summary", required_argument, NULL, SUMMARY},
    {"ceilings", no_argument, NULL, CEILINGS},
    {"perf", no_argument, NULL, PERF},
    {"events", required_argument, NULL, EVENTS},
    {"group", required_argument, NULL, GROUP},
    {"format", required_argument, NULL, FORMAT},
    {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
    {0},
};

static enum cb_status take(struct cb_bench_options *o, int option, const char **isas, struct cb_error *err)
{
    switch (option) {
    case ISA:
        *isas = optarg;
        return CB_OK;
    case THREADS:
        return parse_threads(o, optarg, err);
    case BATCH:
        return cb_parse_count("--batch", optarg, 4096, &o->batch, err);
    case CACHE:
        return parse_cache(o, optarg, err);
    case ITERATIONS:
        return cb_parse_count("--iterations", optarg, 1000000000, &o->iterations, err);
    case NO_PEERS:
        o->peers = false;
        return CB_OK;
    case SHAPE:
        return append(o->line, &o->n_lines, "--shape", err);
    case SHAPES:
        return append(o->shapes, &o->n_shapes, "--shapes", err);
    case PROFILE:
        o->profile = true;
        return CB_OK;
    case SUMMARY:
        o->summary = optarg;
        return CB_OK;
    case CEILINGS:
        o->ceilings = true;
        return CB_OK;
    case PERF:
        o->perf = true;
        return CB_OK;
    case EVENTS:
        o->perf = true;
        return cb_choose_events("--events", optarg, err);
    case GROUP:
        return take_group(o, optarg, err);
    case FORMAT:
        return parse_format(o, optarg, err);
    case OVERSUBSCRIBE:
        o->oversubscribe = true;
        return CB_OK;
    default: /* getopt would print a message of its own, without our name */
        return cb_fail(err, CB_BAD_INPUT, "%s '%s'; --help lists the options",
                       option == ':' ? "no value after" : "unknown option", o->google.argv[optind - 1]);
    }
}

enum cb_status cb_bench_options_parse(struct cb_bench_options *o, int argc, char **argv, struct cb_error *err)
{
    *o = (struct cb_bench_options){.warm = true, .peers = true};
    enum cb_status status = cb_google_flags_take(&o->google, argc, argv, err);
    if (status) return status;
    cb_gbench_initialize(&o->google.argc, o->google.argv, o->google.list, cb_bench_print_usage);
    cb_gbench_times(o->google.min_time_s, o->google.min_warmup_s);
    const char *isas = NULL;
    opterr = 0;
    for (int c; !status && (c = getopt_long(o->google.argc, o->google.argv, ":", names, NULL)) != -1;)
        status = take(o, c, &isas, err);
    if (!status && optind < o->google.argc)
        status =
            cb_fail(err, CB_BAD_INPUT, "unexpected argument '%s'; --help lists the options", o->google.argv[optind]);
    if (!status) status = check_format(o, err);
    if (!status) status = parse_isas(o, isas, err);
    if (!status && o->n_threads == 0) {
        size_t threads = cb_default_threads(&o->threads_reason);
        if (o->ceilings && threads > 1) o->threads[o->n_threads++] = 1; /* also what one core can do */
        o->threads[o->n_threads++] = threads;
    }
    for (size_t i = 0; i < o->n_threads && !status; i++)
        status =
            cb_check_threads(o->threads[i], o->threads_reason ? o->threads_reason : "--threads", o->oversubscribe, err);
    return status;
}
