#ifndef CB_PLAN_SECTION_H
#define CB_PLAN_SECTION_H

#include "sweep/plan.h"

/* One section of a plan as it is written. */
struct cb_plan_section {
    const char *file;
    char name[64];
    int line; /* of its first key */
    char recipes[CB_PLAN_VALUE], seeds[CB_PLAN_VALUE], variant[64], stop_after[16];
    struct {
        char key[64], values[CB_PLAN_VALUE]; /* alternatives, separated by | */
        int line;
    } settings[CB_PLAN_MAX_SETTINGS];
    size_t setting_count;
};

/* Adds the section's runs to the plan: recipes x values x seeds, the last one fastest. */
enum cb_status cb_plan_expand(struct cb_plan *plan, const struct cb_plan_section *section, struct cb_error *err);

#endif
