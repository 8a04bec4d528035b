/* cyclebench count: exact instruction counts of the kernels and of a training step, on fixed small shapes. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "count/run_group.h"
#include "instruments.h"
#include "interrupt.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: cyclebench count [--isa LIST] [--json FILE]\n"
    "\n"
    "Counts the instructions of every operation of the kernels, and of a training step of a small network, on fixed\n"
    "small shapes with one thread, in each instruction set. The same program gives the same counts everywhere: cache\n"
    "sizes and the choices of the C library are fixed. cyclebench regress compares them.\n"
    "\n"
    "  --isa LIST    only these instruction sets: scalar, avx2, avx512, avx512bf16, neon (default: all of this "
    "machine)\n"
    "  --json FILE   also as JSON\n"
    "  --help        this text\n"
    "\n"
    "A line is source, instruction set, count and case. Sources: callgrind (scalar, avx2; on Arm neon), single-step\n"
    "(avx512, avx512bf16, which valgrind does not run) and qemu (neon, elsewhere). What was not counted has '-' and "
    "the\n"
    "reason.\n"
    "\n"
    "Exit status: 0 something was counted, 1 nothing was, or the output was not written, 2 wrong usage, 128 + the "
    "number\n"
    "of a signal.\n";

#if defined(__aarch64__)
static const struct cb_group groups[] = {{"callgrind", "scalar"}, {"callgrind", "neon"}};
#else
static const struct cb_group groups[] = {{"single-step", "avx512"},
                                         {"single-step", "avx512bf16"},
                                         {"callgrind", "scalar"},
                                         {"callgrind", "avx2"},
                                         {"qemu", "neon"}};
#endif
enum { GROUPS = sizeof groups / sizeof *groups };

/* Whether a word of the list, which commas separate, is the ISA. */
static bool is_listed(const char *list, const char *isa)
{
    size_t len = strlen(isa);
    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (strcspn(list, ",") == len && !strncmp(list, isa, len)) return true;
    return false;
}

/* The word that is no ISA; NULL: none. */
static const char *unknown_word(const char *list)
{
    for (; *list; list += strcspn(list, ","), list += *list == ',') {
        bool known = false;
        for (size_t i = 0; i < GROUPS && !known; i++)
            known = strcspn(list, ",") == strlen(groups[i].isa) && !strncmp(list, groups[i].isa, strlen(groups[i].isa));
        if (!known) return list;
    }
    return NULL;
}

static size_t print_group(const json_t *group)
{
    const char *source = json_string_value(json_object_get(group, "source"));
    const char *isa = json_string_value(json_object_get(group, "isa"));
    const char *reason = json_string_value(json_object_get(group, "reason"));
    if (reason) printf("%s\t%s\t-\t%s\n", source, isa, reason);
    size_t i, counted = 0;
    json_t *one;
    json_array_foreach(json_object_get(group, "cases"), i, one)
    {
        const json_t *count = json_object_get(one, "count");
        const char *name = json_string_value(json_object_get(one, "name"));
        counted += json_is_integer(count);
        if (json_is_integer(count))
            printf("%s\t%s\t%lld\t%s\n", source, isa, (long long)json_integer_value(count), name);
        else
            printf("%s\t%s\t-\t%s: %s\n", source, isa, name, json_string_value(json_object_get(one, "reason")));
    }
    return counted;
}

/* All at a time: each has one thread. */
static json_t *count_groups(const char *list, const char *folder)
{
    struct cb_group_run runs[GROUPS];
    size_t n = 0;
    for (size_t i = 0; i < GROUPS; i++)
        if (!list || is_listed(list, groups[i].isa)) cb_group_start(&runs[n++], &groups[i], folder);
    json_t *counted = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(counted, cb_group_finish(&runs[i]));
    return counted;
}

static int count(const char *list, const char *json_path, const char *folder)
{
    json_t *counted = count_groups(list, folder);
    if (cb_interrupt_signal()) {
        json_decref(counted);
        return 128 + cb_interrupt_signal();
    }
    json_t *document = json_pack("{s:s, s:s, s:s, s:o}", "version", cb_build_version, "commit", cb_build_commit,
                                 "compiler", cb_build_compiler, "groups", counted);
    if (list) json_object_set_new(document, "only_isa", json_string(list));
    struct cb_error err;
    size_t i, n = 0;
    json_t *group;
    json_array_foreach(counted, i, group) n += print_group(group);
    bool failed = json_path && cb_save_json(json_path, document, &err);
    if (failed) fprintf(stderr, "cyclebench count: %s\n", err.text);
    json_decref(document);
    int status = cb_end_after_output("cyclebench count");
    if (!n) fprintf(stderr, "cyclebench count: nothing was counted: the lines above say why\n");
    return failed || !n ? EXIT_FAILURE : status;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"isa", required_argument, NULL, 'i'},
                                                 {"json", required_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    const char *list = NULL, *json_path = NULL;
    cb_open_standard_files();
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(usage, stdout);
            return cb_end_after_output("cyclebench count");
        }
        if (option == '?') return EXIT_USAGE;
        *(option == 'i' ? &list : &json_path) = optarg;
    }
    const char *unknown = list ? unknown_word(list) : NULL;
    if (unknown || (list && !*list)) {
        fprintf(stderr, "cyclebench count: --isa: unknown instruction set '%.*s'; --help lists them\n",
                (int)(unknown ? strcspn(unknown, ",") : 0), unknown ? unknown : "");
        return EXIT_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "cyclebench count: unexpected argument '%s'\n", argv[optind]);
        return EXIT_USAGE;
    }
    char folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    cb_interrupt_install("nothing is written");
    return count(list, json_path, folder);
}
