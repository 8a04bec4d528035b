#ifndef CB_CGROUP_H
#define CB_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* What the control groups of this process allow. OpenMP runtimes ignore the CPU quota, so a team as large as the
 * machine would be throttled: stopped for the rest of each period. */
struct cb_cgroup {
    int version;           /* 1, 2, or 0 if no cgroup was found */
    double cpus;           /* quota in CPUs, the lowest of all levels; 0: no limit */
    uint64_t memory_bytes; /* 0: no limit */
    bool throttling_known; /* the kernel counts throttled periods */
    uint64_t throttled;    /* periods in which the group was stopped, so far */
};

/* root: "" for this system; a folder with proc/ and sys/ in tests. */
void cb_cgroup_read(struct cb_cgroup *cgroup, const char *root);

#endif
