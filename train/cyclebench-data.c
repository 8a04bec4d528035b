/* cyclebench data: fetch a data set, verify it, or write the built-in synthetic set. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/printable.h"
#include "data/data.h"
#include "data/fetch.h"
#include "standard_files.h"

static const char usage[] =
    "usage: cyclebench data fetch  [--set NAME] [--data DIR] [--mirror URL]\n"
    "       cyclebench data verify [--set NAME] [--data DIR]\n"
    "       cyclebench data synth   --data DIR [--images N]\n"
    "\n"
    "fetch   Downloads the set (170 MB) from its official address, else from a mirror, checks the SHA-256 of each\n"
    "        file and writes the set's folder in DIR. A broken or stopped download goes on where it ended.\n"
    "        --set NAME     cifar10 (the default; cifar-10-batches-bin/) or cifar100 (cifar-100-binary/)\n"
    "        --data DIR     default: $XDG_CACHE_HOME/cyclebench or ~/.cache/cyclebench\n"
    "        --mirror URL   this address only (http, https, file)\n"
    "verify  Says of each of the set's files whether it is the official one.\n"
    "        --set NAME     as above\n"
    "        --data DIR     a folder that holds the set's folder, that folder, or the archive; default:\n"
    "                       $CYCLEBENCH_DATA if set, else the cache folder\n"
    "synth   Writes the synthetic set (ten classes of coloured spots under noise, the same bytes on every machine) in\n"
    "        CIFAR-10's binary format to DIR/cifar-10-batches-bin/. Other data there is never overwritten.\n"
    "        --images N     images in each of the six files, default 10000\n"
    "\n"
    "Exit status: 0 done, all files official; 1 failure at run time; 2 wrong usage, bad input, a file that is not the\n"
    "official one; 4 verify found no data; 130 or 143 stopped by SIGINT or SIGTERM.\n";

enum { EXIT_RUN_TIME = 1, EXIT_BAD_INPUT = 2, EXIT_NOT_FOUND = 4 };

struct options {
    const struct cb_dataset *set; /* NULL: not given */
    const char *data, *mirror;
    size_t images;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal_number)
{
    stop_signal = signal_number;
}

static int report(enum cb_status status, const struct cb_error *err)
{
    if (status == CB_OK) return EXIT_SUCCESS;
    fprintf(stderr, "cyclebench data: %s\n", err->text);
    if (stop_signal) return 128 + stop_signal;
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? EXIT_BAD_INPUT : EXIT_RUN_TIME;
}

static int print_help(void)
{
    struct cb_error err;
    fputs(usage, stdout);
    return report(cb_finish_output(&err), &err);
}

static const struct cb_dataset *chosen(const struct options *options)
{
    return options->set ? options->set : &cb_datasets[CB_CIFAR10];
}

static int run_fetch(const struct options *options)
{
    struct cb_error err;
    char cache[PATH_MAX];
    const struct cb_dataset *set = chosen(options);
    struct cb_fetch fetch = {
        .set = set, .folder = options->data, .mirror = options->mirror, .log = stderr, .stop = &stop_signal};
    if (!fetch.folder) {
        enum cb_status status = cb_data_cache_folder(cache, sizeof cache, &err);
        if (status != CB_OK) return report(status, &err);
        fetch.folder = cache;
    }
    enum cb_status status = cb_fetch(&fetch, &err);
    if (status == CB_OK) {
        printf("%s is in %s/%s, all %zu files verified\n", set->title, fetch.folder, set->folder, set->files);
        status = cb_finish_output(&err);
    }
    return report(status, &err);
}

static void print_check(const struct cb_dataset *set, const struct cb_dataset_file *file,
                        const struct cb_file_check *check)
{
    switch (check->state) {
    case CB_FILE_OK:
        printf("%s: ok\n", file->name);
        break;
    case CB_FILE_MISSING:
        printf("%s: missing\n", file->name);
        break;
    case CB_FILE_WRONG_LENGTH:
        printf("%s: wrong length: expected %zu bytes, got %zu\n", file->name,
               file->records * cb_dataset_record_bytes(set), check->bytes);
        break;
    case CB_FILE_WRONG_SHA256:
        printf("%s: wrong SHA-256: expected %s, got %s\n", file->name, file->sha256, check->sha256);
        break;
    }
}

