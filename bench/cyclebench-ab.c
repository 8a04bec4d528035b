/* cyclebench ab: two builds compared, or one with itself, by interleaved runs of cyclebench bench. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ab.h"
#include "ab_program.h"
#include "ab_report.h"
#include "bench.h"
#include "core/isa.h"
#include "core/random.h"
#include "document.h"
#include "google_flags.h"
#include "instruments.h"
#include "interrupt.h"
#include "json_text.h"
#include "placement.h"
#include "progress.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2, EXIT_SLOWER = 3, MAX_SEED = 1000000000 };

static const char usage[] =
    "Usage: cyclebench ab OLD NEW [--rounds N] [--seed N] [--json FILE] [-- options of cyclebench bench]\n"
    "\n"
    "Compares two builds, or one with itself, case by case. In each round both run once, each in a process of its own "
    "and\n"
    "in random order, as repetitions within one process are alike in ways that two processes are not. OLD and NEW are "
    "each\n"
    "a cyclebench, a cyclebench-bench or the folder of a build.\n"
    "\n"
    "  --rounds N     5 to 40 (default 10, or as many as it takes to find one of so many cases different)\n"
    "  --seed N       of the order (default 1)\n"
    "  --json FILE    also all samples and verdicts as JSON\n"
    "  --help         this text\n"
    "\n"
    "Behind -- the cases are chosen and timed, the same on both sides, as in -- --benchmark_filter=gemm --threads 1. "
    "Before\n"
    "them come --no-peers and --benchmark_repetitions=3, behind them --summary: the sample of a round is the median of "
    "its\n"
    "repetitions. 'old/new' is the ratio of the medians over the rounds with a bootstrap interval: above 1 NEW is "
    "faster.\n"
    "Faster and slower is what an exact rank test with Holm's correction for the number of cases finds: the chance "
    "that\n"
    "any case at all of two equal builds is called different is at most 5 %. bench/README.md, Methodology, says more.\n"
    "\n"
    "Exit status: 0 no case is slower, 1 failure at run time (of a program compared, too), 2 wrong usage or input, "
    "also\n"
    "too few --rounds for so many cases, 3 NEW is slower in a case at least, 128 + its number after a signal, with "
    "what "
    "the\n"
    "complete rounds show.\n";

struct options {
    const char *json;    /* NULL: none */
    size_t rounds, seed; /* rounds 0: not given */
};

enum { DEFAULT_ROUNDS = 10 };

static const char *const side_names[CB_BUILDS] = {"old", "new"};

struct comparison {
    struct options options;
    struct cb_ab_program program[CB_BUILDS];
    size_t rounds; /* that are to be */
    struct cb_ab ab;
    json_t *machine;          /* before the first round */
    json_t *about[CB_BUILDS]; /* from the first result of each */
    json_t *order;            /* which side came first in each round */
};

/* --- rounds --- */

static json_t *describe_program(const struct cb_ab_program *program, const json_t *result)
{
    static const char *const keys[] = {"version", "commit",         "compiler",  "flags",       "build_type",
                                       "threads", "threads_reason", "placement", "isa_selected"};
    const json_t *machine = json_object_get(result, "machine");
    json_t *about = json_pack("{s:o}", "path", cb_json_text(program->path));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char reason[64];
        json_t *value = json_object_get(machine, keys[i]);
        snprintf(reason, sizeof reason, "%s_reason", keys[i]);
        json_object_set_new(about, keys[i], value ? json_incref(value) : json_null());
        if (!value) json_object_set_new(about, reason, json_string("its results do not tell"));
    }
    return about;
}

static enum cb_status blame(const struct comparison *c, enum cb_ab_side side, const char *when, enum cb_status status,
                            const struct cb_error *why, struct cb_error *err)
{
    return cb_fail(err, status, "%s: %.256s: %s: %.600s", side_names[side], c->program[side].path, when, why->text);
}

