/* cyclebench info: this machine as cyclebench sees it, and what may disturb a measurement. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/isa.h"
#include "counter_names.h"
#include "counters.h"
#include "exact.h"
#include "instruments.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2 };

static void print_usage(FILE *out)
{
    fprintf(out,
            "Usage: cyclebench info [--json]\n\n"
            "Prints the CPU, its instruction sets and caches, the number of threads that cyclebench will use and "
            "why, where\nthey run, memory, limits, what can be counted, the build, and what may disturb a "
            "measurement with its remedy.\n\n"
            "  --json   one JSON object, as it heads every result file, with \"exact_counts\", \"event_names\" and\n"
            "           \"event_groups\" beside\n"
            "  --help   this text\n\n"
            "A picture of the topology: lstopo --of svg (package hwloc).\n\n"
            "Environment: CYCLEBENCH_ISA (%s), OMP_NUM_THREADS.\n"
            "Exit status: 0 done, 1 failure, 2 wrong usage.\n",
            cb_isa_names());
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
    {"cores of fastest kind", "fast_cores"},
    {"L1 data cache", "l1d_bytes"},
    {"L2 cache", "l2_bytes"},
    {"L3 cache", "l3_bytes"},
    {"L3 shared by CPUs", "l3_shared_by_cpus"},
    {"hwloc", "topology"},
    {"Threads", NULL},
    {"default", "threads"},
    {"because", "threads_reason"},
    {"placement", "placement"},
    {"CPUs of each thread", "thread_cpus"},
    {"OpenMP runtime", "openmp"},
    {"CPU quota", "cpu_quota"},
    {"throttled periods", "cpu_throttled_periods"},
    {"load average", "load_average"},
    {"other running tasks", "other_running_tasks"},
    {"Memory", NULL},
    {"installed", "memory_bytes"},
    {"available", "memory_available_bytes"},
    {"limit of the group", "memory_limit_bytes"},
    {"transparent huge pages", "transparent_huge_pages"},
    {"System and build", NULL},
    {"system", "os"},
    {"kernel", "kernel"},
    {"architecture", "architecture"},
    {"clock source", "clock_source"},
    {"address randomisation", "address_randomisation"},
    {"NUMA balancing", "numa_balancing"},
    {"NMI watchdog", "nmi_watchdog"},
    {"perf_event_paranoid", "perf_event_paranoid"},
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

/* Events that are missing for the same reason share it. */
static void print_missing(const json_t *counters, enum cb_event first)
{
    char key[64];
    snprintf(key, sizeof key, "%s_reason", cb_event_name(first));
    const char *reason = json_string_value(json_object_get(counters, key));
    printf("  not counted:");
    for (enum cb_event event = first; event < CB_EVENT_COUNT; event++) {
        snprintf(key, sizeof key, "%s_reason", cb_event_name(event));
        const char *other = json_string_value(json_object_get(counters, key));
        if (!other || strcmp(other, reason)) continue;
        printf(" %s", cb_event_name(event));
    }
    printf("\n    because %s\n", reason);
}

static void print_counters(const json_t *counters)
{
    printf("Counters\n");
    const char *told[CB_EVENT_COUNT];
    size_t n = 0;
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        char key[64];
        const char *source = json_string_value(json_object_get(counters, cb_event_name(event)));
        snprintf(key, sizeof key, "%s_%s", cb_event_name(event), source ? "proof" : "reason");
        const char *more = json_string_value(json_object_get(counters, key));
        bool is_told = false;
        for (size_t i = 0; i < n && !source; i++) is_told |= !strcmp(told[i], more);
        if (source) {
            printf("  %-24s %s%s%s%s\n", cb_event_name(event), source, more ? " (" : "", more ? more : "",
                   more ? ")" : "");
        } else if (!is_told) {
            told[n++] = more;
            print_missing(counters, event);
        }
    }
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
    print_counters(json_object_get(machine, "counters"));
    cb_event_names_print(json_object_get(machine, "event_names"), json_object_get(machine, "event_groups"));
    const json_t *exact = json_object_get(machine, "exact_counts");
    printf("Exact instruction counts\n");
    print_row(exact, "single-step", "single_step");
    print_row(exact, "callgrind", "callgrind");
    print_row(exact, "qemu-user", "qemu_user");
    print_warnings(machine);
}

static json_t *describe(void)
{
    size_t threads = cb_default_threads(NULL);
    cb_bind_threads(threads, NULL, NULL); /* the machine block says what came of it */
    json_t *machine = cb_machine_json(threads);
    if (!machine) return NULL;
    json_object_set_new(machine, "exact_counts", cb_exact_describe());
    json_object_set_new(machine, "event_names", cb_event_names_describe());
    json_object_set_new(machine, "event_groups", cb_event_groups_describe());
    return machine;
}

static int fail(const struct cb_error *error, enum cb_status status)
{
    fprintf(stderr, "cyclebench info: %s\n", error->text);
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? EXIT_USAGE : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool as_json = false;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 'h':
            print_usage(stdout);
            return cb_end_after_output("cyclebench info");
        case 'j':
            as_json = true;
            break;
        default:
            print_usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "cyclebench info: unexpected argument '%s'\n", argv[optind]);
        print_usage(stderr);
        return EXIT_USAGE;
    }
    struct cb_error error;
    enum cb_status status = cb_isa_select(NULL, &error);
    if (status) return fail(&error, status);
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
    status = cb_finish_output(&error);
    return status ? fail(&error, status) : EXIT_SUCCESS;
}
