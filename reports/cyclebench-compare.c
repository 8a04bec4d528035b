/* cyclebench compare: training runs side by side. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/comparison.h"
#include "lib/memory.h"
#include "lib/program.h"
#include "lib/notebook.h"
#include "lib/run.h"
#include "lib/table.h"
#include "standard_files.h"
#include "lib/text.h"

enum { EXIT_USAGE = 2, EXIT_TARGET_MISSED = 3 };

static const char usage[] =
    "Usage: cyclebench compare RUN RUN... [--target PERCENT] [--runs] [--with-notebook] [--with-resumed]\n"
    "                          [--markdown | --csv | --json]\n\n"
    "Compares training runs: recipe, time, images/s, the first epoch whose accuracy reaches the target, final\n"
    "accuracy, and up to which epoch they computed the same bits.\n"
    "RUN is the directory of a run, or its run.jsonl. Times are wall-clock since the run's start, with evaluation.\n"
    "Of more than two runs, those that differ in their seed only are one column: how many reached the target, mean,\n"
    "standard deviation, least and most, and the lower 95 % bound of the mean (one-sided, Student's t).\n\n"
    "  --target PERCENT   accuracy to reach; default: what the first run's recipe says\n"
    "  --runs             a column a run, whatever their seeds\n"
    "  --with-notebook    beside a run or column what S. Gugger's notebook printed for the same training\n"
    "  --with-resumed     resumed runs take part in times and speed-ups, although the time that a kill cost is not in "
    "theirs\n"
    "  --markdown         the table as Markdown\n"
    "  --csv              a line a column, after a line of keys; a missing value is empty\n"
    "  --json             one JSON object; a missing value is null with \"<key>_reason\"\n"
    "  --help             this text\n\n"
    "Exit status: 0 done, 1 a file could not be read, the output not written, or memory ran out, 2 wrong usage, a run\n"
    "that is not there or a broken record, 3 --target was given and no run reached it.\n";

enum form { TEXT, MARKDOWN, CSV, JSON };

struct options {
    struct cb_comparison_options how;
    enum form form;
    int forms; /* how many were asked for */
    bool of_runs, with_notebook;
};

static bool parse_target(const char *text, double *target)
{
    char *end;
    *target = strtod(text, &end);
    return end != text && !*end && *target > 0 && *target <= 100;
}

static void print_columns(const json_t *comparison, const struct options *options)
{
    bool of_runs = options->of_runs || cb_table_is_of_runs(comparison);
    if (options->form == CSV) {
        cb_csv_print(stdout, json_object_get(comparison, of_runs ? "runs" : "groups"));
        return;
    }
    json_t *table = cb_table(comparison, of_runs);
    if (options->form == MARKDOWN)
        cb_table_print_markdown(stdout, table);
    else
        cb_table_print(stdout, table);
    json_decref(table);
}

static int print_comparison(const struct cb_report_run *runs, size_t count, const struct options *options)
{
    json_t *comparison = cb_comparison(runs, count, &options->how);
    /* ASCII: no string of a record can drive the terminal. */
    if (options->form != JSON)
        print_columns(comparison, options);
    else if (json_dumpf(comparison, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9) | JSON_ENSURE_ASCII) ||
             putchar('\n') == EOF)
        fputs("cyclebench compare: the JSON text is not complete\n", stderr);
    bool missed = isfinite(options->how.target_percent) && !cb_comparison_reached(comparison);
    json_decref(comparison);
    int status = cb_program_finish("cyclebench compare");
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

static int compare(char *const *paths, size_t count, struct options *options)
{
    struct cb_report_run *runs = cb_report_alloc(count * sizeof *runs);
    memset(runs, 0, count * sizeof *runs);
    struct cb_report_error error;
    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < count && status == EXIT_SUCCESS; i++)
        if (!cb_report_run_read(&runs[i], paths[i], 0, &error)) status = cb_program_fail("cyclebench compare", &error);
    if (status == EXIT_SUCCESS && options->with_notebook) {
        options->how.notebook = cb_notebook_read(&error);
        if (!options->how.notebook) status = cb_program_fail("cyclebench compare", &error);
    }
    if (status == EXIT_SUCCESS) {
        tell_apart(runs, count);
        status = print_comparison(runs, count, options);
    }
    json_decref(options->how.notebook);
    for (size_t i = 0; i < count; i++) cb_report_run_free(&runs[i]);
    free(runs);
    return status;
}

/* False: --help, or an option that is none; *status is the exit status. */
static bool parse_options(int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {{"target", required_argument, NULL, 't'},
                                          {"runs", no_argument, NULL, 'a'},
                                          {"with-notebook", no_argument, NULL, 'n'},
                                          {"with-resumed", no_argument, NULL, 'r'},
                                          {"markdown", no_argument, NULL, 'm'},
                                          {"csv", no_argument, NULL, 'c'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *status = EXIT_USAGE;
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (option) {
        case 't':
            if (parse_target(optarg, &options->how.target_percent)) break;
            fprintf(stderr, "cyclebench compare: --target: expected a percentage above 0 and up to 100, got '%s'\n",
                    optarg);
            return false;
        case 'a':
            options->of_runs = true;
            break;
        case 'n':
            options->with_notebook = true;
            break;
        case 'r':
            options->how.with_resumed = true;
            break;
        case 'm':
        case 'c':
        case 'j':
            options->form = option == 'm' ? MARKDOWN : option == 'c' ? CSV : JSON;
            if (!options->forms++) break;
            fputs("cyclebench compare: expected one of --markdown, --csv and --json\n", stderr);
            return false;
        case 'h':
            fputs(usage, stdout);
            *status = cb_program_finish("cyclebench compare");
            return false;
        default:
            fputs(usage, stderr);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    cb_report_memory_init();
    struct options options = {.how.target_percent = (double)NAN};
    int status;
    if (!parse_options(argc, argv, &options, &status)) return status;
    if (argc - optind < 2) {
        fprintf(stderr, "cyclebench compare: expected two runs or more, got %d\n%s", argc - optind, usage);
        return EXIT_USAGE;
    }
    return compare(argv + optind, (size_t)(argc - optind), &options);
}
