#ifndef CB_COUNTER_USAGE_H
#define CB_COUNTER_USAGE_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's accounting of the calling thread, which needs neither a PMU nor permission. The software events of perf
 * are no better: in user space alone they count no context switch and no migration. */
struct cb_thread_usage {
    uint64_t cpu_ns, page_faults, context_switches, migrations;
    bool migrations_known; /* a kernel with CONFIG_SCHED_DEBUG */
};

void cb_thread_usage(struct cb_thread_usage *usage);
/* The CPU time alone: a system call, where all of the above takes some 100 us. */
uint64_t cb_thread_cpu_ns(void);

#endif
