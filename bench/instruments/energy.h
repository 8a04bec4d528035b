#ifndef CB_ENERGY_H
#define CB_ENERGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Energy of the processor packages by RAPL, as Linux tells it in /sys/class/powercap (Intel and AMD). It is that of all
 * programs on them together. */
enum { CB_MAX_PACKAGES = 16 };
struct cb_energy {
    size_t packages; /* 0: none can be read */
    unsigned zone[CB_MAX_PACKAGES];
    uint64_t range_uj[CB_MAX_PACKAGES]; /* where its counter begins anew at 0 */
    const char *root;
    char reason[160]; /* why there are none; "" if there are */
};
struct cb_energy_reading {
    uint64_t uj[CB_MAX_PACKAGES];
    bool known;
};

/* root: "" for this system; a folder with sys/ in tests, which stays the caller's. */
void cb_energy_open(struct cb_energy *energy, const char *root);
void cb_energy_read(const struct cb_energy *energy, struct cb_energy_reading *reading);
/* Joules of all packages between two readings, in which each counter began anew once at most; NaN if one is not
 * known. */
double cb_energy_joules(const struct cb_energy *energy, const struct cb_energy_reading *before,
                        const struct cb_energy_reading *after);

#endif
