#ifndef CB_RUN_GROUP_H
#define CB_RUN_GROUP_H

#include <jansson.h>
#include <stdbool.h>

/* The cases of one ISA, counted by one source: a run of count-marked, alone or under a tool. */
struct cb_group {
    const char *source; /* "single-step", "callgrind", "qemu" */
    const char *isa;
};

/* A run under way: count-marked with the files that it and its tool write. */
struct cb_group_run {
    struct cb_group group;
    int process;      /* 0: there is none, and reason says why */
    char folder[128]; /* of its files; "" if there is none */
    char reason[512];
    bool machine_lacks; /* the ISA or the tool */
    bool not_built;     /* a part of the build that is made only on request */
};

/* Starts it with an environment that is the same everywhere. folder: that of the build, where count-marked, the plugin
 * of qemu and aarch64/count-marked are. */
void cb_group_start(struct cb_group_run *run, const struct cb_group *group, const char *folder);

/* Waits for it, which a signal hastens: {"source", "isa", "compiler": "gcc-12.2.0" (on Arm "gcc-12.2.0-aarch64"), "libc":
 * "glibc 2.36", "cases": [{"name", "isa", "count": N or null, "reason"}]}. Where it could not be run: "reason",
 * "machine_lacks", "not_built", and no cases. New reference. Removes its files. */
json_t *cb_group_finish(struct cb_group_run *run);

#endif
