/* cyclebench compare: training runs side by side. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/comparison.h"
#include "lib/run.h"
#include "lib/table.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2, EXIT_TARGET_MISSED = 3 };

static const char usage[] = "Usage: cyclebench compare RUN RUN... [--target PERCENT] [--json]\n\n"
                            "Compares training runs: schedule, time, images/s, the first epoch whose accuracy reaches "
                            "the target, final accuracy.\n"
                            "RUN is the directory of a run, or its run.jsonl. Times are wall-clock since the run's "
                            "start, evaluation included.\n\n"
                            "  --target PERCENT   accuracy to reach; default: what the first run's recipe says\n"
                            "  --json             one JSON object; a missing value is null with \"<key>_reason\"\n"
                            "  --help             this text\n\n"
                            "Exit status: 0 done, 1 a file could not be read, 2 wrong usage or a broken record, 3 "
                            "--target was given and no run reached it.\n";

static bool parse_target(const char *text, double *target)
{
    char *end;
    *target = strtod(text, &end);
    return end != text && !*end && *target > 0 && *target <= 100;
}

static int print_comparison(const struct cb_report_run *runs, size_t count, double target, bool as_json)
{
    json_t *comparison = cb_comparison(runs, count, target);
    if (!comparison) {
        fprintf(stderr, "cyclebench compare: out of memory\n");
        return EXIT_FAILURE;
    }
    if (as_json) {
        json_dumpf(comparison, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        cb_comparison_print(stdout, comparison);
    }
    bool missed = isfinite(target) && !cb_comparison_reached(comparison);
    json_decref(comparison);
    if (fflush(stdout)) {
        perror("cyclebench compare");
        return EXIT_FAILURE;
    }
    return missed ? EXIT_TARGET_MISSED : EXIT_SUCCESS;
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

static int compare(char *const *paths, size_t count, double target, bool as_json)
{
    struct cb_report_run *runs = calloc(count, sizeof *runs);
    if (!runs) {
        fprintf(stderr, "cyclebench compare: out of memory\n");
        return EXIT_FAILURE;
    }
    struct cb_report_error error;
    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < count && status == EXIT_SUCCESS; i++) {
        if (cb_report_run_read(&runs[i], paths[i], &error)) continue;
        fprintf(stderr, "cyclebench compare: %s\n", error.text);
        status = error.exit_status;
    }
    tell_apart(runs, count);
    if (status == EXIT_SUCCESS) status = print_comparison(runs, count, target, as_json);
    for (size_t i = 0; i < count; i++) cb_report_run_free(&runs[i]);
    free(runs);
    return status;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    double target = (double)NAN;
    bool as_json = false;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 't':
            if (parse_target(optarg, &target)) break;
            fprintf(stderr, "cyclebench compare: --target: expected a percentage above 0 and up to 100, got '%s'\n",
                    optarg);
            return EXIT_USAGE;
        case 'j':
            as_json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "cyclebench compare: expected two runs or more, got %d\n%s", argc - optind, usage);
        return EXIT_USAGE;
    }
    return compare(argv + optind, (size_t)(argc - optind), target, as_json);
}
