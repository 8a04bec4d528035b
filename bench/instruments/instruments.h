#ifndef CB_INSTRUMENTS_H
#define CB_INSTRUMENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "core/team.h"

/* Seconds of CLOCK_BOOTTIME, which goes on while the machine sleeps. */
double cb_now_s(void);

/* Threads to use when the user does not say: OMP_NUM_THREADS if set, else one per physical core (hwloc) that this
 * process may use, capped by the cgroup's CPU quota. Never 0. *reason (or NULL) gets a static text that says which of
 * these decided. */
size_t cb_default_threads(const char **reason);

/* CB_BAD_INPUT: more threads than CPUs that this process may use, and oversubscribe is not set. CB_UNAVAILABLE: the
 * main thread's stack is too small for the kernels, or the system refuses so many threads. said_by, as in "--threads",
 * begins the message. Call it before threads are made. */
enum cb_status cb_check_threads(size_t threads, const char *said_by, bool oversubscribe, struct cb_error *err);

/* Binds each OpenMP thread of a team of `threads` to its own core (or CPU, if there is one thread for each), and asks
 * the kernel whether they are: CB_UNAVAILABLE if not, if there are fewer threads, or if their stacks are too small.
 * Call it before a team is made, so that scratch is touched where it is used, and again when a team of another size has
 * run: the runtime may replace the threads of the larger one by new ones, which inherit the caller's binding. So do
 * child processes. Where the user set OMP_PROC_BIND, OMP_PLACES, GOMP_CPU_AFFINITY or KMP_AFFINITY, threads stay as
 * they are. *placement (or NULL) gets a static text for the log. */
enum cb_status cb_bind_threads(size_t threads, const char **placement, struct cb_error *err);

/* CB_UNAVAILABLE if a thread of the team is not where cb_bind_threads puts those of a team of this size. */
enum cb_status cb_check_binding(struct cb_team *team, struct cb_error *err);

/* The CPUs that the kernel lets each thread of the team run on: ["0", "1"], or ["0-3", ...]. NULL: not known. New
 * reference. */
json_t *cb_team_cpus(struct cb_team *team);

/* Peak resident memory of this process so far, or since cb_peak_memory_reset; 0: not known. */
size_t cb_peak_memory_bytes(void);
/* Counts the peak anew from now on. False: the system does not let it. */
bool cb_peak_memory_reset(void);

/* Machine and build, the block that heads every result: CPU model, family/model/stepping, ISA available and selected,
 * cores, threads and their placement, caches, memory, OS, kernel, hypervisor, governor, load, cgroup quota,
 * environment, compiler, flags, commit (with "-dirty"), build type, what can be counted, warnings. Missing values are
 * null with a sibling "<key>_reason". Call it after cb_bind_threads. New reference. */
json_t *cb_machine_json(size_t threads);

/* What may disturb a measurement on the machine that cb_machine_json described: an array of objects with "subject",
 * "finding" and "remedy". New reference. */
json_t *cb_machine_warnings(const json_t *machine);

/* One line for the progress output: "AMD EPYC ... | avx512 | 2 threads | gcc 12.2.0 | commit". Static buffer. */
const char *cb_machine_line(size_t threads);

/* From the build: compiler with version, flags, commit. */
extern const char cb_build_compiler[], cb_build_flags[], cb_build_commit[], cb_build_version[];

#endif
