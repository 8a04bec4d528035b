/* cyclebench regress: did this commit make it slower? */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "interrupt.h"
#include "regress/regress.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2, EXIT_REGRESSION = 3 };

static const char usage[] =
    "Usage: cyclebench regress BASE HEAD [options]\n"
    "       cyclebench regress HEAD --baseline PATH [--update --because TEXT] [options]\n"
    "\n"
    "Tells whether HEAD is slower than BASE, or than a stored baseline: by exact instruction counts of every\n"
    "operation of the kernels and of a training step of a small network. BASE and HEAD are folders of two builds,\n"
    "or files that cyclebench count --json wrote.\n"
    "\n"
    "  --baseline PATH   a folder of files <source>-<isa>-<compiler>.tsv, or one of them\n"
    "  --update          write the baselines of the folder anew; lines that change get the reason\n"
    "  --because TEXT    the reason\n"
    "  --out DIR         write regress.md, regress.xml (JUnit), regress.json, and what other tools read:\n"
    "                    github-action-benchmark.json, bencher.json, otava.csv\n"
    "  --history FILE    append HEAD's numbers to this file, a line of JSON a run\n"
    "  --time REGEX      of two builds also the time of the cases of cyclebench bench that match, by\n"
    "                    cyclebench ab, and of BASE against itself\n"
    "  --time-gates      a case that is slower by more than 2 %, beyond chance, is a regression; else it is noted\n"
    "  --events REGEX    of two builds also what the CPU counts in a call of the cases of cyclebench bench that\n"
    "                    match: cycles, FP operations, branches, misses of caches and TLB\n"
    "  --no-training     do not train: without fingerprint and peak memory\n"
    "  --help            this text\n"
    "\n"
    "A count may grow by 0.5 %, or as its line in the baseline says. A case that vanished, was renamed, is not run\n"
    "any more or runs another instruction set's code is a regression, too. Peak memory, the sizes of programs\n"
    "and events are noted where they grow by more than 2 %, events beyond the spread of five rounds; the fingerprint\n"
    "of a short training must not change. What this machine cannot count is said, and not gated.\n"
    "\n"
    "Exit status: 0 no regression, a machine too noisy to tell about time, or --update is done, 1 failure at run\n"
    "time, 2 wrong usage or input, or nothing could be gated, 3 a regression, 128 + the number of a signal.\n";

struct options {
    const char *baseline, *because, *out, *history, *time, *events;
    bool update, no_training, time_gates;
};

static int fail(const struct cb_error *err, enum cb_status status)
{
    fprintf(stderr, "cyclebench regress: %s\n", err->text);
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? EXIT_USAGE : EXIT_FAILURE;
}

static void judge(struct rg_result *result)
{
    result->verdict = rg_failed(result)   ? "regression"
                      : !result->gated    ? "error"
                      : result->too_noisy ? "too_noisy"
                                          : "pass";
}

static int report(const struct rg_result *result, const struct options *o)
{
    struct cb_error err;
    enum cb_status status = CB_OK;
    rg_print(result);
    if (o->out) status = rg_write_reports(result, o->out, &err);
    if (!status && o->history) status = rg_append_history(result, o->history, &err);
    if (status) return fail(&err, status);
    int printed = cb_end_after_output("cyclebench regress");
    if (printed) return printed;
    if (!strcmp(result->verdict, "error"))
        fprintf(stderr, "cyclebench regress: nothing could be gated: the notes say why\n");
    if (!strcmp(result->verdict, "regression")) return EXIT_REGRESSION;
    return strcmp(result->verdict, "error") ? EXIT_SUCCESS : EXIT_USAGE;
}

/* The reports of an earlier run must not be taken for this one's. */
static int report_error(struct rg_result *result, const struct options *o, const struct cb_error *err,
                        enum cb_status status)
{
    struct cb_error lost;
    result->verdict = "error";
    rg_note(result, "%s", err->text);
    if (o->out && rg_write_reports(result, o->out, &lost)) fail(&lost, CB_IO_ERROR);
    return fail(err, status);
}

static enum cb_status compare_builds(struct rg_result *result, const struct options *o, struct cb_error *err)
{
    const char *base = result->base, *head = result->head;
    if (!rg_is_folder(base) || !rg_is_folder(head)) {
        if (o->time || o->events)
            return cb_fail(err, CB_BAD_INPUT, "--time and --events compare two builds: expected two folders");
        rg_note(result, "training and sizes: BASE and HEAD are not both folders of builds");
        return CB_OK;
    }
    if (!o->no_training) rg_compare_training(result, base, head);
    rg_compare_sizes(result, base, head);
    if (o->events) rg_compare_events(result, base, head, o->events);
    return o->time ? rg_compare_times(result, base, head, o->time, o->time_gates, err) : CB_OK;
}

