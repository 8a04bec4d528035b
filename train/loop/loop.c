#include "loop/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "instruments.h"
#include "loop/progress.h"
#include "loop/signals.h"
#include "record/fingerprint.h"

/* What the current epoch needs besides the position. */
struct epoch {
    uint32_t *order;
    double start_s; /* this epoch began at */
    struct cb_pace pace;
    int warned; /* a log line could not be written */
};

static double elapsed(const struct cb_run *run)
{
    return run->seconds_before + cb_now_s() - run->clock_start;
}

/* Logs degrade, they do not stop a training of hours: say it once. Lack of memory is no matter of the log. */
static enum cb_status log_result(struct epoch *epoch, enum cb_status status, const struct cb_error *problem,
                                 struct cb_error *err)
{
    if (status == CB_NO_MEMORY) return cb_fail(err, status, "%s", problem->text);
    if (status == CB_OK || epoch->warned) return CB_OK;
    epoch->warned = 1;
    cb_progress_warn(problem->text, "");
    return CB_OK;
}

enum cb_status cb_run_save(struct cb_run *run, struct cb_error *err)
{
    run->position.seconds = elapsed(run);
    if (run->dir.lock < 0) return CB_OK;
    struct cb_error problem;
    if (run->record && cb_record_sync(run->record, &problem)) cb_progress_warn(problem.text, "");
    return cb_checkpoint_save(run->model, &run->position, run->dir.last, run->dir.previous, err);
}

/* One iteration. The weights are only moved if its mean loss is finite and in the fingerprint. */
static enum cb_status iterate(struct cb_run *run, struct epoch *epoch, struct cb_record_iteration *line,
                              struct cb_error *err)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    const struct cb_schedule_point point = cb_schedule_at(&r->schedule, p->iteration);
    size_t n = run->train.images->n, first = p->iteration % epoch->pace.iterations * r->data.batch;
    size_t len = n - first < r->data.batch ? n - first : r->data.batch;
    uint8_t labels[CB_MAX_BATCH];
    double start = cb_now_s();
    cb_feed_batch(&run->train, run->team, run->model, epoch->order + first, len, (uint32_t)epoch->pace.epoch, 1,
                  labels);
    cb_run_perf_fed(run->perf);
    const struct cb_step_options options = {.n = len,
                                            .labels = labels,
                                            .lr = (float)point.lr,
                                            .momentum = (float)point.momentum,
                                            .weight_decay = (float)r->optimizer.weight_decay,
                                            .nesterov = r->optimizer.nesterov};
    const struct cb_step_result result = cb_model_train_step(run->model, run->team, &options);
    *line = (struct cb_record_iteration){.iteration = p->iteration,
                                         .epoch = (double)(p->iteration + 1) / (double)epoch->pace.iterations,
                                         .lr = point.lr,
                                         .momentum = point.momentum,
                                         .loss = result.loss};
    if (isfinite(result.loss)) {
        enum cb_status status = cb_fingerprint_add(p->loss_chain, p->iteration, result.loss, err);
        if (status) return status;
        cb_model_update(run->model, run->team, &options);
    }
    line->seconds = cb_now_s() - start;
    line->images_per_second = (double)len / line->seconds;
    if (!isfinite(result.loss)) return CB_OK;
    epoch->pace.train_s += line->seconds;
    epoch->pace.images += len;
    p->iteration++;
    p->smoothed_loss = 0.98 * p->smoothed_loss + 0.02 * result.loss;
    p->epoch_loss_sum += result.loss * (double)len;
    p->epoch_correct += result.correct;
    p->epoch_images += len;
    if (run->dir.lock >= 0) cb_run_dir_beat(&run->dir, elapsed(run));
    if (!r->run.log_iterations || !run->record) return CB_OK;
    struct cb_error problem;
    return log_result(epoch, cb_record_iteration(run->record, line, &problem), &problem, err);
}

static int is_last(const struct cb_run *run)
{
    return run->position.iteration >= run->recipe->schedule.iterations;
}

