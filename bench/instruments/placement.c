#include "placement.h"

#include <stdlib.h>
#include <string.h>

#include "core/team.h"

/* hwloc honours cpusets by itself, but the affinity mask (taskset) only when asked. Where the user has made places, the
 * runtime has already bound this thread to one of them: then they are the machine, and not the mask. */
static bool load_topology(hwloc_topology_t topology)
{
    static int cpus[4096];
    size_t n = cb_team_place_cpus(cpus, sizeof cpus / sizeof *cpus);
    unsigned long flags = HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM | (n ? 0UL : HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING);
    hwloc_topology_set_flags(topology, flags);
    if (hwloc_topology_load(topology)) return false;
    if (!n) return true;
    hwloc_bitmap_t places = hwloc_bitmap_alloc();
    for (size_t i = 0; places && i < n; i++) hwloc_bitmap_set(places, (unsigned)cpus[i]);
    bool restricted = places && !hwloc_topology_restrict(topology, places, 0);
    hwloc_bitmap_free(places);
    return restricted;
}

hwloc_topology_t cb_topology(void)
{
    static hwloc_topology_t topology;
    if (topology) return topology;
    if (hwloc_topology_init(&topology)) {
        topology = NULL;
        return NULL;
    }
    if (!load_topology(topology)) {
        hwloc_topology_destroy(topology);
        topology = NULL;
    }
    return topology;
}

/* Some kernels report a maximum frequency of its own for each core of a processor whose cores are all alike; only these
 * two say that cores are made differently. */
static bool made_differently(const struct hwloc_info_s *infos, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!strcmp(infos[i].name, "CoreType") || !strcmp(infos[i].name, "LinuxCapacity")) return true;
    return false;
}

hwloc_bitmap_t cb_plan_cpus(hwloc_topology_t topology)
{
    if (!topology) return NULL;
    hwloc_bitmap_t cpus = hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(topology));
    int kinds = hwloc_cpukinds_get_nr(topology, 0), efficiency = -1;
    if (!cpus || kinds < 2) return cpus;
    hwloc_bitmap_t fastest = hwloc_bitmap_alloc();
    unsigned n = 0;
    struct hwloc_info_s *infos = NULL;
    /* Kinds are ranked from the slowest; without a rank the efficiency is -1. */
    if (fastest && !hwloc_cpukinds_get_info(topology, (unsigned)kinds - 1, fastest, &efficiency, &n, &infos, 0) &&
        efficiency > 0 && made_differently(infos, n) && hwloc_bitmap_intersects(cpus, fastest))
        hwloc_bitmap_and(cpus, cpus, fastest);
    hwloc_bitmap_free(fastest);
    return cpus;
}

static size_t count_inside(hwloc_topology_t topology, hwloc_const_bitmap_t cpus, hwloc_obj_type_t type)
{
    int n = topology && cpus ? hwloc_get_nbobjs_inside_cpuset_by_type(topology, cpus, type) : 0;
    return n > 0 ? (size_t)n : 0;
}

size_t cb_plan_cores(hwloc_topology_t topology)
{
    hwloc_bitmap_t cpus = cb_plan_cpus(topology);
    size_t cores = count_inside(topology, cpus, HWLOC_OBJ_CORE);
    hwloc_bitmap_free(cpus);
    return cores;
}

static bool all_cpus_are_meant(hwloc_topology_t topology)
{
    hwloc_bitmap_t cpus = cb_plan_cpus(topology);
    bool all = cpus && hwloc_bitmap_isequal(cpus, hwloc_topology_get_topology_cpuset(topology));
    hwloc_bitmap_free(cpus);
    return all;
}

/* The first number of an OpenMP list such as "4,2"; 0 if there is none. */
static size_t first_number(const char *text)
{
    if (!text) return 0;
    char *end;
    long n = strtol(text, &end, 10);
    return end != text && n > 0 ? (size_t)n : 0;
}

