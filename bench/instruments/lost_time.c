#include "lost_time.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sysfile.h"

/* "1234 5678 90": nanoseconds on a CPU, nanoseconds of waiting for one, time slices. */
static void read_waiting(struct cb_lost_time *lost, const char *root)
{
    char path[PATH_MAX], line[128];
    snprintf(path, sizeof path, "%s/proc/self/task", root);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
        unsigned long long waiting_ns;
        if (entry->d_name[0] == '.' || !cb_sysfile_line(line, sizeof line, "%s/%s/schedstat", path, entry->d_name))
            continue;
        if (sscanf(line, "%*s %llu", &waiting_ns) != 1) continue;
        lost->waiting_s += 1e-9 * (double)waiting_ns;
        lost->waiting_known = true;
    }
    if (tasks) closedir(tasks);
}

/* "cpu  user nice system idle iowait irq softirq steal ...", in ticks of the clock. */
static void read_steal(struct cb_lost_time *lost, const char *root)
{
    char line[256];
    unsigned long long ticks;
    const long per_second = sysconf(_SC_CLK_TCK);
    if (per_second > 0 && cb_sysfile_line(line, sizeof line, "%s/proc/stat", root) &&
        sscanf(line, "cpu %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) == 1)
        lost->stolen_s = (double)ticks / (double)per_second;
}

void cb_lost_time_read(struct cb_lost_time *lost, const char *root)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *lost = (struct cb_lost_time){.cpus = cpus > 0 ? (size_t)cpus : 1};
    read_waiting(lost, root);
    read_steal(lost, root);
    struct rusage usage;
    if (!getrusage(RUSAGE_SELF, &usage)) lost->switches = (double)usage.ru_nivcsw;
}

double cb_lost_share(const struct cb_lost_time *before, const struct cb_lost_time *after, size_t threads, double wall_s)
{
    const double waited_s = before->waiting_known && after->waiting_known
                                ? after->waiting_s - before->waiting_s
                                : CB_SWITCH_S * (after->switches - before->switches);
    const double stolen_s = (after->stolen_s - before->stolen_s) * (double)threads / (double)after->cpus;
    return (waited_s + stolen_s) / ((double)threads * wall_s);
}
