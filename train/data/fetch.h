#ifndef CB_FETCH_H
#define CB_FETCH_H

#include <signal.h>
#include <stdio.h>

#include "core/status.h"
#include "data/dataset.h"

struct cb_fetch {
    const struct cb_dataset *set;
    const char *folder;                /* the files go to the set's folder in it */
    const char *mirror;                /* the one address to use instead of the table; NULL for the table */
    FILE *log;                         /* what goes on, NULL for silence */
    const volatile sig_atomic_t *stop; /* becomes non-zero to stop soon; may be NULL */
};

/* Downloads the set, checks the SHA-256 of each file and only then writes it. Nothing is fetched if all is there.
 * After a break or a stop the unfinished archive stays in the folder and the next call goes on with it. CB_IO_ERROR if
 * no address gave the official files. */
enum cb_status cb_fetch(const struct cb_fetch *fetch, struct cb_error *err);

#endif