/* 0: stopped by a signal. */
static int evaluate(struct cb_run *run, struct epoch *epoch)
{
    double start = cb_now_s();
    cb_progress(run, &epoch->pace, true);
    cb_run_perf_begin(run->perf, CB_WORK_EVALUATION);
    struct cb_evaluation e = cb_evaluate(&run->eval, run->team, run->model, run->recipe->data.batch, NULL, run->stop);
    cb_run_perf_end(run->perf, !e.stopped);
    if (e.stopped) return 0;
    epoch->pace.eval_s = cb_now_s() - start;
    run->position.eval_loss = e.loss;
    run->position.eval_correct = e.correct;
    run->position.eval_images = e.images;
    return 1;
}

/* The end of an epoch, or of the schedule inside one: evaluation, one line, sums reset. Stopped in the evaluation, it
 * changes nothing, so that a resume begins here again. */
static enum cb_status finish_epoch(struct cb_run *run, struct epoch *epoch, int *stopped, int *finite,
                                   struct cb_error *err)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    struct cb_record_epoch e = {
        .epoch = epoch->pace.epoch + 1,
        .iteration = p->iteration,
        .train_loss = p->epoch_loss_sum / (double)p->epoch_images,
        .train_loss_smoothed = p->smoothed_loss / (1.0 - cb_exp((double)p->iteration * cb_log(0.98))),
        .train_accuracy_percent = cb_accuracy_percent(p->epoch_correct, p->epoch_images),
        .images_per_second = epoch->pace.train_s > 0 ? (double)epoch->pace.images / epoch->pace.train_s : 0,
        .evaluated = run->eval.images && (is_last(run) || (epoch->pace.epoch + 1) % r->run.eval_every == 0),
        .loss_fingerprint = p->loss_chain,
    };
    *stopped = e.evaluated && !evaluate(run, epoch);
    if (*stopped) return CB_OK;
    if (e.evaluated) {
        e.eval_loss = p->eval_loss;
        e.eval_accuracy_percent = cb_accuracy_percent(p->eval_correct, p->eval_images);
        run->best_percent = fmax(run->best_percent, e.eval_accuracy_percent);
        if (p->seconds_to_target < 0 && e.eval_accuracy_percent >= r->run.target) {
            p->seconds_to_target = elapsed(run);
            p->target_epoch = epoch->pace.epoch + 1;
            cb_run_perf_at_target(run->perf);
        }
    }
    *finite = !e.evaluated || isfinite(e.eval_loss);
    e.seconds_total = elapsed(run);
    e.seconds = cb_now_s() - epoch->start_s;
    cb_progress_epoch(run, &e);
    struct cb_error problem;
    enum cb_status status = run->record ? cb_record_epoch(run->record, &e, &problem) : CB_OK;
    status = log_result(epoch, status, &problem, err);
    p->epoch_loss_sum = 0;
    p->epoch_correct = p->epoch_images = 0;
    if (epoch->pace.images) epoch->pace.last_image_s = epoch->pace.train_s / (double)epoch->pace.images;
    epoch->pace.train_s = 0;
    epoch->pace.images = 0;
    epoch->start_s = cb_now_s();
    return status;
}

int cb_run_target_reached(const struct cb_run *run)
{
    const struct cb_position *p = &run->position;
    const size_t batch = run->recipe->data.batch, iterations = (run->train.images->n + batch - 1) / batch;
    return run->stops_at_target && p->target_epoch && !p->epoch_images &&
           p->iteration / iterations >= p->target_epoch + run->epochs_after_target;
}

static void begin_epoch(const struct cb_run *run, struct epoch *epoch)
{
    epoch->pace.epoch = run->position.iteration / epoch->pace.iterations;
    cb_epoch_order(run->train.seed, (uint32_t)epoch->pace.epoch, run->recipe->data.shuffle, run->train.images->n,
                   epoch->order);
}

