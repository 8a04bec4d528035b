#include "energy.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfile.h"

enum { MAX_ZONES = 64 };
#define ZONE "%s/sys/class/powercap/intel-rapl:%u/"

static bool read_number(uint64_t *value, const char *root, unsigned zone, const char *file)
{
    char line[64], *end;
    if (!cb_sysfile_line(line, sizeof line, ZONE "%s", root, zone, file)) return false;
    *value = strtoull(line, &end, 10);
    return end != line;
}

/* Zones that are no package: all of the board (psys), on some laptops. */
static bool is_package(const char *root, unsigned zone)
{
    char name[64];
    return cb_sysfile_line(name, sizeof name, ZONE "name", root, zone) && !strncmp(name, "package", 7);
}

static void add_package(struct cb_energy *energy, unsigned zone)
{
    char path[PATH_MAX];
    uint64_t now;
    snprintf(path, sizeof path, ZONE "energy_uj", energy->root, zone);
    if (access(path, R_OK)) {
        snprintf(energy->reason, sizeof energy->reason, "energy_uj of RAPL: %s (most systems let only root read it)",
                 strerror(errno));
    } else if (read_number(&now, energy->root, zone, "energy_uj") &&
               read_number(&energy->range_uj[energy->packages], energy->root, zone, "max_energy_range_uj")) {
        energy->zone[energy->packages++] = zone;
    }
}

void cb_energy_open(struct cb_energy *energy, const char *root)
{
    *energy = (struct cb_energy){.root = root};
    for (unsigned zone = 0; zone < MAX_ZONES && energy->packages < CB_MAX_PACKAGES; zone++)
        if (is_package(root, zone)) add_package(energy, zone);
    if (energy->packages)
        energy->reason[0] = '\0';
    else if (!energy->reason[0])
        snprintf(energy->reason, sizeof energy->reason,
                 "the kernel offers no RAPL package in /sys/class/powercap (usual in a virtual machine)");
}

void cb_energy_read(const struct cb_energy *energy, struct cb_energy_reading *reading)
{
    reading->known = energy->packages > 0;
    for (size_t i = 0; i < energy->packages; i++)
        if (!read_number(&reading->uj[i], energy->root, energy->zone[i], "energy_uj")) reading->known = false;
}

double cb_energy_joules(const struct cb_energy *energy, const struct cb_energy_reading *before,
                        const struct cb_energy_reading *after)
{
    if (!before->known || !after->known) return (double)NAN;
    double uj = 0;
    for (size_t i = 0; i < energy->packages; i++) {
        if (after->uj[i] < before->uj[i]) uj += (double)energy->range_uj[i];
        uj += (double)after->uj[i] - (double)before->uj[i];
    }
    return 1e-6 * uj;
}
