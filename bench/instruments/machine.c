#include "instruments.h"

#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "cgroup.h"
#include "core/isa.h"
#include "core/ops.h"
#include "counters.h"
#include "processor.h"
#include "system.h"

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

/* Every variable that changes what cyclebench, its libraries or the peers do. */
static void describe_environment(json_t *machine)
{
    static const char *const prefixes[] = {"OMP_",     "GOMP_",  "KMP_",    "CYCLEBENCH_", "HWLOC_", "PAPI_",
                                           "LIBPFM_",  "GLIBC_", "MALLOC_", "OPENBLAS_",   "GOTO_",  "BLIS_",
                                           "LIBXSMM_", "DNNL_",  "ONEDNN_", "MKL_"};
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
    cb_binding_describe(machine, threads);
    cb_system_describe(machine);
    describe_limits(machine);
    describe_environment(machine);
    describe_build(machine);
    json_object_set_new(machine, "counters", cb_counters_describe());
    json_object_set_new(machine, "warnings", cb_machine_warnings(machine));
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
