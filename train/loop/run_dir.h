#ifndef CB_RUN_DIR_H
#define CB_RUN_DIR_H

#include "core/status.h"

/* A run directory: where its files are, and that no other process works in it. recipe.ini and last.safetensors are
 * written before run.jsonl: a run has begun when its record has a header. */
struct cb_run_dir {
    char path[3000];
    char recipe[3100], record[3100], last[3100], previous[3100], final[3100];
    int lock; /* -1: not open */
};

/* Makes the folder (with create; else it must be there) and locks it against a second process; left-over *.tmp files of
 * killed writers go. */
enum cb_status cb_run_dir_open(struct cb_run_dir *dir, const char *path, int create, struct cb_error *err);
void cb_run_dir_close(struct cb_run_dir *dir);

/* Signs of life: seconds of the run's clock, kept in the lock file. After a kill the last one says how long the session
 * went on after its last checkpoint. Best effort; -1: there is none. */
void cb_run_dir_beat(const struct cb_run_dir *dir, double seconds);
double cb_run_dir_last_beat(const struct cb_run_dir *dir);

int cb_run_dir_has(const char *path); /* whether one of its files is there */

#endif
