#include "instruments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cgroup.h"
#include "core/isa.h"
#include "core/ops.h"
#include "processor.h"
#include "sysfile.h"

extern char **environ;

static void describe_isa(json_t *machine)
{
    json_t *built = json_array(), *available = json_array();
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT; isa++) {
        if (cb_ops_of(isa)) json_array_append_new(built, json_string(cb_isa_name(isa)));
        if (cb_isa_available(isa)) json_array_append_new(available, json_string(cb_isa_name(isa)));
    }
    json_object_set_new(machine, "isa_built", built);
    json_object_set_new(machine, "isa_available", available);
    json_object_set_new(machine, "isa_selected", json_string(cb_isa_name(cb_isa_selected())));
}

/* A value of /proc/meminfo, which counts in kB. */
static void describe_memory(json_t *machine, const char *key, const char *name)
{
    char text[64];
    bool known = cb_sysfile_value(text, sizeof text, "/proc/meminfo", name);
    cb_describe_number(machine, key, known ? strtoll(text, NULL, 10) * 1024 : 0, known,
                       "/proc/meminfo has no such line");
}

static void describe_system(json_t *machine)
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

static void describe_limits(json_t *machine)
{
    struct cb_cgroup cgroup;
    cb_cgroup_read(&cgroup, "");
    const char *none = cgroup.version ? "no limit is set" : "no control group was found";
    cb_describe_number(machine, "cgroup_version", cgroup.version, cgroup.version > 0, "/proc/self/cgroup names none");
    json_object_set_new(machine, "cpu_quota", cgroup.cpus > 0 ? json_real(cgroup.cpus) : json_null());
    if (!(cgroup.cpus > 0)) json_object_set_new(machine, "cpu_quota_reason", json_string(none));
    cb_describe_number(machine, "cpu_throttled_periods", (long long)cgroup.throttled, cgroup.throttling_known,
                       "the control group does not count them");
    cb_describe_number(machine, "memory_limit_bytes", (long long)cgroup.memory_bytes, cgroup.memory_bytes > 0, none);
}

/* Every variable that an OpenMP runtime or cyclebench reads. */
static void describe_environment(json_t *machine)
{
    static const char *const prefixes[] = {"OMP_", "GOMP_", "KMP_", "CYCLEBENCH_"};
    json_t *variables = json_object();
    for (char **entry = environ; *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        for (size_t i = 0; equals && i < sizeof prefixes / sizeof *prefixes; i++) {
            if (strncmp(*entry, prefixes[i], strlen(prefixes[i]))) continue;
            char name[128];
            snprintf(name, sizeof name, "%.*s", (int)(equals - *entry), *entry);
            json_object_set_new(variables, name, json_string(equals + 1)); /* not valid UTF-8: left out by jansson */
        }
    }
    json_object_set_new(machine, "environment", variables);
}

static void describe_build(json_t *machine)
{
    json_object_set_new(machine, "version", json_string(cb_build_version));
    json_object_set_new(machine, "commit", json_string(cb_build_commit));
    json_object_set_new(machine, "compiler", json_string(cb_build_compiler));
    json_object_set_new(machine, "flags", json_string(cb_build_flags));
#if defined(CB_SANITIZED)
    const char *type = "sanitizers";
#elif defined(__OPTIMIZE__)
    const char *type = "optimized";
#else
    const char *type = "not optimized";
#endif
    json_object_set_new(machine, "build_type", json_string(type));
}

json_t *cb_machine_json(size_t threads)
{
    json_t *machine = json_object();
    if (!machine) return NULL;
    cb_processor_describe(machine);
    describe_isa(machine);
    json_object_set_new(machine, "threads", json_integer((json_int_t)threads));
    describe_system(machine);
    describe_huge_pages(machine);
    describe_frequency(machine);
    describe_load(machine);
    describe_limits(machine);
    describe_environment(machine);
    describe_build(machine);
    return machine;
}

const char *cb_machine_line(size_t threads)
{
    static char line[512];
    json_t *processor = json_object();
    cb_processor_describe(processor);
    const char *model = json_string_value(json_object_get(processor, "cpu_model"));
    snprintf(line, sizeof line, "%s | %s | %zu thread%s | %s | %s", model ? model : "unknown CPU",
             cb_isa_name(cb_isa_selected()), threads, threads == 1 ? "" : "s", cb_build_compiler, cb_build_commit);
    json_decref(processor);
    return line;
}
