#include "counter_cause.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sysfile.h"

int cb_counter_probe(void)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_HARDWARE,
                                         .size = sizeof attributes,
                                         .config = PERF_COUNT_HW_INSTRUCTIONS,
                                         .exclude_kernel = 1,
                                         .exclude_hv = 1};
    long file = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
    if (file < 0) return errno;
    close((int)file);
    return 0;
}

int cb_counter_paranoid(void)
{
    char line[32];
    if (!cb_sysfile_line(line, sizeof line, "/proc/sys/kernel/perf_event_paranoid")) return -100;
    return (int)strtol(line, NULL, 10);
}

void cb_counter_cause(char *text, size_t bytes, int error, int paranoid, bool virtual_machine)
{
    switch (error) {
    case EACCES:
    case EPERM:
        if (paranoid > 2)
            snprintf(text, bytes,
                     "kernel.perf_event_paranoid is %d: the administrator can allow programs to count themselves with "
                     "`sysctl kernel.perf_event_paranoid=2`",
                     paranoid);
        else
            snprintf(text, bytes,
                     "perf_event_open is forbidden (%s): a container's seccomp profile or a security module; for "
                     "docker: --cap-add PERFMON",
                     strerror(error));
        break;
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        snprintf(text, bytes, "%s",
                 virtual_machine ? "no PMU in this virtual machine: count on bare metal, or let the hypervisor pass it "
                                   "through (KVM: -cpu host,pmu=on)"
                                 : "the kernel drives no PMU of this CPU");
        break;
    case ENOSYS:
        snprintf(text, bytes, "the kernel has no perf_event_open, or a container's seccomp profile hides it");
        break;
    default:
        snprintf(text, bytes, "perf_event_open: %s", strerror(error));
    }
}
