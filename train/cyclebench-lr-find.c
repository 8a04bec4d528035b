/* cyclebench lr-find: the loss over a growing learning rate, and which rates it suggests. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "finders/results.h"
#include "loop/options.h"
#include "loop/signals.h"
#include "standard_files.h"

static const char program[] = "cyclebench lr-find";

static const char usage[] =
    "usage: cyclebench lr-find RECIPE [options]\n"
    "       cyclebench lr-find FINDER [options]\n"
    "       cyclebench lr-find --list\n"
    "\n"
    "Trains the recipe's network while the learning rate grows from iteration to iteration, prints the loss over the\n"
    "rate and the rates that the curve suggests, with the rule. It stops where the smoothed loss is above four times "
    "its\n"
    "lowest value. RECIPE and FINDER are the name of a file in train/recipes or train/finders, or a path; a finder's "
    "file\n"
    "holds a recipe and options, which those of the command line replace.\n"
    "\n"
    "  --from RATE              first rate (default: 1e-5; with --linear 0)\n"
    "  --to RATE                the rate that the last iteration comes close to (default: 10)\n"
    "  --iterations N           at least 20 (default: one epoch)\n"
    "  --linear                 the rate grows by equal steps (Smith's range test), not by equal factors (fastai's "
    "lr_find)\n"
    "  --validate               after each iteration the loss of one batch of the test set, or of the recipe's "
    "hold-out "
    "(lr_find2)\n"
    "  --vary section.key=a,b   a curve for each value, up to 8; with optimizer.weight_decay also the largest value\n"
    "                           that allows a high rate\n"
    "  --set section.key=value  override a key of the recipe; may be repeated\n"
    "  --data DIR               the recipe's data set: a folder that holds or is the official one, or the archive\n"
    "  --threads N              threads (default: one per physical core this process may use)\n"
    "  --oversubscribe          allows more threads than CPUs\n"
    "  --isa NAME               one of "
#include "core/isa_names.inc"
    "\n"
    "                           (default: the best here; also CYCLEBENCH_ISA)\n"
    "  --out DIR                write curve.csv, lr-find.svg (by gnuplot) and finder.json there\n"
    "  --json                   print one JSON object, the text of finder.json, and nothing else\n"
    "  --quiet                  print nothing but errors and warnings\n"
    "  --list                   print the finders that are here, a line each\n"
    "\n"
    "Exit: 0 done, also where a curve suggests no rate, 1 failed or a curve diverged before it fell, 2 wrong usage or "
    "input, "
    "129, 130\n"
    "or 143 after SIGHUP, SIGINT or SIGTERM (nothing is written).\n";

struct options {
    struct cb_search *search;
    const char *settings[CB_MAX_SETTINGS];
    const char *out;
    const char *given[16][2]; /* a key of the finder and its text */
    size_t given_count;
    int json, quiet, list;
};

enum { FINDER_KEY = 256, DATA, SET, THREADS, OVERSUBSCRIBE, ISA, OUT, JSON, QUIET, LIST, HELP };

