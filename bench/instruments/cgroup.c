#include "cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfile.h"

/* Memory limits near 2^63 are cgroup v1's way to say "none". */
static const uint64_t NO_MEMORY_LIMIT = UINT64_C(1) << 60;

/* The process's path in the hierarchy that holds `controller` ("" for v2's single hierarchy), from proc/self/cgroup
 * with lines "id:controller,controller:/path". */
static bool group_path(char *path, size_t bytes, const char *root, const char *controller)
{
    char name[4096], line[4096];
    snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
    FILE *file = fopen(name, "re");
    if (!file) return false;
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':');
        if (!controllers) continue;
        char *group = strchr(++controllers, ':');
        if (!group) continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (!*controller)
            found = !*controllers;
        else
            for (char *save, *c = strtok_r(controllers, ",", &save); c && !found; c = strtok_r(NULL, ",", &save))
                found = !strcmp(c, controller);
        if (found) snprintf(path, bytes, "%s", group);
    }
    fclose(file);
    return found;
}

static void lower_cpus(struct cb_cgroup *cgroup, double quota, double period)
{
    if (quota <= 0 || period <= 0) return;
    double cpus = quota / period;
    if (!(cgroup->cpus > 0) || cpus < cgroup->cpus) cgroup->cpus = cpus;
}

static void lower_memory(struct cb_cgroup *cgroup, const char *text)
{
    char *end;
    uint64_t limit = strtoull(text, &end, 10);
    if (end == text || limit >= NO_MEMORY_LIMIT) return;
    if (!cgroup->memory_bytes || limit < cgroup->memory_bytes) cgroup->memory_bytes = limit;
}

static void read_throttling(struct cb_cgroup *cgroup, const char *folder)
{
    char file[4096], value[64];
    if ((size_t)snprintf(file, sizeof file, "%s/cpu.stat", folder) >= sizeof file) return;
    if (!cb_sysfile_value(value, sizeof value, file, "nr_throttled")) return;
    cgroup->throttling_known = true;
    uint64_t throttled = strtoull(value, NULL, 10);
    if (throttled > cgroup->throttled) cgroup->throttled = throttled;
}

static void read_level(struct cb_cgroup *cgroup, const char *folder)
{
    char line[128], period[64];
    double quota, length;
    if (cb_sysfile_line(line, sizeof line, "%s/cpu.max", folder) && sscanf(line, "%lf %lf", &quota, &length) == 2)
        lower_cpus(cgroup, quota, length);
    if (cb_sysfile_line(line, sizeof line, "%s/cpu.cfs_quota_us", folder) &&
        cb_sysfile_line(period, sizeof period, "%s/cpu.cfs_period_us", folder))
        lower_cpus(cgroup, strtod(line, NULL), strtod(period, NULL));
    if (cb_sysfile_line(line, sizeof line, "%s/memory.max", folder)) lower_memory(cgroup, line);
    if (cb_sysfile_line(line, sizeof line, "%s/memory.limit_in_bytes", folder)) lower_memory(cgroup, line);
    read_throttling(cgroup, folder);
}

/* A limit at any level up to the mount point holds. In a container the path may be the host's, which is not visible:
 * then only the levels that exist count. */
static void read_levels(struct cb_cgroup *cgroup, const char *mount, char *path)
{
    for (;;) {
        char folder[8192];
        snprintf(folder, sizeof folder, "%s%s", mount, path);
        read_level(cgroup, folder);
        char *slash = strrchr(path, '/');
        if (!slash) return;
        *slash = '\0';
    }
}

void cb_cgroup_read(struct cb_cgroup *cgroup, const char *root)
{
    memset(cgroup, 0, sizeof *cgroup);
    char path[4096], mount[4096];
    if (group_path(path, sizeof path, root, "")) {
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
        cgroup->version = 2;
        read_levels(cgroup, mount, path);
    }
    static const char *const controllers[] = {"cpu", "memory"};
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        if (!group_path(path, sizeof path, root, controllers[i])) continue;
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/%s", root, controllers[i]);
        cgroup->version = 1;
        read_levels(cgroup, mount, path);
    }
}
