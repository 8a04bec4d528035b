#include "instruments.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sysfile.h"

double cb_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

size_t cb_peak_memory_bytes(void)
{
    char text[64];
    struct rusage usage;
    /* getrusage does not know of cb_peak_memory_reset. Both count in KiB. */
    if (cb_sysfile_value(text, sizeof text, "/proc/self/status", "VmHWM"))
        return (size_t)strtoull(text, NULL, 10) * 1024;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (size_t)usage.ru_maxrss * 1024;
}

bool cb_peak_memory_reset(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "we");
    if (!file) return false;
    bool written = fputs("5", file) >= 0;
    return !fclose(file) && written;
}