static enum cb_status write_end(struct cb_run *run, struct epoch *epoch, enum cb_run_outcome outcome,
                                const char *reason, struct cb_error *err)
{
    static const char *const names[] = {
        [CB_RUN_COMPLETED] = "completed", [CB_RUN_TARGET_REACHED] = "target_reached",
        [CB_RUN_STOPPED] = "interrupted", [CB_RUN_INTERRUPTED] = "interrupted",
        [CB_RUN_DIVERGED] = "diverged",   [CB_RUN_FAILED] = "interrupted",
    };
    const struct cb_position *p = &run->position;
    char weights[CB_SHA256_HEX];
    struct cb_error problem;
    enum cb_status status = cb_weights_sha256(run->model, weights, &problem);
    int completed = outcome == CB_RUN_COMPLETED;
    struct cb_record_end end = {
        .status = names[outcome],
        .reason = reason,
        .iterations = p->iteration,
        .seconds = elapsed(run),
        .seconds_to_target = p->seconds_to_target,
        .final_eval_accuracy_percent = completed ? cb_accuracy_percent(p->eval_correct, p->eval_images) : -1,
        .final_eval_loss = completed ? p->eval_loss : -1,
        .resumed = p->resumed,
        .killed_seconds = p->killed_seconds,
        .loss_fingerprint = p->loss_chain,
        .weights_sha256 = status == CB_OK ? weights : NULL,
        .peak_memory_bytes = cb_peak_memory_bytes(),
        .counted = run->perf != NULL,
        .perf = cb_run_perf_json(run->perf),
    };
    status = run->record ? cb_record_end(run->record, &end, &problem) : CB_OK;
    if (!status && run->record) status = cb_record_sync(run->record, &problem);
    cb_progress_end(run, &end);
    json_decref(end.perf);
    return log_result(epoch, status, &problem, err);
}

static enum cb_run_outcome overflowed(const struct cb_run *run, char *reason, size_t reason_bytes)
{
    snprintf(reason, reason_bytes,
             "a weight or statistic after iteration %zu is not finite; the last good state is in last.safetensors",
             (size_t)run->position.iteration);
    return CB_RUN_DIVERGED;
}

/* A checkpoint that fails can be made up for at the next; this one has none after it. */
static enum cb_run_outcome save_last(struct cb_run *run, enum cb_run_outcome outcome, char *reason, size_t reason_bytes,
                                     struct cb_error *err)
{
    if (!cb_model_finite(run->model)) return overflowed(run, reason, reason_bytes);
    return cb_run_save(run, err) == CB_OK ? outcome : CB_RUN_FAILED;
}

static void save_periodic(struct cb_run *run)
{
    struct cb_error problem;
    if (cb_run_save(run, &problem) == CB_OK) return;
    cb_progress_warn(problem.text, "; training goes on, the next checkpoint is tried again");
}

static enum cb_run_outcome interrupted(struct cb_run *run, char *reason, size_t reason_bytes, struct cb_error *err)
{
    snprintf(reason, reason_bytes, "%s", cb_signal_name(*run->stop));
    return save_last(run, CB_RUN_INTERRUPTED, reason, reason_bytes, err);
}

/* Whether an epoch is trained to its end and not finished yet: as after a step, or resumed from a stopped
 * evaluation. */
static int epoch_is_due(const struct cb_run *run, const struct epoch *epoch)
{
    return run->position.epoch_images && (run->position.iteration % epoch->pace.iterations == 0 || is_last(run));
}

/* After a step: ends the epoch, saves, stops. CB_RUN_COMPLETED: go on. */
static enum cb_run_outcome after_step(struct cb_run *run, struct epoch *epoch, char *reason, size_t reason_bytes,
                                      struct cb_error *err)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    int epoch_ends = epoch_is_due(run, epoch), stopped = 0, finite = 1;
    int due = r->run.checkpoint_every ? p->iteration % r->run.checkpoint_every == 0 : epoch_ends;
    if ((epoch_ends || due) && !cb_model_finite(run->model)) return overflowed(run, reason, reason_bytes);
    if (epoch_ends && finish_epoch(run, epoch, &stopped, &finite, err)) return CB_RUN_FAILED;
    if (!finite) {
        snprintf(reason, reason_bytes,
                 "the %s loss after iteration %zu is not finite; the last good state is in last.safetensors",
                 run->evaluated_on, (size_t)p->iteration - 1);
        return CB_RUN_DIVERGED;
    }
    if (*run->stop && (stopped || !is_last(run))) return interrupted(run, reason, reason_bytes, err);
    if (due && !is_last(run)) save_periodic(run);
    return CB_RUN_COMPLETED;
}

