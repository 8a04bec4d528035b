#include "system.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "processor.h"
#include "sysfile.h"

/* A value of /proc/meminfo, which counts in kB. */
static void describe_memory(json_t *machine, const char *key, const char *name)
{
    char text[64];
    bool known = cb_sysfile_value(text, sizeof text, "/proc/meminfo", name);
    cb_describe_number(machine, key, known ? strtoll(text, NULL, 10) * 1024 : 0, known,
                       "/proc/meminfo has no such line");
}

static void describe_kernel(json_t *machine)
{
    char text[512];
    cb_sysfile_value(text, sizeof text, "/etc/os-release", "PRETTY_NAME");
    cb_describe_text(machine, "os", text, "/etc/os-release has no PRETTY_NAME");
    struct utsname name;
    bool known = !uname(&name);
    if (known) snprintf(text, sizeof text, "%s %s", name.sysname, name.release);
    cb_describe_text(machine, "kernel", known ? text : NULL, "uname failed");
    cb_describe_text(machine, "architecture", known ? name.machine : NULL, "uname failed");
    describe_memory(machine, "memory_bytes", "MemTotal");
    describe_memory(machine, "memory_available_bytes", "MemAvailable");
}

/* "always [madvise] never" -> "madvise" */
static void describe_huge_pages(json_t *machine)
{
    char line[128];
    const char *choice = "";
    if (cb_sysfile_line(line, sizeof line, "/sys/kernel/mm/transparent_hugepage/enabled")) {
        char *open = strchr(line, '[');
        if (open) {
            open[strcspn(open, "]")] = '\0';
            choice = open + 1;
        }
    }
    cb_describe_text(machine, "transparent_huge_pages", choice,
                     "/sys/kernel/mm/transparent_hugepage/enabled is missing");
}

static void describe_frequency(json_t *machine)
{
    char text[64];
    cb_sysfile_line(text, sizeof text, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    cb_describe_text(machine, "governor", text, "the kernel offers no frequency control (usual in a virtual machine)");
    bool intel = cb_sysfile_line(text, sizeof text, "/sys/devices/system/cpu/intel_pstate/no_turbo");
    bool known = intel || cb_sysfile_line(text, sizeof text, "/sys/devices/system/cpu/cpufreq/boost");
    bool on = (text[0] == '1') != intel;
    json_object_set_new(machine, "turbo", known ? json_boolean(on) : json_null());
    if (!known) json_object_set_new(machine, "turbo_reason", json_string("the kernel offers no boost control"));
}

static void describe_load(json_t *machine)
{
    double load;
    bool known = getloadavg(&load, 1) == 1;
    json_object_set_new(machine, "load_average", known ? json_real(load) : json_null());
    if (!known) json_object_set_new(machine, "load_average_reason", json_string("the system does not say"));
}

/* A number in a file of the kernel. */
static void describe_setting(json_t *machine, const char *key, const char *path)
{
    char line[64], reason[128];
    bool known = cb_sysfile_line(line, sizeof line, "%s", path);
    snprintf(reason, sizeof reason, "%s is missing", path);
    cb_describe_number(machine, key, strtoll(line, NULL, 10), known, reason);
}

static void describe_settings(json_t *machine)
{
    static const char clock_source[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    char line[64];
    cb_sysfile_line(line, sizeof line, "%s", clock_source);
    cb_describe_text(machine, "clock_source", line, "/sys/devices/system/clocksource is missing");
    describe_setting(machine, "address_randomisation", "/proc/sys/kernel/randomize_va_space");
    describe_setting(machine, "numa_balancing", "/proc/sys/kernel/numa_balancing");
    describe_setting(machine, "nmi_watchdog", "/proc/sys/kernel/nmi_watchdog");
    describe_setting(machine, "perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid");
}

/* "0.10 0.20 0.30 3/345 6789": three tasks can run, this one is among them. */
static void describe_tasks(json_t *machine)
{
    char line[128];
    unsigned running = 0;
    bool known = cb_sysfile_line(line, sizeof line, "/proc/loadavg") && sscanf(line, "%*s %*s %*s %u/", &running) == 1;
    cb_describe_number(machine, "other_running_tasks", running ? (long long)running - 1 : 0, known,
                       "/proc/loadavg does not tell");
}

/* The file that the runtime was loaded from: libgomp or libomp. */
static void describe_openmp(json_t *machine)
{
    void *function = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    Dl_info info;
    const char *path = function && dladdr(function, &info) ? info.dli_fname : NULL,
               *slash = path ? strrchr(path, '/') : NULL;
    cb_describe_text(machine, "openmp", slash ? slash + 1 : path, "the loader does not tell");
}

void cb_system_describe(json_t *machine)
{
    describe_kernel(machine);
    describe_huge_pages(machine);
    describe_frequency(machine);
    describe_load(machine);
    describe_tasks(machine);
    describe_settings(machine);
    describe_openmp(machine);
}
