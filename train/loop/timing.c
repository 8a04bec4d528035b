#include "loop/timing.h"

#include <stdlib.h>
#include <string.h>

#include "instruments.h"
#include "loop/evaluate.h"
#include "record/fingerprint.h"

static size_t evaluation_images(const struct cb_recipe *r)
{
    const struct cb_dataset *set = &cb_datasets[r->data.set];
    return r->data.holdout ? r->data.holdout : cb_dataset_images(set, cb_dataset_test_file(set));
}

enum cb_status cb_resolve_for_official(struct cb_recipe *recipe, struct cb_error *err)
{
    const size_t images = cb_dataset_images(&cb_datasets[recipe->data.set], recipe->data.train_files);
    const size_t held = recipe->data.holdout;
    if (held >= images)
        return cb_fail(err, CB_BAD_INPUT, "data.holdout = %zu leaves none of the %zu images of data.train_files", held,
                       images);
    return cb_recipe_resolve(recipe, images - held, err);
}

static const char *keep_seconds(void *context, const struct cb_record_iteration *iteration)
{
    double *seconds = context;
    seconds[iteration->iteration] = iteration->seconds;
    return iteration->iteration + 1 == CB_TIMED_ITERATIONS ? "timed" : NULL;
}

static double median(const double s[CB_TIMED_ITERATIONS])
{
    const double low = s[0] < s[1] ? s[0] : s[1], high = s[0] < s[1] ? s[1] : s[0];
    return s[2] < low ? low : s[2] > high ? high : s[2];
}

static enum cb_status train_some(struct cb_session *s, double seconds[CB_TIMED_ITERATIONS], struct cb_error *err)
{
    s->run.quiet = 1;
    s->run.observer = keep_seconds;
    s->run.observer_context = seconds;
    s->run.position.seconds_to_target = -1;
    strcpy(s->run.position.loss_chain, CB_FINGERPRINT_START);
    s->run.clock_start = cb_now_s();
    const enum cb_run_outcome outcome = cb_run_train(&s->run, err);
    if (outcome == CB_RUN_DIVERGED) return cb_fail(err, CB_FAILED, "%s: the loss is not finite", s->recipe.name);
    return outcome == CB_RUN_FAILED ? CB_IO_ERROR : CB_OK;
}

static enum cb_status time_session(struct cb_session *s, struct cb_recipe_timing *t, const struct cb_session_options *o,
                                   struct cb_error *err)
{
    const struct cb_recipe *r = &s->recipe;
    enum cb_status status = cb_session_model(s, o, err);
    if (status == CB_OK) status = cb_synthetic_draw(&s->train, 1, 0, r->data.batch, err);
    if (status != CB_OK) return status;
    struct cb_feed batch = s->run.eval;
    batch.images = &s->train;
    s->run.eval.images = NULL;
    status = train_some(s, t->measured_s, err);
    if (status != CB_OK || *s->run.stop) return status;
    t->iteration_s = median(t->measured_s);
    const double start = cb_now_s();
    cb_evaluate(&batch, s->run.team, s->run.model, r->data.batch, NULL, s->run.stop);
    t->evaluation_s = (cb_now_s() - start) * (double)evaluation_images(r) / (double)r->data.batch;
    return CB_OK;
}

enum cb_status cb_time_recipe(struct cb_recipe_timing *timing, const struct cb_recipe *recipe,
                              const struct cb_session_options *o, size_t threads, const volatile sig_atomic_t *stop,
                              struct cb_error *err)
{
    struct cb_session *s = calloc(1, sizeof *s);
    if (!s) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    s->run.dir.lock = -1;
    s->run.stop = stop;
    s->threads = threads;
    s->recipe = *recipe;
    *timing = (struct cb_recipe_timing){0};
    const enum cb_status status = time_session(s, timing, o, err);
    const size_t images = cb_dataset_images(&cb_datasets[recipe->data.set], recipe->data.train_files);
    const size_t epoch = (images - recipe->data.holdout + recipe->data.batch - 1) / recipe->data.batch;
    timing->evaluations = cb_evaluations_left(recipe, epoch, 0, recipe->schedule.iterations);
    cb_session_close(s);
    free(s);
    return status;
}

size_t cb_evaluations_left(const struct cb_recipe *recipe, size_t epoch_iterations, size_t epochs, size_t end)
{
    const size_t every = recipe->run.eval_every, whole = end / epoch_iterations;
    if (epochs * epoch_iterations >= end) return 0;
    /* The schedule's last iteration is evaluated in any case. */
    const size_t last = end >= recipe->schedule.iterations && (end % epoch_iterations || whole % every);
    return whole / every - epochs / every + last;
}

double cb_timed_seconds(const struct cb_recipe_timing *timing, size_t iterations, size_t evaluations)
{
    return timing->iteration_s * (double)iterations + timing->evaluation_s * (double)evaluations;
}