/* Runs iterations until something ends them; the caller writes the record's end. */
static enum cb_run_outcome run_iterations(struct cb_run *run, struct epoch *epoch, char *reason, size_t reason_bytes,
                                          struct cb_error *err)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    if (epoch_is_due(run, epoch)) { /* the session before was stopped in this epoch's evaluation */
        epoch->pace.epoch = (p->iteration - 1) / epoch->pace.iterations;
        const enum cb_run_outcome outcome = after_step(run, epoch, reason, reason_bytes, err);
        if (outcome != CB_RUN_COMPLETED) return outcome;
    }
    if (!is_last(run)) begin_epoch(run, epoch);
    while (!is_last(run)) {
        if (*run->stop) return interrupted(run, reason, reason_bytes, err);
        if (run->max_iterations && p->iteration >= run->max_iterations) {
            snprintf(reason, reason_bytes, "stopped by --max-iterations");
            return save_last(run, CB_RUN_STOPPED, reason, reason_bytes, err);
        }
        if (cb_run_target_reached(run)) {
            snprintf(reason, reason_bytes, "--stop-after %zu: epoch %zu was the first at %g %%",
                     run->epochs_after_target, (size_t)p->target_epoch, r->run.target);
            return save_last(run, CB_RUN_TARGET_REACHED, reason, reason_bytes, err);
        }
        struct cb_record_iteration line;
        cb_run_perf_begin(run->perf, CB_WORK_ITERATION);
        if (iterate(run, epoch, &line, err)) return CB_RUN_FAILED;
        cb_run_perf_end(run->perf, 1);
        const char *enough = run->observer ? run->observer(run->observer_context, &line) : NULL;
        if (!isfinite(line.loss)) {
            snprintf(reason, reason_bytes,
                     "the loss of iteration %zu is not finite; the last good state is in last.safetensors",
                     line.iteration);
            return CB_RUN_DIVERGED;
        }
        if (enough) {
            snprintf(reason, reason_bytes, "%s", enough);
            return save_last(run, CB_RUN_STOPPED, reason, reason_bytes, err);
        }
        epoch->pace.loss = line.loss;
        epoch->pace.rate = line.lr;
        cb_progress(run, &epoch->pace, false);
        int epoch_ends = epoch_is_due(run, epoch);
        const enum cb_run_outcome outcome = after_step(run, epoch, reason, reason_bytes, err);
        if (outcome != CB_RUN_COMPLETED) return outcome;
        if (epoch_ends && !is_last(run)) begin_epoch(run, epoch);
    }
    if (cb_run_save(run, err) != CB_OK) return CB_RUN_FAILED;
    if (run->dir.lock >= 0 && cb_checkpoint_save_weights(run->model, p, run->dir.final, err) != CB_OK)
        return CB_RUN_FAILED;
    return CB_RUN_COMPLETED;
}

enum cb_run_outcome cb_run_train(struct cb_run *run, struct cb_error *err)
{
    size_t n = run->train.images->n, batch = run->recipe->data.batch;
    struct epoch epoch = {.start_s = cb_now_s(),
                          .pace = {.iterations = (n + batch - 1) / batch, .loss = NAN, .rate = NAN}};
    epoch.pace.epochs = (run->recipe->schedule.iterations + epoch.pace.iterations - 1) / epoch.pace.iterations;
    epoch.order = malloc(n * sizeof *epoch.order);
    if (!epoch.order) {
        cb_fail(err, CB_NO_MEMORY, "out of memory for the order of %zu images", n);
        return CB_RUN_FAILED;
    }
    char reason[256] = "";
    enum cb_run_outcome outcome = run_iterations(run, &epoch, reason, sizeof reason, err);
    if (outcome == CB_RUN_FAILED) snprintf(reason, sizeof reason, "%.255s", err->text);
    /* Completed, a run needs no second checkpoint; after the end line nobody would remove it. */
    if (outcome == CB_RUN_COMPLETED && run->dir.lock >= 0) unlink(run->dir.previous);
    struct cb_error problem;
    if (write_end(run, &epoch, outcome, reason[0] ? reason : NULL, &problem) && outcome != CB_RUN_FAILED) {
        *err = problem;
        outcome = CB_RUN_FAILED;
    }
    free(epoch.order);
    return outcome;
}
