#include "placement.h"

#include <stdlib.h>

#include "cgroup.h"
#include "core/team.h"
#include "instruments.h"

hwloc_topology_t cb_topology(void)
{
    static hwloc_topology_t topology;
    if (topology) return topology;
    if (hwloc_topology_init(&topology)) {
        topology = NULL;
        return NULL;
    }
    /* hwloc honours cpusets by itself, but the affinity mask (taskset) only when asked. */
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM | HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING);
    if (hwloc_topology_load(topology)) {
        hwloc_topology_destroy(topology);
        topology = NULL;
    }
    return topology;
}

static size_t count(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int n = topology ? hwloc_get_nbobjs_by_type(topology, type) : 0;
    return n > 0 ? (size_t)n : 0;
}

/* The first number of an OpenMP list such as "4,2"; 0 if there is none. */
static size_t first_number(const char *text)
{
    if (!text) return 0;
    char *end;
    long n = strtol(text, &end, 10);
    return end != text && n > 0 ? (size_t)n : 0;
}

size_t cb_plan_threads(hwloc_topology_t topology, const char *num_threads, const char *thread_limit, double quota_cpus,
                       const char **reason)
{
    size_t threads = first_number(num_threads), limit = first_number(thread_limit);
    *reason = "OMP_NUM_THREADS";
    if (!threads) {
        threads = count(topology, HWLOC_OBJ_CORE);
        *reason = "one per physical core that this process may use";
        if (!threads) {
            threads = count(topology, HWLOC_OBJ_PU);
            *reason = "one per CPU that this process may use (the cores are not known)";
        }
        if (!threads) {
            threads = 1;
            *reason = "the topology of this machine is not known";
        }
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

bool cb_plan_binding(hwloc_topology_t topology, size_t threads, hwloc_obj_type_t *unit, const char **placement)
{
    size_t cores = count(topology, HWLOC_OBJ_CORE), cpus = count(topology, HWLOC_OBJ_PU);
    if (cores && threads == cores) {
        *unit = HWLOC_OBJ_CORE;
        *placement = "one thread bound to each core";
        return true;
    }
    if (cpus && threads == cpus) {
        *unit = HWLOC_OBJ_PU;
        *placement = "one thread bound to each CPU";
        return true;
    }
    /* Two processes with small teams would otherwise both choose the first cores. */
    *placement = threads < cpus ? "not bound: fewer threads than cores (restrict the process with taskset to bind them)"
                                : "not bound: more threads than CPUs";
    return false;
}

size_t cb_default_threads(const char **reason)
{
    struct cb_cgroup cgroup;
    cb_cgroup_read(&cgroup, "");
    const char *why;
    size_t threads =
        cb_plan_threads(cb_topology(), getenv("OMP_NUM_THREADS"), getenv("OMP_THREAD_LIMIT"), cgroup.cpus, &why);
    if (reason) *reason = why;
    return threads;
}

struct binding {
    hwloc_topology_t topology;
    hwloc_obj_type_t unit;
    unsigned char *failed; /* one a thread: written without a lock */
};

static void bind_this_thread(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct binding *binding = context;
    hwloc_obj_t obj = hwloc_get_obj_by_type(binding->topology, binding->unit, (unsigned)task);
    binding->failed[task] = !obj || hwloc_set_cpubind(binding->topology, obj->cpuset, HWLOC_CPUBIND_THREAD);
}

static const char *bind_team(struct binding *binding, size_t threads, const char *placement)
{
    /* A team of the size that the program will use: OpenMP runtimes keep these threads for the regions that follow. */
    struct cb_team *team;
    if (cb_team_create(&team, threads, 0, NULL)) return "not bound: no memory";
    cb_team_run(team, threads, bind_this_thread, binding);
    cb_team_destroy(team);
    for (size_t t = 0; t < threads; t++)
        if (binding->failed[t]) return "not bound: the system refused";
    return placement;
}

/* A text for the log if the user has placed the threads; NULL if that is left to us. */
static const char *user_placement(void)
{
    static const char *const variables[][2] = {{"OMP_PROC_BIND", "as OMP_PROC_BIND says"},
                                               {"OMP_PLACES", "as OMP_PLACES says"},
                                               {"GOMP_CPU_AFFINITY", "as GOMP_CPU_AFFINITY says"},
                                               {"KMP_AFFINITY", "as KMP_AFFINITY says"}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i][0])) return variables[i][1];
    return NULL;
}

void cb_bind_threads(size_t threads, const char **placement)
{
    const char *ignored;
    if (!placement) placement = &ignored;
    *placement = user_placement();
    if (*placement) return;
    struct binding binding = {.topology = cb_topology()};
    if (!cb_plan_binding(binding.topology, threads, &binding.unit, placement)) return;
    binding.failed = calloc(threads, 1);
    *placement = binding.failed ? bind_team(&binding, threads, *placement) : "not bound: no memory";
    free(binding.failed);
}
