#ifndef CB_TEAM_H
#define CB_TEAM_H

#include <stddef.h>

#include "core/status.h"

/* A fixed number of OpenMP threads, each with its own scratch memory. The only place of the project that uses OpenMP.
 */
struct cb_team;

/* threads >= 1; scratch_bytes a thread, 64-byte aligned, first touched by its owner. *team is NULL after a failure.
 * CB_UNAVAILABLE: the runtime gives fewer threads (OMP_THREAD_LIMIT, ...). */
enum cb_status cb_team_create(struct cb_team **team, size_t threads, size_t scratch_bytes, struct cb_error *err);
void cb_team_destroy(struct cb_team *team); /* accepts NULL */
size_t cb_team_threads(const struct cb_team *team);

typedef void cb_task_fn(void *context, size_t task, void *scratch);

/* Runs fn for tasks 0 .. tasks-1; thread t takes the contiguous range [t*tasks/T, (t+1)*tasks/T) in order; a
 * single task is the caller's. Returns when all are done. What a task computes must not depend on which thread runs it:
 * that keeps the bits equal for any T. */
void cb_team_run(struct cb_team *team, size_t tasks, cb_task_fn *fn, void *context);

/* Runs fn once on every thread of the team, at the same time: task t on thread t, with its scratch. For what belongs to
 * a thread (its binding, its counters) or must keep all of them busy. */
void cb_team_each(struct cb_team *team, cb_task_fn *fn, void *context);

/* What the calls of cb_team_run took since the team was made, in seconds. wall * threads - busy is what the threads
 * waited for: the start of a call, the slowest of them (imbalance) and the barrier at the end. */
struct cb_team_times {
    size_t runs;
    double wall;
    double busy; /* in tasks, all threads together */
};
struct cb_team_times cb_team_times(const struct cb_team *team);

/* The CPUs of the OpenMP runtime's places, at most max of them: where the user's OMP_PLACES, OMP_PROC_BIND and the like
 * let threads run. The runtime may have bound this thread to the first place before main. 0: there are no places. */
size_t cb_team_place_cpus(int *cpus, size_t max);

/* The same range of the image group [first, end) that every operation uses: group g of CB_IMAGE_GROUPS over n images.
 */
void cb_group_range(size_t n, size_t group, size_t *first, size_t *end);

#endif