static size_t threads_of_machine(hwloc_topology_t topology, const char **reason)
{
    size_t cores = cb_plan_cores(topology);
    if (cores) {
        *reason = all_cpus_are_meant(topology) ? "one per physical core that this process may use"
                                               : "one per physical core of the fastest kind that this process may use";
        return cores;
    }
    size_t cpus = topology ? count_inside(topology, hwloc_topology_get_topology_cpuset(topology), HWLOC_OBJ_PU) : 0;
    *reason = cpus ? "one per CPU that this process may use (the cores are not known)"
                   : "the topology of this machine is not known";
    return cpus ? cpus : 1;
}

size_t cb_plan_threads(hwloc_topology_t topology, const char *num_threads, const char *thread_limit, double quota_cpus,
                       const char **reason)
{
    size_t threads = first_number(num_threads), limit = first_number(thread_limit);
    *reason = "OMP_NUM_THREADS";
    if (!threads) {
        threads = threads_of_machine(topology, reason);
        /* Rounded down: one thread beyond the quota gets the whole team stopped in each period. */
        if (quota_cpus > 0 && quota_cpus < (double)threads) {
            threads = quota_cpus < 1 ? 1 : (size_t)quota_cpus;
            *reason = "the CPU quota of the cgroup";
        }
    }
    if (limit && limit < threads) {
        threads = limit;
        *reason = "OMP_THREAD_LIMIT";
    }
    return threads;
}

/* One thread on each of these cores (CPUs where cores are not known), in their order, from the one with near_cpu on and
 * around. */
static bool fill_cores(hwloc_topology_t topology, hwloc_const_bitmap_t inside, size_t threads, int near_cpu,
                       hwloc_const_cpuset_t *cpus)
{
    hwloc_obj_type_t unit = count_inside(topology, inside, HWLOC_OBJ_CORE) ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    size_t units = count_inside(topology, inside, unit), first = 0;
    if (threads > units) return false;
    for (size_t i = 0; i < units && near_cpu >= 0 && threads < units; i++)
        if (hwloc_bitmap_isset(hwloc_get_obj_inside_cpuset_by_type(topology, inside, unit, (unsigned)i)->cpuset,
                               (unsigned)near_cpu))
            first = i;
    for (size_t t = 0; t < threads; t++) {
        unsigned index = (unsigned)((first + t) % units);
        cpus[t] = hwloc_get_obj_inside_cpuset_by_type(topology, inside, unit, index)->cpuset;
    }
    return true;
}

/* One thread on each unit of this type, if there are as many. */
static bool fill_all(hwloc_topology_t topology, hwloc_obj_type_t unit, size_t threads, hwloc_const_cpuset_t *cpus)
{
    hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(topology);
    if (count_inside(topology, all, unit) != threads) return false;
    for (size_t t = 0; t < threads; t++)
        cpus[t] = hwloc_get_obj_inside_cpuset_by_type(topology, all, unit, (unsigned)t)->cpuset;
    return true;
}

size_t cb_plan_max_threads(hwloc_topology_t topology)
{
    return topology ? count_inside(topology, hwloc_topology_get_topology_cpuset(topology), HWLOC_OBJ_PU) : 0;
}

bool cb_plan_binding(hwloc_topology_t topology, size_t threads, int near_cpu, hwloc_const_cpuset_t *cpus,
                     const char **placement)
{
    *placement = "not bound: the topology of this machine is not known";
    hwloc_bitmap_t fastest = cb_plan_cpus(topology);
    if (!fastest) return false;
    if (fill_cores(topology, fastest, threads, near_cpu, cpus)) {
        *placement = threads < cb_plan_cores(topology) ? "each thread bound to a core of its own"
                     : all_cpus_are_meant(topology)    ? "one thread bound to each core"
                                                       : "one thread bound to each core of the fastest kind";
    } else if (fill_all(topology, HWLOC_OBJ_CORE, threads, cpus)) {
        *placement = "one thread bound to each core, of all kinds";
    } else if (fill_all(topology, HWLOC_OBJ_PU, threads, cpus)) {
        *placement = "one thread bound to each CPU";
    } else {
        for (size_t t = 0; t < threads; t++) cpus[t] = hwloc_topology_get_topology_cpuset(topology);
        *placement = threads > cb_plan_max_threads(topology) ? "not bound: more threads than CPUs"
                                                             : "not bound: more threads than cores, fewer than CPUs";
    }
    hwloc_bitmap_free(fastest);
    return true;
}