/* Both sides, or nothing of the round is kept. */
static enum cb_status run_round(struct comparison *c, enum cb_ab_side first, size_t round, struct cb_error *err)
{
    json_t *result[CB_BUILDS] = {NULL, NULL};
    struct cb_error why;
    char when[32];
    enum cb_status status = CB_OK;
    snprintf(when, sizeof when, "round %zu", round + 1);
    for (int i = 0; i < CB_BUILDS && !status && !cb_interrupt_signal(); i++) {
        enum cb_ab_side side = i == 0 ? first : !first;
        status = cb_ab_program_run(&c->program[side], &result[side], &why);
        if (status && !cb_interrupt_signal()) blame(c, side, when, status, &why, err);
    }
    for (enum cb_ab_side side = CB_OLD_BUILD; side < CB_BUILDS && !status && !cb_interrupt_signal(); side++) {
        status = cb_ab_add(&c->ab, side, round, result[side], &why);
        if (status) blame(c, side, when, status, &why, err);
        if (!status && round == 0) c->about[side] = describe_program(&c->program[side], result[side]);
    }
    for (int side = 0; side < CB_BUILDS; side++) json_decref(result[side]);
    return status;
}

/* Of two rounds in a row one begins with each side, by chance which: being the second costs both the same. */
static enum cb_ab_side first_side(size_t seed, size_t round)
{
    uint32_t bits[4];
    cb_random_bits(seed, CB_RANDOM_SHUFFLE, (uint32_t)(round / 2), 0, bits);
    return (bits[0] ^ round) & 1 ? CB_NEW_BUILD : CB_OLD_BUILD;
}

static enum cb_status run_rounds(struct comparison *c, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    bool watched = isatty(STDERR_FILENO);
    double start_s = cb_now_s();
    size_t round = 0;
    for (; round < c->rounds && !status && !cb_interrupt_signal(); round++) {
        char text[96];
        enum cb_ab_side first = first_side(c->options.seed, round);
        cb_progress_text(text, sizeof text, "round", round + 1, c->rounds, round, cb_now_s() - start_s);
        if (watched) fprintf(stderr, "%s\n", text);
        status = run_round(c, first, round, err);
        if (cb_interrupt_signal()) break;
        json_array_append_new(c->order, json_string(side_names[first]));
    }
    if (!cb_interrupt_signal()) return status;
    c->ab.rounds = round;
    return CB_OK;
}

/* --- before the rounds --- */

static enum cb_status count_cases(const struct comparison *c, size_t *cases, struct cb_error *err)
{
    char *names[CB_BUILDS] = {NULL, NULL};
    struct cb_error why;
    enum cb_status status = CB_OK;
    for (enum cb_ab_side side = CB_OLD_BUILD; side < CB_BUILDS && !status; side++) {
        status = cb_ab_program_list(&c->program[side], &names[side], &why);
        if (status) blame(c, side, "the list of its cases", status, &why, err);
    }
    if (!status) *cases = cb_ab_common_lines(names[CB_OLD_BUILD], names[CB_NEW_BUILD]);
    if (!status && !*cases) status = cb_fail(err, CB_FAILED, "no case is on both sides");
    for (int side = 0; side < CB_BUILDS; side++) free(names[side]);
    return status;
}

static enum cb_status choose_rounds(struct comparison *c, size_t cases, struct cb_error *err)
{
    size_t needed = cb_ab_rounds_needed(cases), asked = c->options.rounds;
    if (asked && asked < needed)
        return cb_fail(err, CB_BAD_INPUT,
                       "--rounds: %zu are too few to find a difference among %zu cases: it takes %zu, or fewer cases "
                       "(-- --benchmark_filter)",
                       asked, cases, needed);
    c->rounds = asked ? asked : needed > DEFAULT_ROUNDS ? needed : DEFAULT_ROUNDS;
    if (c->rounds > DEFAULT_ROUNDS && !asked)
        fprintf(stderr, "cyclebench ab: %zu rounds, as %d are too few to find a difference among %zu cases\n",
                c->rounds, DEFAULT_ROUNDS, cases);
    c->ab.rounds = c->rounds;
    return CB_OK;
}