static int run_verify(const struct options *options)
{
    const struct cb_dataset *set = chosen(options);
    struct cb_error err;
    struct cb_data_source source;
    struct cb_file_check checks[CB_DATASET_MAX_FILES];
    enum cb_status status = cb_data_find(&source, set, options->data, &err);
    if (status == CB_UNAVAILABLE) {
        report(status, &err);
        return EXIT_NOT_FOUND;
    }
    if (status == CB_OK) status = cb_data_verify(checks, &source, &err);
    if (status != CB_OK) return report(status, &err);
    cb_make_printable(source.path);
    printf("%s\n", source.path);
    int wrong = 0;
    for (size_t i = 0; i < set->files; i++) {
        print_check(set, &set->file[i], &checks[i]);
        wrong += checks[i].state != CB_FILE_OK;
    }
    status = cb_finish_output(&err);
    if (status != CB_OK) return report(status, &err);
    if (!wrong) return EXIT_SUCCESS;
    fprintf(stderr,
            "cyclebench data: %d of %zu files are not the official ones (a synthetic set never is); "
            "`cyclebench data fetch --set %s` gets them\n",
            wrong, set->files, set->name);
    return EXIT_BAD_INPUT;
}

static int run_synth(const struct options *options)
{
    struct cb_error err;
    if (!options->data) {
        /* The cache folder is where fetch puts CIFAR-10 and where a trainer expects nothing else. */
        fprintf(stderr, "cyclebench data synth: --data DIR is needed; see cyclebench data --help\n");
        return EXIT_BAD_INPUT;
    }
    enum cb_status status = cb_synthetic_write(options->data, options->images, &stop_signal, &err);
    if (status == CB_OK) {
        printf("synthetic set in %s/%s: 6 files of %zu images; train on it with --data %s\n", options->data,
               cb_datasets[CB_CIFAR10].folder, options->images, options->data);
        status = cb_finish_output(&err);
    }
    return report(status, &err);
}

static int parse_images(const char *text, size_t *images)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > CB_CIFAR_MAX_RECORDS) {
        fprintf(stderr, "cyclebench data: --images %s: expected a whole number from 1 to %d\n", text,
                CB_CIFAR_MAX_RECORDS);
        return 0;
    }
    *images = (size_t)value;
    return 1;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, const char *verb, struct options *options)
{
    enum { SET = 1, DATA, MIRROR, IMAGES, HELP };
    static const struct option known[] = {
        {"set", required_argument, NULL, SET},       {"data", required_argument, NULL, DATA},
        {"mirror", required_argument, NULL, MIRROR}, {"images", required_argument, NULL, IMAGES},
        {"help", no_argument, NULL, HELP},           {0}};
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (code) {
        case SET:
            options->set = cb_dataset_find(optarg);
            if (options->set) break;
            fprintf(stderr, "cyclebench data %s: --set %.100s: expected cifar10 or cifar100\n", verb, optarg);
            return EXIT_BAD_INPUT;
        case DATA:
            options->data = optarg;
            break;
        case MIRROR:
            options->mirror = optarg;
            break;
        case IMAGES:
            if (!parse_images(optarg, &options->images)) return EXIT_BAD_INPUT;
            break;
        case HELP:
            return print_help();
        default:
            fprintf(stderr,
                    "cyclebench data %s: option %.300s is unknown or lacks its value\nSee cyclebench data --help\n",
                    verb, argv[optind - 1]);
            return EXIT_BAD_INPUT;
        }
    }
    const char *problem = NULL, *what = "";
    if (optind < argc)
        problem = "unexpected argument", what = argv[optind];
    else if (options->mirror && strcmp(verb, "fetch") != 0)
        problem = "only fetch knows", what = "--mirror";
    else if (options->mirror && (!strstr(options->mirror, "://") || strlen(options->mirror) > 2000))
        problem = "--mirror needs an address such as https://host/archive.tar.gz, got", what = options->mirror;
    else if (options->set && strcmp(verb, "synth") == 0)
        problem = "synth writes one set only, in CIFAR-10's format, and knows no", what = "--set";
    else if (options->images && strcmp(verb, "synth") != 0)
        problem = "only synth knows", what = "--images";
    else if (options->data && !options->data[0])
        problem = "--data is empty";
    if (!problem) return -1;
    fprintf(stderr, "cyclebench data %s: %s %.300s\nSee cyclebench data --help\n", verb, problem, what);
    return EXIT_BAD_INPUT;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    static const struct {
        const char *name;
        int (*run)(const struct options *options);
    } verbs[] = {{"fetch", run_fetch}, {"verify", run_verify}, {"synth", run_synth}};
    if (argc < 2) {
        fputs(usage, stderr);
        return EXIT_BAD_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0) {
        return print_help();
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0) continue;
        struct options options = {0};
        int status = parse_options(argc - 1, argv + 1, argv[1], &options);
        if (status >= 0) return status;
        if (!options.images) options.images = CB_SYNTHETIC_FILE_IMAGES;
        return verbs[i].run(&options);
    }
    fprintf(stderr,
            "cyclebench data: unknown command %.100s, expected fetch, verify or synth\nSee cyclebench data --help\n",
            argv[1]);
    return EXIT_BAD_INPUT;
}
