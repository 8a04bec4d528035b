#include "binding.h"

#include <stdlib.h>

#include "cgroup.h"
#include "core/team.h"
#include "instruments.h"
#include "placement.h"
#include "processor.h"

/* What was decided in this process, for the machine block. */
static struct {
    size_t threads;
    const char *threads_reason, *placement;
} decided;

size_t cb_default_threads(const char **reason)
{
    struct cb_cgroup cgroup;
    cb_cgroup_read(&cgroup, "");
    decided.threads = cb_plan_threads(cb_topology(), getenv("OMP_NUM_THREADS"), getenv("OMP_THREAD_LIMIT"), cgroup.cpus,
                                      &decided.threads_reason);
    if (reason) *reason = decided.threads_reason;
    return decided.threads;
}

struct binding {
    hwloc_topology_t topology;
    hwloc_const_cpuset_t *cpus;
    unsigned char *failed; /* one a thread: written without a lock */
};

static void bind_this_thread(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct binding *binding = context;
    binding->failed[task] = hwloc_set_cpubind(binding->topology, binding->cpus[task], HWLOC_CPUBIND_THREAD) != 0;
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

static const char *place(size_t threads)
{
    const char *placement = user_placement();
    if (placement) return placement;
    struct binding binding = {cb_topology(), calloc(threads, sizeof *binding.cpus),
                              calloc(threads, sizeof *binding.failed)};
    if (!binding.cpus || !binding.failed)
        placement = "not bound: no memory";
    else if (cb_plan_binding(binding.topology, threads, binding.cpus, &placement))
        placement = bind_team(&binding, threads, placement);
    free(binding.cpus);
    free(binding.failed);
    return placement;
}

void cb_bind_threads(size_t threads, const char **placement)
{
    decided.placement = place(threads);
    if (placement) *placement = decided.placement;
}

/* --- the machine block ---------------------------------------------------------------------------------------- */

struct whereabouts {
    hwloc_topology_t topology;
    char **cpus; /* of each thread: "0-3", allocated by hwloc; NULL if it is not known */
};

static void note_whereabouts(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct whereabouts *where = context;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (set && !hwloc_get_cpubind(where->topology, set, HWLOC_CPUBIND_THREAD))
        hwloc_bitmap_list_asprintf(&where->cpus[task], set);
    hwloc_bitmap_free(set);
}

/* What each thread of the team may run on, asked of the threads themselves: it also shows what the user's settings did.
 */
static json_t *thread_cpus(size_t threads)
{
    struct whereabouts where = {cb_topology(), calloc(threads, sizeof *where.cpus)};
    struct cb_team *team = NULL;
    json_t *cpus = NULL;
    if (where.topology && where.cpus && !cb_team_create(&team, threads, 0, NULL)) {
        cb_team_run(team, threads, note_whereabouts, &where);
        cpus = json_array();
        for (size_t t = 0; t < threads; t++) {
            if (!where.cpus[t] || json_array_append_new(cpus, json_string(where.cpus[t]))) {
                json_decref(cpus);
                cpus = NULL;
            }
            free(where.cpus[t]);
        }
    }
    cb_team_destroy(team);
    free(where.cpus);
    return cpus;
}

void cb_binding_describe(json_t *machine, size_t threads)
{
    json_object_set_new(machine, "threads", json_integer((json_int_t)threads));
    bool ours = decided.threads_reason && decided.threads == threads;
    json_object_set_new(machine, "threads_reason", json_string(ours ? decided.threads_reason : "as asked for"));
    cb_describe_text(machine, "placement", decided.placement, "this program leaves its threads to the runtime");
    json_t *cpus = thread_cpus(threads);
    json_object_set_new(machine, "thread_cpus", cpus ? cpus : json_null());
    if (!cpus) json_object_set_new(machine, "thread_cpus_reason", json_string("the system does not tell"));
}
