#include "instruments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void warn(json_t *warnings, const char *subject, const char *remedy, const char *finding_format, ...)
    __attribute__((format(printf, 4, 5)));

static void warn(json_t *warnings, const char *subject, const char *remedy, const char *finding_format, ...)
{
    char finding[512];
    va_list args;
    va_start(args, finding_format);
    vsnprintf(finding, sizeof finding, finding_format, args);
    va_end(args);
    json_t *warning = json_object();
    json_object_set_new(warning, "subject", json_string(subject));
    json_object_set_new(warning, "finding", json_string(finding));
    json_object_set_new(warning, "remedy", json_string(remedy));
    json_array_append_new(warnings, warning);
}

static const char *text(const json_t *machine, const char *key)
{
    const char *value = json_string_value(json_object_get(machine, key));
    return value ? value : "";
}

static double number(const json_t *machine, const char *key)
{
    return json_number_value(json_object_get(machine, key)); /* 0 where it is missing */
}

static void check_threads(json_t *warnings, const json_t *machine)
{
    double threads = number(machine, "threads"), cores = number(machine, "cores"), cpus = number(machine, "cpus");
    double quota = number(machine, "cpu_quota"), throttled = number(machine, "cpu_throttled_periods");
    if (cpus > 0 && threads > cpus)
        warn(warnings, "threads", "leave out --oversubscribe", "%.0f threads share %.0f CPUs and wait for each other",
             threads, cpus);
    else if (cores > 0 && threads > cores)
        warn(warnings, "threads", "use one thread a core: two threads of a core share its vector units",
             "%.0f threads on %.0f physical cores", threads, cores);
    if (quota > 0 && threads > quota)
        warn(warnings, "quota", "use fewer threads, or raise the limit of the container (docker run --cpus, cpu.max)",
             "the control group may use %.2f CPUs, fewer than %.0f threads need: it will be stopped in each period",
             quota, threads);
    if (throttled > 0)
        warn(warnings, "quota", "compare this count before and after a run; it must not grow",
             "the control group has been throttled %.0f times so far", throttled);
    double fast = number(machine, "fast_cores");
    if (fast > 0 && threads > fast && fast < cores)
        warn(warnings, "cores", "use as many threads as there are fast cores, or choose CPUs of one kind with taskset",
             "%.0f threads on %.0f cores of the fastest kind and %.0f slower ones, which decide how long a step takes",
             threads, fast, cores - fast);
    const char *placement = text(machine, "placement");
    if (!strncmp(placement, "not bound", 9))
        warn(warnings, "placement", "use one thread a core (--threads), or set OMP_PROC_BIND=true",
             "threads are %s: the scheduler may move them", placement);
}

static void check_clock(json_t *warnings, const json_t *machine)
{
    const char *governor = text(machine, "governor");
    if (*governor && strcmp(governor, "performance"))
        warn(warnings, "governor", "cpupower frequency-set -g performance",
             "governor %s: the clock rises only after a while of load", governor);
    if (json_is_true(json_object_get(machine, "turbo")))
        warn(warnings, "turbo",
             "for steady numbers: echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 > "
             "/sys/devices/system/cpu/cpufreq/boost",
             "turbo is on: the clock depends on temperature and on what other cores do");
    if (json_is_true(json_object_get(machine, "virtual_machine")))
        warn(warnings, "virtual machine",
             "compare only numbers measured alternately in one session; take absolute numbers on bare metal",
             "virtual machine (%s): neighbours share caches, memory and clock", text(machine, "hypervisor"));
    const char *source = text(machine, "clock_source");
    static const char *const slow_sources[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies"};
    for (size_t i = 0; i < sizeof slow_sources / sizeof *slow_sources; i++)
        if (!strcmp(source, slow_sources[i]))
            warn(warnings, "clock source",
                 "find out why the kernel gave up the CPU's own counter (dmesg | grep -i tsc)",
                 "clock source %s: reading the clock takes microseconds", source);
}

static void check_load(json_t *warnings, const json_t *machine)
{
    double load = number(machine, "load_average"), cpus = number(machine, "cpus");
    double others = number(machine, "other_running_tasks");
    if (load > 0.25 * (cpus > 0 ? cpus : 1))
        warn(warnings, "load", "wait until other programs have ended (see top)", "load average %.2f on %.0f CPUs", load,
             cpus);
    else if (others > 0)
        warn(warnings, "load", "wait until other programs have ended (see top)",
             "%.0f other task%s running at this moment", others, others > 1 ? "s are" : " is");
    if (number(machine, "numa_nodes") > 1 && number(machine, "numa_balancing") > 0)
        warn(warnings, "NUMA", "sysctl kernel.numa_balancing=0",
             "automatic NUMA balancing is on: the kernel unmaps and moves pages while kernels run");
    if (number(machine, "nmi_watchdog") > 0 &&
        json_is_string(json_object_get(json_object_get(machine, "counters"), "instructions")))
        warn(warnings, "counters", "sysctl kernel.nmi_watchdog=0",
             "the NMI watchdog occupies one hardware counter: more passes are needed to count all events");
}

static void check_build(json_t *warnings, const json_t *machine)
{
    if (strcmp(text(machine, "build_type"), "optimized"))
        warn(warnings, "build", "build with plain `make`", "build type: %s", text(machine, "build_type"));
    const json_t *available = json_object_get(machine, "isa_available");
    size_t n = json_array_size(available);
    const char *best = n ? json_string_value(json_array_get(available, n - 1)) : NULL;
    /* --isa is a choice of this moment, a variable may have been forgotten. */
    const char *cap = text(json_object_get(machine, "environment"), "CYCLEBENCH_ISA");
    if (best && *cap && strcmp(best, cap) && !strcmp(cap, text(machine, "isa_selected")))
        warn(warnings, "instruction set", "unset CYCLEBENCH_ISA", "CYCLEBENCH_ISA selects %s although %s is available",
             cap, best);
    const char *commit = text(machine, "commit");
    if (strstr(commit, "-dirty") || !strcmp(commit, "unknown"))
        warn(warnings, "commit", "commit before you measure: a number must name the code that it belongs to",
             "commit %s", commit);
    if (!strcmp(text(machine, "transparent_huge_pages"), "never"))
        warn(warnings, "memory", "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
             "transparent huge pages are off: large activations cost more TLB misses");
}

json_t *cb_machine_warnings(const json_t *machine)
{
    json_t *warnings = json_array();
    check_threads(warnings, machine);
    check_clock(warnings, machine);
    check_load(warnings, machine);
    check_build(warnings, machine);
    return warnings;
}
