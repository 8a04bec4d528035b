/* cyclebench compare: training runs side by side. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/comparison.h"
#include "lib/memory.h"
#include "lib/run.h"
#include "lib/table.h"
#include "standard_files.h"
#include "lib/text.h"

enum { EXIT_USAGE = 2, EXIT_TARGET_MISSED = 3 };

static const char usage[] =
    "Usage: cyclebench compare RUN RUN... [--target PERCENT] [--with-resumed] [--json]\n\n"
    "Compares training runs: schedule, time, images/s, the first epoch whose accuracy reaches the target, final "
    "accuracy, "
    "and up to which epoch they computed the same bits.\n"
    "RUN is the directory of a run, or its run.jsonl. Times are wall-clock since the run's start, evaluation "
    "included.\n\n"
    "  --target PERCENT   accuracy to reach; default: what the first run's recipe says\n"
    "  --with-resumed     resumed runs take part in speed-ups, although the time that a kill cost is not in theirs\n"
    "  --json             one JSON object; a missing value is null with \"<key>_reason\"\n"
    "  --help             this text\n\n"
    "Exit status: 0 done, 1 a file could not be read, the output not written, or memory ran out, 2 wrong usage, a run "
    "that "
    "is not there or a broken record, 3 --target was given and no run reached it.\n";

static bool parse_target(const char *text, double *target)
{
    char *end;
    *target = strtod(text, &end);
    return end != text && !*end && *target > 0 && *target <= 100;
}

/* Success if all that was printed reached its destination. */
static int finish_output(void)
{
    bool failed = ferror(stdout);
    if (!fflush(stdout) && !failed) return EXIT_SUCCESS;
    fprintf(stderr, "cyclebench compare: standard output: cannot be written%s%s\n", failed ? "" : ": ",
            failed ? "" : strerror(errno));
    return EXIT_FAILURE;
}

static int print_comparison(const struct cb_report_run *runs, size_t count, const struct cb_comparison_options *how,
                            bool as_json)
{
    json_t *comparison = cb_comparison(runs, count, how);
    /* ASCII: no string of a record can drive the terminal. */
    if (!as_json)
        cb_comparison_print(stdout, comparison);
    else if (json_dumpf(comparison, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9) | JSON_ENSURE_ASCII) ||
             putchar('\n') == EOF)
        fputs("cyclebench compare: the JSON text is not complete\n", stderr);
    bool missed = isfinite(how->target_percent) && !cb_comparison_reached(comparison);
    json_decref(comparison);
    int status = finish_output();
    return status == EXIT_SUCCESS && missed ? EXIT_TARGET_MISSED : status;
}

/* Runs whose folders have the same name are called by their paths. */
static void tell_apart(struct cb_report_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool twice = false;
        for (size_t j = 0; j < count; j++) twice = twice || (j != i && !strcmp(runs[i].folder, runs[j].folder));
        if (twice) runs[i].label = runs[i].path;
    }
}

static int compare(char *const *paths, size_t count, const struct cb_comparison_options *how, bool as_json)
{
    struct cb_report_run *runs = cb_report_alloc(count * sizeof *runs);
    memset(runs, 0, count * sizeof *runs);
    struct cb_report_error error;
    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < count && status == EXIT_SUCCESS; i++) {
        if (cb_report_run_read(&runs[i], paths[i], &error)) continue;
        fputs("cyclebench compare: ", stderr);
        cb_text_print(stderr, error.text, 0);
        fputc('\n', stderr);
        status = error.exit_status;
    }
    if (status == EXIT_SUCCESS) {
        tell_apart(runs, count);
        status = print_comparison(runs, count, how, as_json);
    }
    for (size_t i = 0; i < count; i++) cb_report_run_free(&runs[i]);
    free(runs);
    return status;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"with-resumed", no_argument, NULL, 'r'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct cb_comparison_options how = {.target_percent = (double)NAN};
    bool as_json = false;
    cb_report_memory_init();
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 't':
            if (parse_target(optarg, &how.target_percent)) break;
            fprintf(stderr, "cyclebench compare: --target: expected a percentage above 0 and up to 100, got '%s'\n",
                    optarg);
            return EXIT_USAGE;
        case 'r':
            how.with_resumed = true;
            break;
        case 'j':
            as_json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return finish_output();
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "cyclebench compare: expected two runs or more, got %d\n%s", argc - optind, usage);
        return EXIT_USAGE;
    }
    return compare(argv + optind, (size_t)(argc - optind), &how, as_json);
}
