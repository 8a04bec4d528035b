#include "loop/session.h"

#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/printable.h"
#include "loop/shell_word.h"
#include "record/fingerprint.h"

/* --- the directory: a fresh run wants none in it, --resume wants one --- */

/* A resumed run's directory is opened before anything is read from it. */
static enum cb_status open_old_dir(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    char path[sizeof s->run.dir.path];
    if (o->run)
        snprintf(path, sizeof path, "%s", o->run);
    else
        snprintf(path, sizeof path, "runs/%s", s->recipe.name);
    char trace[sizeof path + 16];
    snprintf(trace, sizeof trace, "%s/lock", path);
    if (!cb_run_dir_has(trace)) {
        snprintf(trace, sizeof trace, "%s/recipe.ini", path);
        if (!cb_run_dir_has(trace)) return cb_fail(err, CB_BAD_INPUT, "--resume: there is no run in %s", path);
    }
    enum cb_status status = cb_run_dir_open(&s->run.dir, path, 0, err);
    if (status == CB_OK) status = cb_record_look(&s->found, s->run.dir.record, err);
    return status;
}

/* The recipe of a fresh run; of a resumed one its directory's, unless it is given. */
static enum cb_status read_recipe(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    if (o->recipe) return cb_recipe_read(&s->recipe, o->recipe, o->overrides, o->override_count, err);
    if (!cb_run_dir_has(s->run.dir.recipe))
        return cb_fail(err, CB_BAD_INPUT,
                       "--resume: there is no run in %s (no recipe.ini); start it with its RECIPE and --run",
                       s->run.dir.path);
    enum cb_status status = cb_recipe_read(&s->recipe, s->run.dir.recipe, o->overrides, o->override_count, err);
    char copy[sizeof s->run.dir.path];
    snprintf(copy, sizeof copy, "%s", s->run.dir.path);
    if (status == CB_OK)
        snprintf(s->recipe.name, sizeof s->recipe.name, "%s", s->found.name[0] ? s->found.name : basename(copy));
    return status;
}

static enum cb_status check_completed(const struct cb_session *s, struct cb_error *err)
{
    struct cb_position held = {0};
    char mine[CB_SHA256_HEX];
    enum cb_status status = cb_checkpoint_position(&held, s->run.dir.last, err);
    if (status == CB_OK) status = cb_recipe_sha256(&s->recipe, mine, err);
    if (status == CB_OK && strcmp(mine, held.recipe_sha256))
        status = cb_fail(err, CB_BAD_INPUT, "%s: is a completed run of another recipe", s->run.dir.path);
    return status;
}

/* --resume of a run that is completed, or that was killed before it had begun. */
static enum cb_status settle_resume(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    const struct cb_run_dir *dir = &s->run.dir;
    const int has_last = cb_run_dir_has(dir->last);
    s->nothing_to_do = !strcmp(s->found.status, "completed") && cb_run_dir_has(dir->final);
    s->resuming = !s->nothing_to_do && (has_last || cb_run_dir_has(dir->previous));
    if (o->init && (s->nothing_to_do || s->resuming))
        return cb_fail(err, CB_BAD_INPUT, "--init starts a run, --resume continues one: expected one of them");
    if (s->nothing_to_do && o->recipe && has_last) {
        const enum cb_status status = check_completed(s, err);
        if (status != CB_OK) return status;
    }
    if (s->found.begun && !s->nothing_to_do && !s->resuming)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: the log of a run is there, its checkpoints are not; put last.safetensors back, or choose "
                       "another --run",
                       dir->path);
    if (o->quiet || s->resuming) return CB_OK;
    char path[sizeof dir->path];
    cb_printable(path, sizeof path, dir->path);
    if (s->nothing_to_do)
        printf("%s: already completed after %zu iterations, %.1f s; nothing to do\n", path, s->found.iterations,
               s->found.seconds);
    else
        printf("%s: the run had not begun; it starts from its beginning\n", path);
    return CB_OK;
}

enum cb_status cb_session_reopen(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    enum cb_status status = o->recipe ? read_recipe(s, o, err) : CB_OK;
    if (status == CB_OK) status = open_old_dir(s, o, err);
    if (status == CB_OK) status = settle_resume(s, o, err);
    return status == CB_OK && !s->nothing_to_do && !o->recipe ? read_recipe(s, o, err) : status;
}

enum cb_status cb_session_open(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    char path[sizeof s->run.dir.path], word[CB_SHELL_WORD_BYTES];
    if (!o->run) snprintf(path, sizeof path, "runs/%s", s->recipe.name);
    struct cb_run_dir *dir = &s->run.dir;
    enum cb_status status = cb_run_dir_open(dir, o->run ? o->run : path, 1, err);
    if (status == CB_OK) status = cb_record_look(&s->found, dir->record, err);
    if (status != CB_OK) return status;
    struct cb_position found = {0};
    if (cb_run_dir_has(dir->last)) status = cb_checkpoint_position(&found, dir->last, err);
    if (!s->found.begun && status == CB_OK && !found.iteration && !cb_run_dir_has(dir->previous)) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT,
                   "%s already holds a run; continue it with `cyclebench train --resume %s`, or choose another --run",
                   dir->path, cb_shell_word(word, dir->path));
}

/* --- records --- */

