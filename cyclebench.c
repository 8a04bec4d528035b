/* The `cyclebench` command: finds and runs cyclebench-<verb>, as git does. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "instruments.h"
#include "nearest.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2, MAX_FOLDERS = 3, MAX_VERBS = 64, VERB_BYTES = 64 };

static const char prefix[] = "cyclebench-";

/* As text: with the table itself would come OpenMP, whose runtime binds this thread before main, and so the verb's. */
static const char isa_names[] =
#include "core/isa_names.inc"
    ;

/* What the project's own programs do; a program of another name that is found is listed without a description. */
static const char *const summaries[][2] = {
    {"ab", "compare two builds by interleaved runs of bench"},
    {"bench", "time the kernels beside the libraries people would pick instead"},
    {"compare", "compare training runs: time to target, accuracy, speed"},
    {"count", "exact instruction counts of the kernels and of a training step"},
    {"data", "fetch or verify CIFAR-10 and CIFAR-100, make the synthetic set"},
    {"eval", "test accuracy of a checkpoint"},
    {"export", "write a run for MLPerf, DAWNBench, TensorBoard, W&B, spreadsheets"},
    {"info", "this machine: CPU, caches, threads, and what may disturb a measurement"},
    {"lr-find", "find a learning rate: the loss while the rate grows"},
    {"plot", "draw one picture of a report"},
    {"report", "runs and measurements as one page, in HTML and Markdown"},
    {"regress", "did this commit make it slower? Two builds, or one and a baseline, by exact counts"},
    {"score", "project the time to the target on this machine, from a minute of measurement"},
    {"sweep", "train the runs of a plan, with seeds"},
    {"train", "train a recipe"},
};

struct folders {
    size_t n;
    char path[MAX_FOLDERS][PATH_MAX];
};

static void add_folder(struct folders *folders, const char *base, const char *below)
{
    int length = snprintf(folders->path[folders->n], PATH_MAX, "%s%s", base, below);
    if (length > 0 && length < PATH_MAX) folders->n++;
}

/* Where programs may be, first match wins: $CYCLEBENCH_EXEC_PATH, beside this program, ../libexec/cyclebench. */
static void find_folders(struct folders *folders)
{
    folders->n = 0;
    const char *set = getenv("CYCLEBENCH_EXEC_PATH");
    if (set && *set) add_folder(folders, set, "");
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) return;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash) return;
    *slash = '\0';
    add_folder(folders, self, "");
    add_folder(folders, self, "/../libexec/cyclebench");
}

struct verbs {
    size_t n;
    char name[MAX_VERBS][VERB_BYTES];
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void add_verb(struct verbs *verbs, const char *name)
{
    for (size_t i = 0; i < verbs->n; i++)
        if (!strcmp(verbs->name[i], name)) return;
    if (verbs->n < MAX_VERBS && strlen(name) < VERB_BYTES) strcpy(verbs->name[verbs->n++], name);
}

static void list_verbs(const struct folders *folders, struct verbs *verbs)
{
    verbs->n = 0;
    for (size_t i = 0; i < folders->n; i++) {
        DIR *dir = opendir(folders->path[i]);
        if (!dir) continue;
        for (struct dirent *entry; (entry = readdir(dir));) {
            const char *name = entry->d_name;
            if (strncmp(name, prefix, sizeof prefix - 1) || strchr(name, '.')) continue;
            if (!faccessat(dirfd(dir), name, X_OK, 0)) add_verb(verbs, name + sizeof prefix - 1);
        }
        closedir(dir);
    }
    qsort(verbs->name, verbs->n, VERB_BYTES, compare_names);
}

static const char *summary_of(const char *verb)
{
    for (size_t i = 0; i < sizeof summaries / sizeof *summaries; i++)
        if (!strcmp(summaries[i][0], verb)) return summaries[i][1];
    return "";
}

static void print_verbs(FILE *out, const struct folders *folders)
{
    struct verbs verbs;
    list_verbs(folders, &verbs);
    fprintf(out, "Verbs:\n");
    for (size_t i = 0; i < verbs.n; i++) fprintf(out, "  %-10s %s\n", verbs.name[i], summary_of(verbs.name[i]));
    if (verbs.n) return;
    fprintf(out, "  none: no program %s<verb> was found in\n", prefix);
    for (size_t i = 0; i < folders->n; i++) fprintf(out, "    %s\n", folders->path[i]);
}

static void print_usage(FILE *out, const struct folders *folders)
{
    fprintf(out, "Usage: cyclebench VERB [ARGUMENTS]...\n"
                 "       cyclebench VERB --help\n"
                 "       cyclebench --version\n\n"
                 "Trains ResNets on CIFAR-10 with hand-vectorised kernels and compares the 1cycle policy with the step "
                 "schedule.\n\n");
    print_verbs(out, folders);
    fprintf(out,
            "\nEnvironment: CYCLEBENCH_DATA (where CIFAR-10 is), CYCLEBENCH_ISA (%s),\n"
            "OMP_NUM_THREADS, CYCLEBENCH_EXEC_PATH (a folder with further cyclebench-<verb> programs).\n",
            isa_names);
}

static int unknown_verb(const char *verb, const struct folders *folders)
{
    fprintf(stderr, "cyclebench: unknown verb '%s'\n", verb);
    struct verbs verbs;
    list_verbs(folders, &verbs);
    const char *names[MAX_VERBS];
    for (size_t i = 0; i < verbs.n; i++) names[i] = verbs.name[i];
    const char *nearest = cb_nearest(verb, names, verbs.n, strlen(verb) / 2);
    if (nearest) fprintf(stderr, "Did you mean '%s'?\n", nearest);
    print_verbs(stderr, folders);
    return EXIT_USAGE;
}

/* Replaces this process by cyclebench-<verb>; returns only if no such program was found or could be run. */
static int run(char **argv, const struct folders *folders)
{
    const char *verb = argv[0];
    char name[sizeof prefix + VERB_BYTES];
    int name_length = snprintf(name, sizeof name, "%s%s", prefix, verb);
    if (*verb == '-' || strchr(verb, '/') || (size_t)name_length >= sizeof name) return unknown_verb(verb, folders);
    argv[0] = name; /* what its messages begin with */
    for (size_t i = 0; i < folders->n; i++) {
        char program[PATH_MAX + VERB_BYTES];
        int length = snprintf(program, sizeof program, "%s/%s", folders->path[i], name);
        if (length < 0 || (size_t)length >= sizeof program) continue;
        execv(program, argv);
        if (errno != ENOENT && errno != ENOTDIR) {
            fprintf(stderr, "cyclebench: cannot run %s: %s\n", program, strerror(errno));
            return EXIT_FAILURE;
        }
    }
    return unknown_verb(verb, folders);
}

static int end_after_output(void)
{
    if (!fflush(stdout) && !ferror(stdout)) return EXIT_SUCCESS;
    fprintf(stderr, "cyclebench: standard output: cannot be written: %s\n", strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct folders folders;
    find_folders(&folders);
    if (argc < 2) {
        print_usage(stderr, &folders);
        return EXIT_USAGE;
    }
    bool help = !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help");
    if (help && argc == 2) {
        print_usage(stdout, &folders);
        return end_after_output();
    }
    if (help) { /* cyclebench help VERB */
        char option[] = "--help", *with_help[] = {argv[2], option, NULL};
        return run(with_help, &folders);
    }
    if (!strcmp(argv[1], "--version")) {
        printf("cyclebench %s (%s, %s)\n", cb_build_version, cb_build_commit, cb_build_compiler);
        return end_after_output();
    }
    return run(argv + 1, &folders);
}
