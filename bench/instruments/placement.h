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

/* The CPUs that threads are meant for: those of the fastest kind of core, all where the cores are of one kind. Work is
 * cut into equal parts, so a slow core would hold up the fast ones. New bitmap; NULL without a topology. */
hwloc_bitmap_t cb_plan_cpus(hwloc_topology_t topology);

/* Cores of these CPUs; 0 if they are not known. */
size_t cb_plan_cores(hwloc_topology_t topology);

/* The arguments are the texts of OMP_NUM_THREADS and OMP_THREAD_LIMIT (NULL: not set) and the cgroup's quota in CPUs
 * (0: none). */
size_t cb_plan_threads(hwloc_topology_t topology, const char *num_threads, const char *thread_limit, double quota_cpus,
                       const char **reason);

/* The CPUs of this process; 0 if they are not known. */
size_t cb_plan_max_threads(hwloc_topology_t topology);

/* Where each thread of a team may run: cpus has room for `threads` sets, which belong to the topology. A team smaller
 * than the machine gets neighbouring cores from the one with near_cpu on: two such processes seldom start on the same.
 * Teams that fit neither cores nor CPUs get all CPUs. False: the topology is not known. */
bool cb_plan_binding(hwloc_topology_t topology, size_t threads, int near_cpu, hwloc_const_cpuset_t *cpus,
                     const char **placement);

#endif
