#include "loop/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "files/folders.h"

static void set_paths(struct cb_run_dir *dir, const char *path)
{
    snprintf(dir->path, sizeof dir->path, "%s", path);
    snprintf(dir->recipe, sizeof dir->recipe, "%s/recipe.ini", path);
    snprintf(dir->record, sizeof dir->record, "%s/run.jsonl", path);
    snprintf(dir->last, sizeof dir->last, "%s/last.safetensors", path);
    snprintf(dir->previous, sizeof dir->previous, "%s/previous.safetensors", path);
    snprintf(dir->final, sizeof dir->final, "%s/final.safetensors", path);
}

/* <one of our files>.<16 hexadecimal digits>.tmp: cb_write_file's. */
static int is_left_over(const char *name)
{
    if (!strcmp(name, "last.safetensors.old")) return 1; /* the checkpoint before, under way to previous.safetensors */
    static const char *const ours[] = {"recipe.ini", "run.jsonl", "last.safetensors", "final.safetensors"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        const size_t len = strlen(ours[i]);
        if (!strncmp(name, ours[i], len) && name[len] == '.' && strspn(name + len + 1, "0123456789abcdef") == 16 &&
            !strcmp(name + len + 17, ".tmp"))
            return 1;
    }
    return 0;
}

static void remove_left_overs(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (is_left_over(entry->d_name)) unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

enum cb_status cb_run_dir_open(struct cb_run_dir *dir, const char *path, int create, struct cb_error *err)
{
    if (strlen(path) >= sizeof dir->path)
        return cb_fail(err, CB_BAD_INPUT, "--run: the path is longer than %zu bytes", sizeof dir->path - 1);
    set_paths(dir, path);
    if (create) {
        const enum cb_status status = cb_make_folders(path, err);
        if (status) return status;
    }
    char lock[3100];
    snprintf(lock, sizeof lock, "%s/lock", path);
    dir->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (dir->lock < 0) return cb_fail(err, CB_IO_ERROR, "%s: cannot create: %s", lock, strerror(errno));
    if (flock(dir->lock, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) return cb_fail(err, CB_BAD_INPUT, "%s is in use by another cyclebench train", path);
        return cb_fail(err, CB_IO_ERROR, "%s: cannot be locked: %s", lock, strerror(errno));
    }
    remove_left_overs(path);
    return CB_OK;
}

void cb_run_dir_close(struct cb_run_dir *dir)
{
    if (dir->lock >= 0) close(dir->lock);
    dir->lock = -1;
}

enum { BEAT_BYTES = 24 };

void cb_run_dir_beat(const struct cb_run_dir *dir, double seconds)
{
    char text[BEAT_BYTES + 8];
    const int len = snprintf(text, sizeof text, "%*.3f\n", BEAT_BYTES - 1, seconds);
    if (len != BEAT_BYTES || pwrite(dir->lock, text, BEAT_BYTES, 0) != BEAT_BYTES) {
        /* Without it a kill costs a lower "at least"; the training is not concerned. */
    }
}

double cb_run_dir_last_beat(const struct cb_run_dir *dir)
{
    char text[BEAT_BYTES + 1] = "", *end;
    if (pread(dir->lock, text, BEAT_BYTES, 0) != BEAT_BYTES) return -1;
    const double seconds = strtod(text, &end);
    return *end == '\n' && seconds >= 0 ? seconds : -1;
}

int cb_run_dir_has(const char *path)
{
    return access(path, F_OK) == 0;
}
