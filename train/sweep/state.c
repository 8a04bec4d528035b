#include "sweep/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int is_busy(const char *folder)
{
    char lock[PATH_MAX];
    snprintf(lock, sizeof lock, "%s/lock", folder);
    const int file = open(lock, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const int busy = flock(file, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(file);
    return busy;
}

/* The first line in which two recipes' texts differ, for a message. */
static void first_difference(const char *a, const char *b, char line_a[96], char line_b[96])
{
    do {
        const size_t len_a = strcspn(a, "\n"), len_b = strcspn(b, "\n");
        snprintf(line_a, 96, "%.*s", (int)len_a, a);
        snprintf(line_b, 96, "%.*s", (int)len_b, b);
        a += len_a + (a[len_a] == '\n');
        b += len_b + (b[len_b] == '\n');
    } while (!strcmp(line_a, line_b) && (*a || *b));
}

/* The recipe of the folder is the plan's, both resolved for the images of the record. */
static enum cb_status check_recipe(const struct cb_plan_run *run, const char *folder, size_t images,
                                   struct cb_error *err)
{
    char path[PATH_MAX];
    struct cb_recipe wanted = run->recipe, *found = malloc(sizeof *found);
    if (!found) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    snprintf(path, sizeof path, "%s/recipe.ini", folder);
    enum cb_status status = cb_recipe_read(found, path, NULL, 0, err);
    if (status == CB_OK)
        status = images ? cb_recipe_resolve(&wanted, images, err) : cb_resolve_for_official(&wanted, err);
    char *a = status == CB_OK ? cb_recipe_text(found) : NULL, *b = status == CB_OK ? cb_recipe_text(&wanted) : NULL;
    if (status == CB_OK && (!a || !b)) status = cb_fail(err, CB_NO_MEMORY, "out of memory for the recipe's text");
    if (status == CB_OK && strcmp(a, b)) {
        char had[96] = "", has[96] = "";
        first_difference(a, b, had, has);
        status = cb_fail(err, CB_BAD_INPUT,
                         "%s holds a run of another recipe (`%s`, the plan has `%s`); choose another --out, or a "
                         "`variant` in the plan",
                         folder, had, has);
    }
    free(a);
    free(b);
    free(found);
    return status;
}

static int is_finished(const struct cb_plan_run *run, const char *status)
{
    return !strcmp(status, "completed") || !strcmp(status, "diverged") ||
           (*run->stop_after && !strcmp(status, "target_reached"));
}

enum cb_status cb_sweep_look(struct cb_sweep_state *state, const struct cb_plan_run *run, const char *out,
                             struct cb_error *err)
{
    char folder[PATH_MAX - 32], path[PATH_MAX];
    *state = (struct cb_sweep_state){0};
    if ((size_t)snprintf(folder, sizeof folder, "%s/%s", out, run->name) >= sizeof folder)
        return cb_fail(err, CB_BAD_INPUT, "--out: the path is too long");
    snprintf(path, sizeof path, "%s/run.jsonl", folder);
    struct cb_record_glance found;
    enum cb_status status = cb_record_look(&found, path, err);
    if (status != CB_OK) return status;
    if (!found.begun) {
        if (is_busy(folder)) state->stage = CB_SWEEP_BUSY;
        return CB_OK;
    }
    status = check_recipe(run, folder, found.train_images, err);
    if (status != CB_OK) return status;
    snprintf(state->status, sizeof state->status, "%s", found.status);
    state->train_images = found.train_images;
    state->done = found.iterations;
    state->stage = is_busy(folder)                  ? CB_SWEEP_BUSY
                   : is_finished(run, found.status) ? CB_SWEEP_FINISHED
                                                    : CB_SWEEP_BEGUN;
    if (state->stage == CB_SWEEP_FINISHED) return CB_OK;
    struct cb_position position = {0};
    struct cb_error unreadable; /* train --resume will say it */
    snprintf(path, sizeof path, "%s/last.safetensors", folder);
    if (cb_checkpoint_position(&position, path, &unreadable) == CB_OK) state->done = (size_t)position.iteration;
    return CB_OK;
}