static struct cb_record_run describe(const struct cb_session *s)
{
    const struct cb_position *p = &s->run.position;
    return (struct cb_record_run){.recipe = &s->recipe,
                                  .model = s->run.model,
                                  .evaluated_on = s->run.evaluated_on,
                                  .data = s->source.path,
                                  .data_kind = p->data_kind,
                                  .train_sha256 = p->train_sha256,
                                  .eval_sha256 = p->eval_sha256,
                                  .train_images = s->train.n,
                                  .eval_images = s->eval.n,
                                  .init_name = s->init_name,
                                  .init_sha256 = strcmp(p->init_sha256, CB_NO_SHA256) ? p->init_sha256 : NULL,
                                  .threads = s->threads};
}

static enum cb_status write_recipe(const struct cb_session *s, struct cb_error *err)
{
    char *text = cb_recipe_text(&s->recipe);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "out of memory for the recipe's text");
    const enum cb_status status =
        cb_write_file(s->run.dir.recipe, &(struct cb_bytes){(uint8_t *)text, strlen(text)}, 1, err);
    free(text);
    return status;
}

/* The state before the first iteration and the recipe are there before the record: without it no run has begun. The
 * recipe comes second: --resume with it alone would not know of --init. */
static enum cb_status begin_records(struct cb_session *s, struct cb_error *err)
{
    struct cb_run *run = &s->run;
    run->position.seconds_to_target = -1;
    strcpy(run->position.loss_chain, CB_FINGERPRINT_START);
    cb_run_dir_beat(&run->dir, 0);
    enum cb_status status = cb_checkpoint_save(run->model, &run->position, run->dir.last, NULL, err);
    if (status == CB_OK) status = write_recipe(s, err);
    const struct cb_record_run description = describe(s);
    return status == CB_OK ? cb_record_create(&run->record, run->dir.record, &description, err) : status;
}

/* From last.safetensors, or from the one before where that is damaged: it then takes its place. */
static enum cb_status load_checkpoint(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    const struct cb_run_dir *dir = &s->run.dir;
    enum cb_status status = CB_BAD_INPUT;
    if (cb_run_dir_has(dir->last)) status = cb_checkpoint_resume(s->run.model, &s->run.position, dir->last, err);
    if (status != CB_BAD_INPUT || !cb_run_dir_has(dir->previous)) return status;
    struct cb_error second;
    if (cb_checkpoint_resume(s->run.model, &s->run.position, dir->previous, &second)) return status;
    if (cb_run_dir_has(dir->last)) {
        char aside[sizeof dir->last + 16];
        snprintf(aside, sizeof aside, "%s.damaged", dir->last);
        fprintf(stderr,
                "%s: warning: %s; it is kept as last.safetensors.damaged, the run goes on from "
                "previous.safetensors\n",
                o->program, err->text);
        if (rename(dir->last, aside))
            return cb_fail(err, CB_IO_ERROR, "%s: cannot be renamed to %s: %s", dir->last, aside, strerror(errno));
    }
    if (rename(dir->previous, dir->last))
        return cb_fail(err, CB_IO_ERROR, "%s: cannot be renamed to %s: %s", dir->previous, dir->last, strerror(errno));
    return CB_OK;
}

/* The session before ended between its first checkpoint and its record. */
static enum cb_status begin_late(struct cb_session *s, struct cb_error *err)
{
    const enum cb_status status = write_recipe(s, err);
    const struct cb_record_run description = describe(s);
    return status == CB_OK ? cb_record_create(&s->run.record, s->run.dir.record, &description, err) : status;
}

static enum cb_status resume_records(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    struct cb_run *run = &s->run;
    struct cb_position *p = &run->position;
    enum cb_status status = load_checkpoint(s, o, err);
    if (status != CB_OK) return status;
    run->seconds_before = p->seconds;
    run->best_percent = s->found.best_percent;
    if (p->eval_images)
        run->best_percent = fmax(run->best_percent, cb_accuracy_percent(p->eval_correct, p->eval_images));
    if (!s->found.begun && !p->iteration) return begin_late(s, err);
    if (p->iteration < s->recipe.schedule.iterations &&
        ((run->max_iterations && p->iteration >= run->max_iterations) || cb_run_target_reached(run))) {
        s->nothing_to_do = 1;
        char path[sizeof run->dir.path];
        printf("%s: already at iteration %zu%s; nothing to do\n", cb_printable(path, sizeof path, run->dir.path),
               (size_t)p->iteration, cb_run_target_reached(run) ? ", past the target" : "");
        return CB_OK;
    }
    /* An orderly end has left a line; a kill has left signs of life after the checkpoint. */
    const double beat = s->found.status[0] ? -1 : cb_run_dir_last_beat(&run->dir);
    const double killed = beat > p->seconds ? beat - p->seconds : 0;
    p->resumed++;
    p->killed_seconds += killed;
    const size_t epoch = (s->train.n + s->recipe.data.batch - 1) / s->recipe.data.batch;
    const size_t epochs = (p->iteration + epoch - 1) / epoch - (p->epoch_images != 0);
    const struct cb_record_run description = describe(s);
    struct cb_error warning;
    status = cb_record_reopen(&run->record, run->dir.record, &description, p->iteration, epochs, &warning, err);
    if (status == CB_OK && warning.text[0]) fprintf(stderr, "%s: warning: %s\n", o->program, warning.text);
    if (status == CB_OK) status = cb_record_resume(run->record, &description, p->iteration, p->seconds, killed, err);
    if (status != CB_OK) return status;
    cb_run_dir_beat(&run->dir, 0); /* counted once */
    status = cb_run_save(run, err);
    if (status != CB_OK && beat >= 0) cb_run_dir_beat(&run->dir, beat); /* and not yet */
    return status;
}

enum cb_status cb_session_records(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    return s->resuming ? resume_records(s, o, err) : begin_records(s, err);
}