static const struct option long_options[] = {{"from", required_argument, NULL, FINDER_KEY},
                                             {"to", required_argument, NULL, FINDER_KEY},
                                             {"iterations", required_argument, NULL, FINDER_KEY},
                                             {"linear", no_argument, NULL, FINDER_KEY},
                                             {"validate", no_argument, NULL, FINDER_KEY},
                                             {"vary", required_argument, NULL, FINDER_KEY},
                                             {"set", required_argument, NULL, SET},
                                             {"data", required_argument, NULL, DATA},
                                             {"threads", required_argument, NULL, THREADS},
                                             {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
                                             {"isa", required_argument, NULL, ISA},
                                             {"out", required_argument, NULL, OUT},
                                             {"json", no_argument, NULL, JSON},
                                             {"quiet", no_argument, NULL, QUIET},
                                             {"list", no_argument, NULL, LIST},
                                             {"help", no_argument, NULL, HELP},
                                             {NULL, 0, NULL, 0}};

static int usage_error(const char *format, const char *what)
{
    fprintf(stderr, "%s: ", program);
    fprintf(stderr, format, what);
    fprintf(stderr, "\nTry '%s --help'.\n", program);
    return 2;
}

/* Returns -1 to go on, or the exit code. */
static int take_option(struct options *options, int c, const char *name)
{
    struct cb_session_options *o = &options->search->options;
    switch (c) {
    case FINDER_KEY:
        if (options->given_count == sizeof options->given / sizeof *options->given)
            return usage_error("--%s: too many options", name);
        options->given[options->given_count][0] = name;
        options->given[options->given_count++][1] = optarg ? optarg : "true";
        break;
    case SET:
        if (o->override_count == CB_MAX_SETTINGS) return usage_error("too many --set options: %s", optarg);
        options->settings[o->override_count++] = optarg;
        break;
    case DATA:
        o->data = optarg;
        break;
    case THREADS:
        o->threads = optarg;
        break;
    case OVERSUBSCRIBE:
        o->oversubscribe = 1;
        break;
    case ISA:
        o->isa = optarg;
        break;
    case OUT:
        options->out = optarg;
        break;
    case JSON:
        options->json = 1;
        break;
    case QUIET:
        options->quiet = 1;
        break;
    case LIST:
        options->list = 1;
        break;
    case HELP:
    case 'h':
        fputs(usage, stdout);
        return cb_end_after_output(program);
    default:
        fprintf(stderr, "try '%s --help'\n", program);
        return 2;
    }
    return -1;
}

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct options *options, int argc, char **argv)
{
    for (int c, index = 0; (c = getopt_long(argc, argv, "h", long_options, &index)) != -1;) {
        const int code = take_option(options, c, long_options[index].name);
        if (code >= 0) return code;
    }
    const int given = argc - optind;
    if (options->list && argc > 2) return usage_error("%s: expected it alone", "--list");
    if (options->list) return -1;
    if (given != 1) return usage_error("expected one RECIPE or FINDER, got %s", given ? "more" : "none");
    options->search->options.recipe = argv[optind];
    return -1;
}

static enum cb_status prepare(struct options *options, struct cb_error *err)
{
    struct cb_search *search = options->search;
    enum cb_status status = cb_finder_read(&search->finder, search->options.recipe, err);
    for (size_t i = 0; i < options->given_count && status == CB_OK; i++) {
        char where[32];
        snprintf(where, sizeof where, "--%s", options->given[i][0]);
        status = cb_finder_set(&search->finder, options->given[i][0], options->given[i][1], where, err);
    }
    if (status == CB_OK) status = cb_finder_settle(&search->finder, err);
    if (status == CB_OK) status = cb_search_check(search, err);
    if (status == CB_OK && options->out) status = cb_results_open(options->out, err);
    return status;
}

static enum cb_status report(struct options *options, struct cb_error *err)
{
    struct cb_search *search = options->search;
    if (search->prints) cb_results_print(search);
    struct cb_bytes json;
    enum cb_status status = cb_results_json(&json, search, err);
    if (status != CB_OK) return status;
    if (options->json) fwrite(json.data, 1, json.len, stdout);
    if (options->out) status = cb_results_write(options->out, search, &json, err);
    free(json.data);
    if (status == CB_OK && search->prints && options->out)
        printf("written: curve.csv, lr-find.svg and finder.json in %s\n", options->out);
    return status == CB_OK ? cb_finish_output(err) : status;
}

/* A curve that diverged before it fell is a failure, of which the results tell too. */
static int verdict(const struct cb_search *search)
{
    int code = 0;
    for (size_t i = 0; i < search->done; i++) {
        if (search->curves[i].suggestion.verdict != CB_DIVERGED) continue;
        fprintf(stderr, "%s: %s: %s\n", program, search->curves[i].label, search->curves[i].suggestion.reason);
        code = 1;
    }
    return code;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    static struct cb_search search;
    struct options options = {.search = &search};
    search.options = (struct cb_session_options){.program = program, .overrides = options.settings};
    int code = parse_options(&options, argc, argv);
    if (code >= 0) return code;
    struct cb_error err;
    if (options.list) {
        const enum cb_status listed = cb_finder_print_list(&err);
        return listed == CB_OK ? 0 : cb_exit_with(program, listed, &err);
    }
    search.prints = !options.json && !options.quiet;
    cb_signals_install(program);
    enum cb_status status = prepare(&options, &err);
    if (status == CB_OK) status = cb_search_run(&search, &err);
    if (status == CB_OK && !cb_signal_received()) status = report(&options, &err);
    if (status != CB_OK)
        code = cb_exit_with(program, status, &err);
    else if (cb_signal_received())
        code = 128 + cb_signal_received();
    else
        code = verdict(&search);
    cb_search_free(&search);
    return code;
}
