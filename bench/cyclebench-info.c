/* cyclebench info: this machine as cyclebench sees it, and what may disturb a measurement. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/isa.h"
#include "instruments.h"

enum { EXIT_USAGE = 2 };

static void print_usage(FILE *out)
{
    fprintf(out, "Usage: cyclebench info [--json]\n\n"
                 "Prints the CPU, its instruction sets and caches, the number of threads that cyclebench will use and "
                 "why, memory,\n"
                 "limits, the build, and what may disturb a measurement with its remedy.\n\n"
                 "  --json   one JSON object, as it heads every result file, with \"threads_reason\" and \"warnings\"\n"
                 "  --help   this text\n\n"
                 "Environment: CYCLEBENCH_ISA (scalar, avx2, avx512, avx512bf16, neon), OMP_NUM_THREADS.\n"
                 "Exit status: 0 done, 1 failure, 2 wrong usage.\n");
}

/* "12 KiB", "2 MiB": exact where a cache size is a whole number of the unit. */
static void format_bytes(char *text, size_t size, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, size, "%.4g %s", bytes, units[unit]);
}

/* A value of the machine's description as text; where it is null, "-" and the reason. */
static void format_value(char *out, size_t size, const json_t *machine, const char *key)
{
    const json_t *value = json_object_get(machine, key);
    size_t key_length = strlen(key);
    if (json_is_string(value)) {
        snprintf(out, size, "%s", json_string_value(value));
    } else if (json_is_number(value) && key_length > 6 && !strcmp(key + key_length - 6, "_bytes")) {
        format_bytes(out, size, json_number_value(value));
    } else if (json_is_number(value)) {
        snprintf(out, size, "%.6g", json_number_value(value));
    } else if (json_is_boolean(value)) {
        snprintf(out, size, "%s", json_is_true(value) ? "yes" : "no");
    } else if (json_is_array(value)) {
        out[0] = '\0';
        for (size_t i = 0, used = 0; i < json_array_size(value) && used < size; i++)
            used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "",
                                     json_string_value(json_array_get(value, i)));
    } else {
        char reason_key[64];
        snprintf(reason_key, sizeof reason_key, "%s_reason", key);
        const char *reason = json_string_value(json_object_get(machine, reason_key));
        snprintf(out, size, "- (%s)", reason ? reason : "not known");
    }
}

static void print_row(const json_t *machine, const char *label, const char *key)
{
    char value[2048];
    format_value(value, sizeof value, machine, key);
    printf("  %-24s %s\n", label, value);
}

struct row {
    const char *label, *key; /* a title if key is NULL */
};

static const struct row rows[] = {
    {"Processor", NULL},
    {"model", "cpu_model"},
    {"family", "cpu_family"},
    {"model number", "cpu_model_number"},
    {"stepping", "cpu_stepping"},
    {"microcode", "microcode"},
    {"virtual machine", "virtual_machine"},
    {"hypervisor", "hypervisor"},
    {"governor", "governor"},
    {"turbo", "turbo"},
    {"Instruction sets", NULL},
    {"built in", "isa_built"},
    {"available", "isa_available"},
    {"selected", "isa_selected"},
    {"Topology", NULL},
    {"packages", "packages"},
    {"NUMA nodes", "numa_nodes"},
    {"cores usable", "cores"},
    {"CPUs usable", "cpus"},
    {"kinds of core", "core_kinds"},
    {"L1 data cache", "l1d_bytes"},
    {"L2 cache", "l2_bytes"},
    {"L3 cache", "l3_bytes"},
    {"L3 shared by CPUs", "l3_shared_by_cpus"},
    {"hwloc", "topology"},
    {"Threads", NULL},
    {"default", "threads"},
    {"because", "threads_reason"},
    {"placement", "placement"},
    {"CPU quota", "cpu_quota"},
    {"throttled periods", "cpu_throttled_periods"},
    {"load average", "load_average"},
    {"Memory", NULL},
    {"installed", "memory_bytes"},
    {"available", "memory_available_bytes"},
    {"limit of the group", "memory_limit_bytes"},
    {"transparent huge pages", "transparent_huge_pages"},
    {"System and build", NULL},
    {"system", "os"},
    {"kernel", "kernel"},
    {"architecture", "architecture"},
    {"cyclebench", "version"},
    {"commit", "commit"},
    {"compiler", "compiler"},
    {"flags", "flags"},
    {"build type", "build_type"},
};

static void print_environment(const json_t *machine)
{
    json_t *variables = json_object_get(machine, "environment");
    const char *name;
    json_t *value;
    if (json_object_size(variables)) printf("Environment\n");
    json_object_foreach(variables, name, value) printf("  %-24s %s\n", name, json_string_value(value));
}

static void print_warnings(const json_t *machine)
{
    const json_t *warnings = json_object_get(machine, "warnings");
    printf("What may disturb a measurement\n");
    if (!json_array_size(warnings)) printf("  nothing found\n");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const json_t *warning = json_array_get(warnings, i);
        printf("  %s: %s\n    remedy: %s\n", json_string_value(json_object_get(warning, "subject")),
               json_string_value(json_object_get(warning, "finding")),
               json_string_value(json_object_get(warning, "remedy")));
    }
}

static void print_text(const json_t *machine)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].key)
            print_row(machine, rows[i].label, rows[i].key);
        else
            printf("%s\n", rows[i].label);
    }
    print_environment(machine);
    print_warnings(machine);
}

static json_t *describe(void)
{
    const char *reason, *placement;
    size_t threads = cb_default_threads(&reason);
    cb_bind_threads(threads, &placement);
    json_t *machine = cb_machine_json(threads);
    if (!machine) return NULL;
    json_object_set_new(machine, "threads_reason", json_string(reason));
    json_object_set_new(machine, "placement", json_string(placement));
    json_object_set_new(machine, "warnings", cb_machine_warnings(machine));
    return machine;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool as_json = false;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'h') {
            print_usage(stdout);
            return EXIT_SUCCESS;
        }
        if (option != 'j') {
            print_usage(stderr);
            return EXIT_USAGE;
        }
        as_json = true;
    }
    if (optind < argc) {
        fprintf(stderr, "cyclebench info: unexpected argument '%s'\n", argv[optind]);
        print_usage(stderr);
        return EXIT_USAGE;
    }
    struct cb_error error;
    enum cb_status status = cb_isa_select(NULL, &error);
    if (status) {
        fprintf(stderr, "cyclebench info: %s\n", error.text);
        return status == CB_BAD_INPUT ? EXIT_USAGE : EXIT_FAILURE;
    }
    json_t *machine = describe();
    if (!machine) {
        fprintf(stderr, "cyclebench info: out of memory\n");
        return EXIT_FAILURE;
    }
    if (as_json) {
        json_dumpf(machine, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_text(machine);
    }
    json_decref(machine);
    return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
