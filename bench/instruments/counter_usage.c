#include "counter_usage.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sysfile.h"

uint64_t cb_thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void cb_thread_usage(struct cb_thread_usage *usage)
{
    char text[32];
    usage->migrations_known = cb_sysfile_value(text, sizeof text, "/proc/thread-self/sched", "se.nr_migrations");
    usage->migrations = strtoull(text, NULL, 10);
    struct rusage resources;
    getrusage(RUSAGE_THREAD, &resources);
    usage->page_faults = (uint64_t)resources.ru_minflt + (uint64_t)resources.ru_majflt;
    usage->context_switches = (uint64_t)resources.ru_nvcsw + (uint64_t)resources.ru_nivcsw;
    usage->cpu_ns = cb_thread_cpu_ns();
}