/* What the programs will take at least, by the same options. */
static enum cb_status tell_expected(const struct comparison *c, size_t cases, char *const *bench_options, size_t n,
                                    struct cb_error *err)
{
    static char name[] = "ab", repetitions[] = "--benchmark_repetitions=3";
    struct cb_google_flags flags = {0};
    char least[32];
    char **argv = calloc(n + 3, sizeof *argv);
    if (!argv) return cb_fail(err, CB_NO_MEMORY, "out of memory for the options");
    argv[0] = name;
    argv[1] = repetitions;
    for (size_t i = 0; i < n; i++) argv[2 + i] = bench_options[i];
    enum cb_status status = cb_google_flags_take(&flags, (int)n + 2, argv, err);
    double seconds = cb_expected_s(cases, flags.repetitions, flags.min_time_s) * CB_BUILDS * (double)c->rounds;
    for (size_t i = 0; i < n; i++)
        if (!strncmp(bench_options[i], "--iterations", 12)) seconds = 0;
    cb_duration_text(least, sizeof least, seconds);
    if (!status)
        fprintf(stderr, "%zu cases, %zu rounds of both builds%s%s\n", cases, c->rounds,
                seconds > 0 ? ": at least " : "", seconds > 0 ? least : "");
    free(flags.argv);
    free(argv);
    return status;
}

/* --- results --- */

static json_t *document(const struct comparison *c, char *const *bench_options, size_t n)
{
    json_t *options = json_array(), *found = cb_ab_json(&c->ab), *about[CB_BUILDS];
    for (int side = 0; side < CB_BUILDS; side++)
        about[side] = c->about[side] ? json_incref(c->about[side]) : describe_program(&c->program[side], NULL);
    for (size_t i = 0; i < n; i++) json_array_append_new(options, cb_json_text(bench_options[i]));
    json_t *root =
        json_pack("{s:O, s:O, s:O, s:o, s:I, s:I, s:b, s:I, s:O}", "machine", c->machine, "old", about[CB_OLD_BUILD],
                  "new", about[CB_NEW_BUILD], "options", options, "rounds", (json_int_t)c->ab.rounds, "rounds_planned",
                  (json_int_t)c->rounds, "interrupted", cb_interrupt_signal() != 0, "seed", (json_int_t)c->options.seed,
                  "first_of_round", c->order);
    for (int side = 0; side < CB_BUILDS; side++) json_decref(about[side]);
    if (root) json_object_update(root, found);
    json_decref(found);
    return root;
}

static const char *text_of(const json_t *about, const char *key)
{
    const char *text = json_string_value(json_object_get(about, key));
    return text ? text : "unknown";
}

static void print_head(const struct comparison *c)
{
    size_t i;
    const json_t *warning;
    json_int_t threads = json_integer_value(json_object_get(c->about[CB_OLD_BUILD], "threads"));
    printf("# %s\n", cb_machine_line(threads > 0 ? (size_t)threads : cb_default_threads(NULL)));
    json_array_foreach(json_object_get(c->machine, "warnings"), i, warning)
        printf("# warning: %s: %s\n", text_of(warning, "subject"), text_of(warning, "finding"));
    for (int side = 0; side < CB_BUILDS; side++)
        printf("# %s: %s: commit %s, %s\n", side_names[side], c->program[side].path, text_of(c->about[side], "commit"),
               text_of(c->about[side], "compiler"));
    printf("# %zu rounds, seed %zu. Medians of the rounds. A case's full name: the line above it, '/', its first "
           "column.\n",
           c->ab.rounds, c->options.seed);
    if (cb_interrupt_signal()) printf("# Interrupted: %zu of %zu rounds were complete.\n", c->ab.rounds, c->rounds);
}

/* --- the program --- */

