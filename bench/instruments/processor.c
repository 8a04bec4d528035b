#include "processor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "placement.h"
#include "sysfile.h"

void cb_describe_text(json_t *machine, const char *key, const char *value, const char *reason_if_missing)
{
    if (value && *value) {
        json_object_set_new(machine, key, json_string(value));
        return;
    }
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    json_object_set_new(machine, key, json_null());
    json_object_set_new(machine, reason_key, json_string(reason_if_missing));
}

void cb_describe_number(json_t *machine, const char *key, long long value, bool known, const char *reason_if_missing)
{
    if (known)
        json_object_set_new(machine, key, json_integer(value));
    else
        cb_describe_text(machine, key, NULL, reason_if_missing);
}

/* hwloc attaches the processor's identity to the package, or to the machine where packages are not known. */
static const char *hwloc_info(hwloc_topology_t topology, const char *name)
{
    if (!topology) return NULL;
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    const char *value = package ? hwloc_obj_get_info_by_name(package, name) : NULL;
    return value ? value : hwloc_obj_get_info_by_name(hwloc_get_root_obj(topology), name);
}

static void describe_identity(json_t *machine, hwloc_topology_t topology)
{
    static const char *const integers[][2] = {
        {"cpu_family", "CPUFamilyNumber"}, {"cpu_model_number", "CPUModelNumber"}, {"cpu_stepping", "CPUStepping"}};
    char text[256];
    const char *model = hwloc_info(topology, "CPUModel");
    if (!model && cb_sysfile_value(text, sizeof text, "/proc/cpuinfo", "model name")) model = text;
    cb_describe_text(machine, "cpu_model", model, "neither hwloc nor /proc/cpuinfo names the processor");
    cb_describe_text(machine, "cpu_vendor", hwloc_info(topology, "CPUVendor"), "hwloc reports no vendor");
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        const char *value = hwloc_info(topology, integers[i][1]);
        cb_describe_number(machine, integers[i][0], value ? strtoll(value, NULL, 10) : 0, value != NULL,
                           "hwloc reports none for this processor");
    }
    cb_sysfile_value(text, sizeof text, "/proc/cpuinfo", "microcode");
    cb_describe_text(machine, "microcode", text, "/proc/cpuinfo has no such line");
}

#if defined(__x86_64__)
void cb_processor_identify(struct cb_cpu *cpu)
{
    hwloc_topology_t topology = cb_topology();
    const char *vendor = hwloc_info(topology, "CPUVendor"), *family = hwloc_info(topology, "CPUFamilyNumber");
    const char *model = hwloc_info(topology, "CPUModelNumber");
    *cpu = (struct cb_cpu){.family = family ? (unsigned)strtoul(family, NULL, 10) : 0,
                           .model = model ? (unsigned)strtoul(model, NULL, 10) : 0};
    if (vendor) snprintf(cpu->vendor, sizeof cpu->vendor, "%s", vendor);
}

bool cb_processor_is_virtual(void)
{
    enum { HYPERVISOR_PRESENT = 1U << 31 };
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & HYPERVISOR_PRESENT);
}

static void describe_hypervisor(json_t *machine)
{
    enum { HYPERVISOR_LEAF = 0x40000000 };
    unsigned a, b, c, d;
    bool virtual = cb_processor_is_virtual();
    json_object_set_new(machine, "virtual_machine", json_boolean(virtual));
    char vendor[13] = "";
    if (virtual) {
        __cpuid(HYPERVISOR_LEAF, a, b, c, d);
        memcpy(vendor, &b, 4);
        memcpy(vendor + 4, &c, 4);
        memcpy(vendor + 8, &d, 4);
        for (char *p = vendor; *p; p++)
            if (*p < ' ' || *p > '~') *p = '?';
    }
    cb_describe_text(machine, "hypervisor", vendor,
                     virtual ? "the hypervisor does not say its name" : "CPUID reports no hypervisor");
}
#else
void cb_processor_identify(struct cb_cpu *cpu)
{
    char part[16];
    *cpu = (struct cb_cpu){0};
    cb_sysfile_value(cpu->vendor, sizeof cpu->vendor, "/proc/cpuinfo", "CPU implementer");
    cb_sysfile_value(part, sizeof part, "/proc/cpuinfo", "CPU part");
    cpu->model = (unsigned)strtoul(part, NULL, 16);
}

bool cb_processor_is_virtual(void)
{
    char type[64];
    return cb_sysfile_line(type, sizeof type, "/sys/hypervisor/type");
}

static void describe_hypervisor(json_t *machine)
{
    char type[64];
    bool known = cb_sysfile_line(type, sizeof type, "/sys/hypervisor/type");
    json_object_set_new(machine, "virtual_machine", known ? json_true() : json_null());
    if (!known)
        json_object_set_new(machine, "virtual_machine_reason",
                            json_string("this architecture has no hypervisor flag for programs"));
    cb_describe_text(machine, "hypervisor", type, "/sys/hypervisor/type is missing");
}
#endif

static void describe_count(json_t *machine, hwloc_topology_t topology, const char *key, hwloc_obj_type_t type)
{
    int n = topology ? hwloc_get_nbobjs_by_type(topology, type) : 0;
    cb_describe_number(machine, key, n, n > 0, "hwloc reports none");
}

static void describe_cache(json_t *machine, hwloc_topology_t topology, const char *level, hwloc_obj_type_t type)
{
    char size_key[32], sharing_key[48];
    hwloc_obj_t cache = topology ? hwloc_get_obj_by_type(topology, type, 0) : NULL;
    bool known = cache && cache->attr->cache.size;
    snprintf(size_key, sizeof size_key, "%s_bytes", level);
    snprintf(sharing_key, sizeof sharing_key, "%s_shared_by_cpus", level);
    cb_describe_number(machine, size_key, known ? (long long)cache->attr->cache.size : 0, known,
                       "hwloc reports no such cache");
    cb_describe_number(machine, sharing_key, known ? hwloc_bitmap_weight(cache->cpuset) : 0, known,
                       "hwloc reports no such cache");
}

static void describe_topology(json_t *machine, hwloc_topology_t topology)
{
    char text[512] = "";
    if (topology && hwloc_topology_export_synthetic(topology, text, sizeof text, 0) < 0) text[0] = '\0';
    cb_describe_text(machine, "topology", text, "not symmetric, or not known to hwloc");
    describe_count(machine, topology, "packages", HWLOC_OBJ_PACKAGE);
    describe_count(machine, topology, "numa_nodes", HWLOC_OBJ_NUMANODE);
    describe_count(machine, topology, "cores", HWLOC_OBJ_CORE);
    describe_count(machine, topology, "cpus", HWLOC_OBJ_PU);
    int kinds = topology ? hwloc_cpukinds_get_nr(topology, 0) : 0;
    cb_describe_number(machine, "core_kinds", kinds, kinds > 0, "the kernel does not say whether cores differ");
    size_t fast = cb_plan_cores(topology);
    cb_describe_number(machine, "fast_cores", (long long)fast, fast > 0, "hwloc reports no cores");
    describe_cache(machine, topology, "l1d", HWLOC_OBJ_L1CACHE);
    describe_cache(machine, topology, "l2", HWLOC_OBJ_L2CACHE);
    describe_cache(machine, topology, "l3", HWLOC_OBJ_L3CACHE);
}

void cb_processor_describe(json_t *machine)
{
    hwloc_topology_t topology = cb_topology();
    describe_identity(machine, topology);
    describe_hypervisor(machine);
    describe_topology(machine, topology);
}