static enum cb_status compare(struct rg_result *result, const struct options *o, json_t **base, json_t **head,
                              struct cb_error *err)
{
    enum cb_status status = rg_check_outputs(o->out, o->history, err);
    if (!status && !o->baseline) status = rg_count_side(base, result->base, err);
    if (!status) status = rg_count_side(head, result->head, err);
    if (status) return status;
    const char *commit = rg_text(*head, "commit");
    result->commit = *commit ? commit : "unknown";
    if (o->update) return rg_update_baseline(result->base, *head, o->because, err);
    if (o->baseline) return rg_compare_baseline(result, result->base, *head, err);
    rg_compare_counts(result, *base, *head);
    return compare_builds(result, o, err);
}

static int regress(char **sides, const struct options *o)
{
    json_t *base = NULL, *head = NULL;
    struct cb_error err;
    struct rg_result result = {
        .base = o->baseline ? o->baseline : sides[0], .head = o->baseline ? sides[0] : sides[1], .commit = "unknown"};
    enum cb_status status = compare(&result, o, &base, &head, &err);
    int exit_status;
    if (cb_interrupt_signal()) {
        exit_status = 128 + cb_interrupt_signal();
    } else if (status) {
        exit_status = report_error(&result, o, &err, status);
    } else if (o->update) {
        exit_status = cb_end_after_output("cyclebench regress");
    } else {
        judge(&result);
        exit_status = report(&result, o);
    }
    rg_free(&result);
    json_decref(base);
    json_decref(head);
    return exit_status;
}

/* What is wrong with the options together; NULL: nothing. */
static const char *wrong_together(const struct options *o, int sides)
{
    if (sides != (o->baseline ? 1 : 2)) return "expected BASE and HEAD, or HEAD and --baseline";
    if (o->update && !o->baseline) return "--update: which --baseline?";
    if (o->update && (!o->because || !*o->because)) return "--update: say --because what";
    if (o->because && !o->update) return "--because is for --update";
    json_t *because = o->because ? json_string(o->because) : NULL;
    json_decref(because);
    if (o->because && !because) return "--because: not UTF-8";
    if (o->because && strpbrk(o->because, "\t\n")) return "--because: one line without tabs";
    if ((o->time || o->events) && o->baseline)
        return "--time and --events compare two builds: a baseline has counts alone";
    if (o->time_gates && !o->time) return "--time-gates: of which cases? --time REGEX";
    if (o->update && (o->out || o->history)) return "--update compares nothing: no --out, no --history";
    return NULL;
}

int main(int argc, char **argv)
{
    enum { BASELINE = 1, UPDATE, BECAUSE, OUT, HISTORY, TIME, TIME_GATES, EVENTS, NO_TRAINING };
    static const struct option long_options[] = {{"baseline", required_argument, NULL, BASELINE},
                                                 {"update", no_argument, NULL, UPDATE},
                                                 {"because", required_argument, NULL, BECAUSE},
                                                 {"out", required_argument, NULL, OUT},
                                                 {"history", required_argument, NULL, HISTORY},
                                                 {"time", required_argument, NULL, TIME},
                                                 {"time-gates", no_argument, NULL, TIME_GATES},
                                                 {"events", required_argument, NULL, EVENTS},
                                                 {"no-training", no_argument, NULL, NO_TRAINING},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct options o = {0};
    cb_open_standard_files();
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (option) {
        case BASELINE:
            o.baseline = optarg;
            break;
        case UPDATE:
            o.update = true;
            break;
        case BECAUSE:
            o.because = optarg;
            break;
        case OUT:
            o.out = optarg;
            break;
        case HISTORY:
            o.history = optarg;
            break;
        case TIME:
            o.time = optarg;
            break;
        case TIME_GATES:
            o.time_gates = true;
            break;
        case EVENTS:
            o.events = optarg;
            break;
        case NO_TRAINING:
            o.no_training = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return cb_end_after_output("cyclebench regress");
        default:
            return EXIT_USAGE;
        }
    }
    const char *wrong = wrong_together(&o, argc - optind);
    if (wrong) {
        fprintf(stderr, "cyclebench regress: %s; --help tells more\n", wrong);
        return EXIT_USAGE;
    }
    cb_interrupt_install("nothing is written");
    return regress(argv + optind, &o);
}