static enum cb_status parse(struct options *o, int argc, char **argv, struct cb_error *err)
{
    static const struct option names[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    enum cb_status status = CB_OK;
    *o = (struct options){.seed = 1};
    opterr = 0;
    for (int option; !status && (option = getopt_long(argc, argv, ":h", names, NULL)) != -1;) {
        switch (option) {
        case 'r':
            status = cb_parse_count("--rounds", optarg, CB_RANK_MAX, &o->rounds, err);
            break;
        case 's':
            status = cb_parse_count("--seed", optarg, MAX_SEED, &o->seed, err);
            break;
        case 'j':
            o->json = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(cb_end_after_output("cyclebench ab"));
        default:
            status = cb_fail(err, CB_BAD_INPUT, "%s '%s'; --help lists the options, those of bench stand behind --",
                             option == ':' ? "no value after" : "unknown option", argv[optind - 1]);
        }
    }
    if (status) return status;
    if (o->rounds && o->rounds < CB_INTERVAL_REPETITIONS)
        return cb_fail(err, CB_BAD_INPUT, "--rounds: expected %d or more, got %zu: fewer give no interval",
                       CB_INTERVAL_REPETITIONS, o->rounds);
    if (argc - optind != CB_BUILDS)
        return cb_fail(err, CB_BAD_INPUT, "expected two programs to compare, got %d; --help says more", argc - optind);
    return cb_document_check("--json", o->json, err);
}

/* The programs run where this one was allowed to, with CYCLEBENCH_EXEC_PATH's bench on neither side: it would be the
 * same on both. The OpenMP runtime binds this process, which runs no thread, if the user's settings make places. */
static void prepare_environment(void)
{
    hwloc_topology_t topology = cb_topology();
    if (topology) hwloc_set_cpubind(topology, hwloc_topology_get_topology_cpuset(topology), HWLOC_CPUBIND_THREAD);
    unsetenv("CYCLEBENCH_EXEC_PATH");
}

static enum cb_status compare(struct comparison *c, char *const *bench_options, size_t n, struct cb_error *err)
{
    static const char *const whose_threads = "of cyclebench ab; those of the programs stand under old and new";
    c->machine = cb_machine_json(1); /* a team of more would spin beside the programs */
    c->order = json_array();
    if (!c->machine || !c->order) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    json_object_set_new(c->machine, "threads_reason", json_string(whose_threads));
    size_t cases = 0;
    cb_interrupt_install("writing what the complete rounds show");
    enum cb_status status = count_cases(c, &cases, err);
    if (!status) status = choose_rounds(c, cases, err);
    if (!status) status = tell_expected(c, cases, bench_options, n, err);
    if (!status) status = run_rounds(c, err);
    if (!status) status = cb_ab_compare(&c->ab, err);
    if (!status && c->options.json) {
        json_t *root = document(c, bench_options, n);
        status = cb_save_json(c->options.json, root, err);
        json_decref(root);
    }
    if (status) return status;
    print_head(c);
    cb_ab_print(&c->ab);
    return cb_finish_output(err);
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    static struct comparison c;
    struct cb_error err;
    int own = 1;
    while (own < argc && strcmp(argv[own], "--")) own++;
    char **bench_options = argv + own + (own < argc);
    size_t n = (size_t)(argv + argc - bench_options);
    enum cb_status status = parse(&c.options, own, argv, &err);
    if (!status) status = cb_isa_select(NULL, &err);
    for (enum cb_ab_side side = CB_OLD_BUILD; side < CB_BUILDS && !status; side++)
        status = cb_ab_program_find(&c.program[side], argv[optind + (int)side], bench_options, n, &err);
    if (!status) prepare_environment();
    if (!status) status = compare(&c, bench_options, n, &err);
    int signal = cb_interrupt_signal();
    if (!status && !signal && cb_ab_compared(&c.ab) == 0)
        status = cb_fail(&err, CB_FAILED, "no case was measured in all rounds on both sides");
    int slower = c.ab.count[CB_SLOWER] > 0;
    cb_ab_free(&c.ab);
    for (int side = 0; side < CB_BUILDS; side++) {
        cb_ab_program_free(&c.program[side]);
        json_decref(c.about[side]);
    }
    json_decref(c.machine);
    json_decref(c.order);
    if (status) fprintf(stderr, "cyclebench ab: %s\n", err.text);
    if (signal) return 128 + signal;
    if (!status) return slower ? EXIT_SLOWER : EXIT_SUCCESS;
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? EXIT_USAGE : EXIT_FAILURE;
}
