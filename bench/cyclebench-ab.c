/* cyclebench ab: two builds compared, or one with itself, by runs of cyclebench bench in turn. */
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
#include "instruments.h"
#include "placement.h"

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
    "  --rounds N     5 to 40 (default 10)\n"
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
    "Exit status: 0 no case is slower, 1 failure at run time (of a program compared, too), 2 wrong usage or input,\n"
    "3 NEW is slower in a case at least.\n";

struct options {
    const char *json; /* NULL: none */
    size_t rounds, seed;
};

static const char *const side_names[CB_BUILDS] = {"old", "new"};

struct comparison {
    struct options options;
    struct cb_ab_program program[CB_BUILDS];
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
    json_t *about = json_pack("{s:s}", "path", program->path);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char reason[64];
        json_t *value = json_object_get(machine, keys[i]);
        snprintf(reason, sizeof reason, "%s_reason", keys[i]);
        json_object_set_new(about, keys[i], value ? json_incref(value) : json_null());
        if (!value) json_object_set_new(about, reason, json_string("its results do not tell"));
    }
    return about;
}

static enum cb_status run_side(struct comparison *c, enum cb_ab_side side, size_t round, struct cb_error *err)
{
    json_t *result = NULL;
    struct cb_error why;
    enum cb_status status = cb_ab_program_run(&c->program[side], &result, &why);
    if (!status) status = cb_ab_add(&c->ab, side, round, result, &why);
    if (!status && round == 0) c->about[side] = describe_program(&c->program[side], result);
    json_decref(result);
    if (!status) return CB_OK;
    return cb_fail(err, status, "%s: %s: round %zu: %s", side_names[side], c->program[side].path, round + 1, why.text);
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
    for (size_t round = 0; round < c->options.rounds && !status; round++) {
        enum cb_ab_side first = first_side(c->options.seed, round);
        if (watched) fprintf(stderr, "round %zu of %zu\n", round + 1, c->options.rounds);
        json_array_append_new(c->order, json_string(side_names[first]));
        status = run_side(c, first, round, err);
        if (!status) status = run_side(c, !first, round, err);
    }
    return status;
}

/* --- results --- */

static json_t *document(const struct comparison *c, char *const *bench_options, size_t n)
{
    json_t *options = json_array(), *found = cb_ab_json(&c->ab);
    for (size_t i = 0; i < n; i++) json_array_append_new(options, json_string(bench_options[i]));
    json_t *root =
        json_pack("{s:O, s:O, s:O, s:o, s:I, s:I, s:O}", "machine", c->machine, "old", c->about[CB_OLD_BUILD], "new",
                  c->about[CB_NEW_BUILD], "options", options, "rounds", (json_int_t)c->options.rounds, "seed",
                  (json_int_t)c->options.seed, "first_of_round", c->order);
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
           c->options.rounds, c->options.seed);
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
    *o = (struct options){.rounds = 10, .seed = 1};
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
    if (o->rounds < CB_INTERVAL_REPETITIONS)
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
    c->ab.rounds = c->options.rounds;
    if (!c->machine || !c->order) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    json_object_set_new(c->machine, "threads_reason", json_string(whose_threads));
    enum cb_status status = run_rounds(c, err);
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
    static struct comparison c;
    struct cb_error err;
    int own = 1;
    while (own < argc && strcmp(argv[own], "--")) own++;
    char **bench_options = argv + own + (own < argc);
    size_t n = (size_t)(argv + argc - bench_options);
    enum cb_status status = parse(&c.options, own, argv, &err);
    if (!status) status = cb_isa_select(NULL, &err);
    for (int side = 0; side < CB_BUILDS && !status; side++)
        status = cb_ab_program_find(&c.program[side], argv[optind + side], bench_options, n, &err);
    if (!status) prepare_environment();
    if (!status) status = compare(&c, bench_options, n, &err);
    if (!status && cb_ab_compared(&c.ab) == 0)
        status = cb_fail(&err, CB_UNAVAILABLE, "no case was measured in all rounds on both sides");
    int slower = c.ab.count[CB_SLOWER] > 0;
    cb_ab_free(&c.ab);
    for (int side = 0; side < CB_BUILDS; side++) {
        cb_ab_program_free(&c.program[side]);
        json_decref(c.about[side]);
    }
    json_decref(c.machine);
    json_decref(c.order);
    if (!status) return slower ? EXIT_SLOWER : EXIT_SUCCESS;
    fprintf(stderr, "cyclebench ab: %s\n", err.text);
    return status == CB_BAD_INPUT ? EXIT_USAGE : EXIT_FAILURE;
}
