/* cyclebench score: how long the headline trainings would take here, from about a minute of measurement. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "instruments.h"
#include "interrupt.h"
#include "document.h"
#include "score/score_json.h"
#include "score/print.h"
#include "score/table.h"
#include "standard_files.h"

static const char program[] = "cyclebench score";

static const char usage[] =
    "usage: cyclebench score [RECIPE...] [options]\n"
    "       cyclebench score --table [DIR]\n"
    "       cyclebench score --fingerprints [RECIPE...]\n"
    "\n"
    "Trains the first iterations of each recipe (1cycle-70, step-64k-b, step-16k-b512) in fp32-winograd and bf16-all "
    "on\n"
    "built-in images, checks that this machine computes the same training as the one whose epochs are recorded, times\n"
    "steps and evaluation, and projects the time to the target: epochs of the recorded runs times what an epoch takes\n"
    "here. A recipe without a recorded run has no projection. Takes about a minute. Other programs should rest; what\n"
    "they disturb is measured again.\n"
    "\n"
    "  --target PERCENT  test accuracy (default: that of the first recipe)\n"
    "  --seconds S       measure for about so long (default: 60; at least two rounds; twice as long if disturbed)\n"
    "  --threads N       threads (default: one per physical core this process may use)\n"
    "  --oversubscribe   allows more threads than CPUs\n"
    "  --isa NAME        one of "
#include "core/isa_names.inc"
    "\n"
    "                    (default: the best here; also CYCLEBENCH_ISA)\n"
    "  --json            print one JSON object\n"
    "  --out FILE|DIR    also write that object; in a folder the file is named after the machine\n"
    "  --table           print the scores in DIR, or those that come with cyclebench, a row a machine and version\n"
    "  --fingerprints    print the fingerprints of the recipes' first iterations, and time nothing\n"
    "\n"
    "Environment: CYCLEBENCH_RUNS (a folder of run directories, whose epochs count), CYCLEBENCH_FINGERPRINTS (a "
    "file),\n"
    "CYCLEBENCH_RECIPES, CYCLEBENCH_ISA, OMP_NUM_THREADS.\n"
    "Exit: 0 done, 1 failed, or the fingerprints differ: this machine computes another training; 2 wrong usage or\n"
    "input; 128 + its number after a signal.\n";

static const char *const headline[] = {"1cycle-70", "step-64k-b", "step-16k-b512"};

struct options {
    struct cb_score_options score;
    const char *out;
    int json, table, fingerprints;
};

static enum cb_status parse_real(const char *option, const char *text, double most, double *value, struct cb_error *err)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    if (!errno && end != text && !*end && *value > 0 && *value <= most) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%s: expected a number above 0 and up to %g, got '%s'", option, most, text);
}

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
    enum { TARGET = 256, SECONDS, THREADS, OVERSUBSCRIBE, ISA, JSON, OUT, TABLE, FINGERPRINTS, HELP };
    static const struct option long_options[] = {{"target", required_argument, NULL, TARGET},
                                                 {"seconds", required_argument, NULL, SECONDS},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
                                                 {"isa", required_argument, NULL, ISA},
                                                 {"json", no_argument, NULL, JSON},
                                                 {"out", required_argument, NULL, OUT},
                                                 {"table", no_argument, NULL, TABLE},
                                                 {"fingerprints", no_argument, NULL, FINGERPRINTS},
                                                 {"help", no_argument, NULL, HELP},
                                                 {NULL, 0, NULL, 0}};
    struct cb_error err;
    enum cb_status status = CB_OK;
    for (int c; status == CB_OK && (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (c) {
        case TARGET:
            status = parse_real("--target", optarg, 100, &o->score.target, &err);
            break;
        case SECONDS:
            status = parse_real("--seconds", optarg, 3600, &o->score.seconds, &err);
            break;
        case THREADS:
            o->score.threads = optarg;
            break;
        case OVERSUBSCRIBE:
            o->score.oversubscribe = true;
            break;
        case ISA:
            o->score.isa = optarg;
            break;
        case JSON:
            o->json = 1;
            break;
        case OUT:
            o->out = optarg;
            break;
        case TABLE:
            o->table = 1;
            break;
        case FINGERPRINTS:
            o->fingerprints = 1;
            break;
        case HELP:
        case 'h':
            fputs(usage, stdout);
            return cb_end_after_output(program);
        default:
            fprintf(stderr, "try '%s --help'\n", program);
            return 2;
        }
    }
    const int given = argc - optind;
    if (status == CB_OK && ((o->table && (o->fingerprints || o->json || o->out || given > 1)) ||
                            (o->fingerprints && (o->json || o->out)) || given > CB_SCORE_MAX_RECIPES))
        status =
            cb_fail(&err, CB_BAD_INPUT,
                    "expected up to %d recipes, or --table alone with one folder, or --fingerprints without --json "
                    "and --out; see --help",
                    CB_SCORE_MAX_RECIPES);
    if (status != CB_OK) {
        fprintf(stderr, "%s: %s\n", program, err.text);
        return 2;
    }
    o->score.recipes = given ? (const char *const *)argv + optind : headline;
    o->score.n_recipes = given ? (size_t)given : sizeof headline / sizeof *headline;
    return -1;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static enum cb_status save(const json_t *document, const char *out, struct cb_error *err)
{
    char name[256], path[PATH_MAX];
    cb_score_file_name(name, sizeof name, document);
    const int length = snprintf(path, sizeof path, is_folder(out) ? "%s/%s" : "%s", out, name);
    if (length < 0 || (size_t)length >= sizeof path) return cb_fail(err, CB_BAD_INPUT, "--out: the path is too long");
    return cb_save_json(path, document, err);
}

static enum cb_status report(const struct cb_score *score, const struct options *o, struct cb_error *err)
{
    json_t *document = cb_score_document(score);
    if (!document) return cb_fail(err, CB_NO_MEMORY, "out of memory for the result");
    if (!o->json)
        cb_score_print(document, stdout);
    else if (json_dumpf(document, stdout, JSON_INDENT(2)) || putchar('\n') == EOF)
        cb_flush_output();
    enum cb_status status = o->out ? save(document, o->out, err) : CB_OK;
    json_decref(document);
    if (status == CB_OK && cb_score_mismatches(score))
        status = cb_fail(err, CB_FAILED, "%zu of %zu fingerprints are not as expected: no projection from them",
                         cb_score_mismatches(score), score->n);
    return status;
}

static void print_start(const struct cb_score *score)
{
    printf("%s\n", cb_machine_line(score->threads));
    if (!isnan(score->load_average)) printf("load average before: %.2f\n", score->load_average);
    cb_flush_output();
}

static enum cb_status run(struct cb_score *score, const struct options *o, struct cb_error *err)
{
    if (o->table) return cb_score_table(o->score.recipes == headline ? NULL : o->score.recipes[0], stdout, err);
    enum cb_status status = o->out && !is_folder(o->out) ? cb_document_check("--out", o->out, err) : CB_OK;
    if (status == CB_OK) status = cb_score_prepare(score, &o->score, o->fingerprints, err);
    if (status != CB_OK || cb_interrupt_signal()) return status;
    if (o->fingerprints) return cb_score_print_fingerprints(score, err);
    if (!o->json) print_start(score);
    status = cb_score_measure(score, o->score.seconds, err);
    return status != CB_OK || cb_interrupt_signal() ? status : report(score, o, err);
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct options o = {.score = {.target = (double)NAN, .seconds = 60}};
    int code = parse_options(&o, argc, argv);
    if (code >= 0) return code;
    struct cb_error err, problem;
    static struct cb_score score;
    cb_interrupt_install("the score ends after this iteration, and nothing is written");
    enum cb_status status = run(&score, &o, &err);
    cb_score_close(&score);
    if (cb_finish_output(&problem) && status == CB_OK) {
        status = CB_IO_ERROR;
        err = problem;
    }
    if (status != CB_OK) fprintf(stderr, "%s: %s\n", program, err.text);
    if (cb_interrupt_signal()) return 128 + cb_interrupt_signal();
    return status == CB_OK ? EXIT_SUCCESS : status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? 2 : EXIT_FAILURE;
}
