#ifndef CB_INSTRUMENTS_H
#define CB_INSTRUMENTS_H

#include <jansson.h>
#include <stddef.h>

#include "core/status.h"

/* Seconds of CLOCK_BOOTTIME, which goes on while the machine sleeps. */
double cb_now_s(void);

/* Threads to use when the user does not say: OMP_NUM_THREADS if set, else one per physical core (hwloc) that this process may use, capped by the
 * cgroup's CPU quota. Never 0. *reason (or NULL) gets a static text that says which of these decided. */
size_t cb_default_threads(const char **reason);

/* Binds each OpenMP thread of a team of `threads` to its own core (or CPU, if there is one thread for each), before the first kernel runs.
 * A team smaller than the machine is left to the scheduler: two such processes would choose the same cores. So is everything when the
 * user set OMP_PROC_BIND, OMP_PLACES, GOMP_CPU_AFFINITY or KMP_AFFINITY. Child processes inherit the caller's binding. Best effort;
 * *placement (or NULL) gets a static text for the log. */
void cb_bind_threads(size_t threads, const char **placement);

/* Peak resident memory of this process so far, from getrusage. */
size_t cb_peak_memory_bytes(void);

/* Machine and build, the block that heads every result: CPU model, family/model/stepping, ISA available and selected, cores, threads and their
 * placement, caches, memory, OS, kernel, hypervisor, governor, load, cgroup quota, environment, compiler, flags, commit (with "-dirty"), build type,
 * what can be counted, warnings. Missing values are null with a sibling "<key>_reason". Call it after cb_bind_threads. New reference. */
json_t *cb_machine_json(size_t threads);

/* What may disturb a measurement on the machine that cb_machine_json described: an array of objects with "subject", "finding" and
 * "remedy". New reference. */
json_t *cb_machine_warnings(const json_t *machine);

/* One line for the progress output: "AMD EPYC ... | avx512 | 2 threads | gcc 12.2.0 | commit". Static buffer. */
const char *cb_machine_line(size_t threads);

/* From the build: compiler with version, flags, commit. */
extern const char cb_build_compiler[], cb_build_flags[], cb_build_commit[], cb_build_version[];

#endif
