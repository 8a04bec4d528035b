#ifndef CB_KERNEL_CHOICE_H
#define CB_KERNEL_CHOICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/format.h"
#include "peer.h"

/* Which kernels a library runs here. One that does not know a new CPU takes those of an older one; then it is told
 * better ones by its own environment variable, if in a process of their own these compute what they should. */

enum cb_chooser { CB_CHOSEN_BY_LIBRARY, CB_CHOSEN_BY_USER, CB_CHOSEN_BY_US };

struct cb_kernel_choice {
    const char *library;
    bool ready;
    char why_not[1024]; /* it is not */
    struct cb_peer_about about;
    enum cb_chooser by;
    char setting[96];     /* of the user or ours: "OPENBLAS_CORETYPE=Haswell" */
    char own_kernels[64]; /* those that ours replaced */
    bool below;           /* what it runs is below what it could run on this CPU */
    char remedy[512];     /* what the user can do then */
};

/* Starts the library (peer.h) so that it runs the best kernels that it has for `best`, the CPU's ISA. The user's
 * own setting is left as it is. Our setting is in the environment only while the library starts. */
void cb_choose_kernels(struct cb_kernel_choice *choice, const struct cb_peer *peer, size_t threads, enum cb_isa best);

/* Whether its kernels of this format are below what the CPU's ISA offers; false if they are not known. */
bool cb_kernels_below(const struct cb_peer_about *about, enum cb_isa best, enum cb_format format);

json_t *cb_kernel_choice_json(const struct cb_kernel_choice *choice);          /* new reference */
void cb_kernel_choice_print(const struct cb_kernel_choice *choice, FILE *out); /* "# " lines */

#endif
