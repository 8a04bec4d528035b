/* cyclebench export: a training run in the formats of others. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/export.h"
#include "export/notes.h"
#include "export/output.h"
#include "lib/memory.h"
#include "lib/program.h"
#include "lib/run.h"
#include "lib/text.h"
#include "nearest.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: cyclebench export RUN --format FORMAT [-o FILE]\n\n"
    "Writes the record of a training run in a format that other programs read. What the record does not know is left\n"
    "out. RUN is the directory of a run, or its run.jsonl.\n\n"
    "  --format mllog            log lines of MLPerf Training; they end where the target is first reached\n"
    "  --format dawnbench        the training progress of a DAWNBench entry for CIFAR-10: tab-separated values\n"
    "  --format dawnbench-json   its description; add author, authorEmail and codeURL\n"
    "  --format tensorboard      an event file; TensorBoard wants \"tfevents\" in the file's name\n"
    "  --format csv              a row an epoch\n"
    "  --format csv-iterations   a row an iteration, of a run that was trained with run.log_iterations = true\n"
    "  --format wandb-jsonl      a JSON object a step, with the keys of a Weights & Biases history\n"
    "  -o, --output FILE         where to write, whole or not at all; default: -, the standard output\n"
    "  --help                    this text\n\n"
    "Exit status: 0 done, 1 a file could not be read, the output not written, or memory ran out, 2 wrong usage, a run\n"
    "that is not there, a broken record, or one that lacks what the format needs.\n";

struct format {
    const char *name;
    cb_export *write;
    bool iterations; /* iteration lines are part of it where a record has them */
    bool binary;
};

static const struct format formats[] = {
    {"mllog", cb_export_mllog},
    {"dawnbench", cb_export_dawnbench},
    {"dawnbench-json", cb_export_dawnbench_json},
    {"tensorboard", cb_export_tensorboard, .iterations = true, .binary = true},
    {"csv", cb_export_csv},
    {"csv-iterations", cb_export_csv_iterations},
    {"wandb-jsonl", cb_export_wandb, .iterations = true},
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* NULL: none has this name, which is said. */
static const struct format *find_format(const char *name)
{
    const char *names[FORMATS];
    for (size_t i = 0; i < FORMATS; i++) {
        if (!strcmp(formats[i].name, name)) return &formats[i];
        names[i] = formats[i].name;
    }
    fputs("cyclebench export: unknown format '", stderr);
    cb_text_print(stderr, name, 0);
    fputs("'; expected ", stderr);
    for (size_t i = 0; i < FORMATS; i++)
        fprintf(stderr, "%s%s", names[i], i + 2 < FORMATS ? ", " : i + 1 < FORMATS ? " or " : "\n");
    const char *nearest = cb_nearest(name, names, FORMATS, strlen(name) / 2);
    if (nearest) fprintf(stderr, "Did you mean '%s'?\n", nearest);
    return NULL;
}

/* Whether the output would replace the record. */
static bool is_record(const char *output, const char *run)
{
    struct stat a, b;
    if (stat(output, &a) || stat(run, &b)) return false;
    if (S_ISDIR(b.st_mode)) {
        const int folder = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool none = folder < 0 || fstatat(folder, "run.jsonl", &b, 0);
        if (folder >= 0) close(folder);
        if (none) return false;
    }
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Success if all of it reached the standard output. */
static int print(const char *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, stdout) == size && !fflush(stdout)) return EXIT_SUCCESS;
    fprintf(stderr, "cyclebench export: standard output: cannot be written: %s\n", strerror(errno));
    return EXIT_FAILURE;
}

static int export_run(const char *path, const struct format *format, const char *output)
{
    struct cb_report_run run;
    struct cb_report_error error;
    if (!cb_report_run_read(&run, path, CB_RUN_ITERATIONS, &error)) return cb_program_fail("cyclebench export", &error);
    /* All of it before a byte is written: what comes out is whole. */
    char *bytes = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&bytes, &size);
    const bool good = memory && format->write(memory, &run, &error);
    const bool lost = !memory || ferror(memory);
    int status = EXIT_FAILURE;
    if ((memory && fclose(memory)) || lost)
        fputs("cyclebench export: out of memory\n", stderr);
    else if (!good)
        status = cb_program_fail("cyclebench export", &error);
    else if (!strcmp(output, "-"))
        status = print(bytes, size);
    else
        status =
            cb_output_write(output, bytes, size, &error) ? EXIT_SUCCESS : cb_program_fail("cyclebench export", &error);
    if (status == EXIT_SUCCESS) cb_export_print_notes(&run, format->iterations);
    free(bytes);
    cb_report_run_free(&run);
    return status;
}

struct options {
    const struct format *format;
    const char *output;
};

/* False: --help, or an option that is none; *status is the exit status. */
static bool parse_options(int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    *status = EXIT_USAGE;
    for (int option; (option = getopt_long(argc, argv, "o:h", known, NULL)) != -1;) {
        switch (option) {
        case 'f':
            options->format = find_format(optarg);
            if (!options->format) return false;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'h':
            *status = print(usage, sizeof usage - 1);
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
    struct options options = {.output = "-"};
    int status;
    if (!parse_options(argc, argv, &options, &status)) return status;
    if (argc - optind != 1 || !options.format) {
        if (argc - optind != 1)
            fprintf(stderr, "cyclebench export: expected one run, got %d\n%s", argc - optind, usage);
        else
            fprintf(stderr, "cyclebench export: expected --format FORMAT\n%s", usage);
        return EXIT_USAGE;
    }
    const bool printed = !strcmp(options.output, "-");
    if (printed && options.format->binary && isatty(STDOUT_FILENO)) {
        fprintf(stderr,
                "cyclebench export: %s is binary, and the standard output is a terminal; choose a file with -o\n",
                options.format->name);
        return EXIT_USAGE;
    }
    if (!printed && is_record(options.output, argv[optind])) {
        fputs("cyclebench export: -o is the run's own record; choose another file\n", stderr);
        return EXIT_USAGE;
    }
    return export_run(argv[optind], options.format, options.output);
}
