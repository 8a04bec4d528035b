#include "counter_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_MISSES(cache)                                                                                             \
    PERF_TYPE_HW_CACHE, cache | (PERF_COUNT_HW_CACHE_OP_READ << 8) | (PERF_COUNT_HW_CACHE_RESULT_MISS << 16)
#define READS(cache)                                                                                                   \
    PERF_TYPE_HW_CACHE, cache | (PERF_COUNT_HW_CACHE_OP_READ << 8) | (PERF_COUNT_HW_CACHE_RESULT_ACCESS << 16)

static const struct {
    const char *name;
    uint32_t type;
    uint64_t config;
    enum cb_event proof;
} events[] = {
    {"page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, CB_EVENT_PAGE_FAULTS},
    {"minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, CB_EVENT_PAGE_FAULTS},
    {"major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, CB_EVENT_COUNT},
    {"context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, CB_EVENT_COUNT},
    {"cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, CB_EVENT_COUNT},
    {"task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, CB_EVENT_CPU_NS},
    {"alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS, CB_EVENT_COUNT},
    {"emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS, CB_EVENT_COUNT},
    {"cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, CB_EVENT_CYCLES},
    {"branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, CB_EVENT_BRANCHES},
    {"branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, CB_EVENT_BRANCH_MISSES},
    {"cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, CB_EVENT_COUNT},
    {"cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, CB_EVENT_COUNT},
    {"ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES, CB_EVENT_COUNT},
    {"stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, CB_EVENT_COUNT},
    {"stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, CB_EVENT_COUNT},
    {"L1-dcache-loads", READS(PERF_COUNT_HW_CACHE_L1D), CB_EVENT_COUNT},
    {"L1-dcache-load-misses", READ_MISSES(PERF_COUNT_HW_CACHE_L1D), CB_EVENT_L1D_MISSES},
    {"L1-icache-load-misses", READ_MISSES(PERF_COUNT_HW_CACHE_L1I), CB_EVENT_COUNT},
    {"LLC-loads", READS(PERF_COUNT_HW_CACHE_LL), CB_EVENT_COUNT},
    {"LLC-load-misses", READ_MISSES(PERF_COUNT_HW_CACHE_LL), CB_EVENT_L3_MISSES},
    {"dTLB-loads", READS(PERF_COUNT_HW_CACHE_DTLB), CB_EVENT_COUNT},
    {"dTLB-load-misses", READ_MISSES(PERF_COUNT_HW_CACHE_DTLB), CB_EVENT_COUNT},
    {"iTLB-load-misses", READ_MISSES(PERF_COUNT_HW_CACHE_ITLB), CB_EVENT_COUNT},
};
enum { EVENTS = sizeof events / sizeof *events };

int cb_perf_code(const char *name)
{
    for (int i = 0; i < EVENTS; i++)
        if (!strcmp(events[i].name, name)) return CB_PERF_CODES + i;
    return -1;
}

const char *cb_perf_name(size_t i)
{
    return i < EVENTS ? events[i].name : NULL;
}

bool cb_perf_is_software(int code)
{
    return code >= CB_PERF_CODES && events[code - CB_PERF_CODES].type == PERF_TYPE_SOFTWARE;
}

enum cb_event cb_perf_proof(int code)
{
    return events[code - CB_PERF_CODES].proof;
}

static int open_counter(int code, bool with_kernel)
{
    /* Pinned: it counts all the time or fails, and never estimates. */
    struct perf_event_attr attributes = {.type = events[code - CB_PERF_CODES].type,
                                         .size = sizeof attributes,
                                         .config = events[code - CB_PERF_CODES].config,
                                         .pinned = 1,
                                         .exclude_kernel = !with_kernel,
                                         .exclude_hv = 1};
    const long file = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return file < 0 ? -errno : (int)file;
}

int cb_perf_start(int code)
{
    const bool software = cb_perf_is_software(code);
    const int file = open_counter(code, software);
    /* Switches, migrations and time happen in the kernel: without it they would seem to be 0. */
    const bool faults = software && strstr(events[code - CB_PERF_CODES].name, "-faults");
    return faults && (file == -EACCES || file == -EPERM) ? open_counter(code, false) : file;
}

int cb_perf_stop(int file, long long *value)
{
    uint64_t count = 0;
    ioctl(file, PERF_EVENT_IOC_DISABLE, 0);
    const ssize_t got = read(file, &count, sizeof count);
    const int error = got < 0 ? errno : got < (ssize_t)sizeof count ? EBUSY : 0;
    close(file);
    *value = (long long)count;
    return error;
}
