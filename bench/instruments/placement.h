#ifndef CB_PLACEMENT_H
#define CB_PLACEMENT_H

#include <hwloc.h>
#include <stdbool.h>
#include <stddef.h>

/* The planner behind cb_default_threads and cb_bind_threads: functions of a topology, so that tests run it on machines
 * that they do not have. */

/* This machine, restricted to the CPUs that the process may use. Loaded once, before any thread is bound; NULL if hwloc
 * fails. */
hwloc_topology_t cb_topology(void);

/* The arguments are the texts of OMP_NUM_THREADS and OMP_THREAD_LIMIT (NULL: not set) and the cgroup's quota in CPUs
 * (0: none). */
size_t cb_plan_threads(hwloc_topology_t topology, const char *num_threads, const char *thread_limit, double quota_cpus,
                       const char **reason);

/* The unit that thread t is bound to the t-th of: HWLOC_OBJ_CORE or HWLOC_OBJ_PU. False: threads are left to the
 * scheduler. */
bool cb_plan_binding(hwloc_topology_t topology, size_t threads, hwloc_obj_type_t *unit, const char **placement);

#endif
