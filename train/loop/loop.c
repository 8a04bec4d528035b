#include "loop/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "instruments.h"
#include "loop/signals.h"
#include "record/fingerprint.h"

/* What the current epoch needs besides the position. */
struct epoch {
    size_t index, iterations; /* iterations of a full epoch */
    uint32_t *order;
    double start_s, train_s; /* this epoch: began at, spent training */
    size_t images;           /* trained in this session and epoch */
    int warned;              /* a log line could not be written */
};

static double elapsed(const struct cb_run *run)
{
    return run->seconds_before + cb_now_s() - run->clock_start;
}

/* Logs degrade, they do not stop a training of hours: say it once. */
static void log_result(struct epoch *epoch, enum cb_status status, const struct cb_error *err)
{
    if (status == CB_OK || epoch->warned) return;
    epoch->warned = 1;
    fprintf(stderr, "cyclebench train: warning: %s; training goes on without this log\n", err->text);
}

static enum cb_status save(struct cb_run *run, struct cb_error *err)
{
    run->position.seconds = elapsed(run);
    return cb_checkpoint_save(run->model, &run->position, run->last_path, err);
}

/* One iteration. The weights are only moved if its mean loss is finite and in the fingerprint. */
static enum cb_status iterate(struct cb_run *run, struct epoch *epoch, struct cb_schedule_point point,
                              double *mean_loss, struct cb_error *failure)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    size_t n = run->train.images->n, first = p->iteration % epoch->iterations * r->data.batch;
    size_t len = n - first < r->data.batch ? n - first : r->data.batch;
    uint8_t labels[CB_MAX_BATCH];
    double start = cb_now_s(), loss;
    size_t correct;
    cb_feed_batch(&run->train, run->team, run->model, epoch->order + first, len, (uint32_t)epoch->index, 1, labels);
    cb_model_train_step(run->model, run->team, len, labels, &loss, &correct);
    *mean_loss = loss;
    if (!isfinite(loss)) return CB_OK;
    if (cb_fingerprint_add(p->loss_chain, p->iteration, loss, failure)) return CB_IO_ERROR;
    cb_model_update(run->model, run->team, (float)point.lr, (float)point.momentum, (float)r->optimizer.weight_decay,
                    r->optimizer.nesterov);
    double seconds = cb_now_s() - start;
    epoch->train_s += seconds;
    epoch->images += len;
    p->iteration++;
    p->smoothed_loss = 0.98 * p->smoothed_loss + 0.02 * loss;
    p->epoch_loss_sum += loss * (double)len;
    p->epoch_correct += correct;
    p->epoch_images += len;
    if (r->run.log_iterations) {
        struct cb_error err;
        double done = (double)p->iteration / (double)epoch->iterations;
        log_result(epoch,
                   cb_record_iteration(run->record, p->iteration - 1, done, point.lr, point.momentum, loss, seconds,
                                       (double)len / seconds, &err),
                   &err);
    }
    return CB_OK;
}

static void progress(const struct cb_run *run, const struct epoch *epoch, double loss)
{
    if (run->quiet || !isatty(STDOUT_FILENO)) return;
    double rate = epoch->train_s > 0 ? (double)epoch->images / epoch->train_s : 0;
    double left = epoch->images ? (double)(run->recipe->schedule.iterations - run->position.iteration) *
                                      (double)run->recipe->data.batch / rate
                                : 0;
    printf("\r  iteration %zu of %zu  loss %.4f  %.0f images/s  about %.0f min left\033[K",
           (size_t)run->position.iteration, run->recipe->schedule.iterations, loss, rate, left / 60);
    fflush(stdout);
}

static void print_epoch(const struct cb_run *run, const struct cb_record_epoch *e)
{
    if (run->quiet) return;
    if (isatty(STDOUT_FILENO)) printf("\r\033[K");
    printf("epoch %3zu  train loss %.4f  accuracy %6.2f %%", e->epoch, e->train_loss, e->train_accuracy_percent);
    if (e->evaluated)
        printf("  %s loss %.4f  accuracy %6.2f %%", run->evaluated_on, e->test_loss, e->test_accuracy_percent);
    printf("  %6.1f s  %5.0f images/s\n", e->seconds, e->images_per_second);
    fflush(stdout);
}

/* The end of an epoch, or of the schedule inside one: evaluation, one line, sums reset. Returns 0 if the evaluation is not finite. */
static int finish_epoch(struct cb_run *run, struct epoch *epoch, struct cb_evaluation *last_evaluation)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    int ended = p->iteration >= r->schedule.iterations;
    struct cb_record_epoch e = {
        .epoch = epoch->index + 1,
        .iteration = p->iteration,
        .train_loss = p->epoch_loss_sum / (double)p->epoch_images,
        .train_loss_smoothed = p->smoothed_loss / (1.0 - pow(0.98, (double)p->iteration)),
        .train_accuracy_percent = cb_accuracy_percent(p->epoch_correct, p->epoch_images),
        .images_per_second = epoch->train_s > 0 ? (double)epoch->images / epoch->train_s : 0,
        .evaluated = ended || (epoch->index + 1) % r->run.eval_every == 0,
    };
    if (e.evaluated) {
        *last_evaluation = cb_evaluate(&run->test, run->team, run->model, r->data.batch, NULL);
        e.test_loss = last_evaluation->loss;
        e.test_accuracy_percent = cb_accuracy_percent(last_evaluation->correct, last_evaluation->images);
        if (p->seconds_to_target < 0 && e.test_accuracy_percent >= r->run.target) p->seconds_to_target = elapsed(run);
    }
    e.seconds_total = elapsed(run);
    e.seconds = cb_now_s() - epoch->start_s;
    print_epoch(run, &e);
    struct cb_error err;
    log_result(epoch, cb_record_epoch(run->record, &e, &err), &err);
    p->epoch_loss_sum = 0;
    p->epoch_correct = p->epoch_images = 0;
    epoch->train_s = 0;
    epoch->images = 0;
    epoch->start_s = cb_now_s();
    return !e.evaluated || isfinite(e.test_loss);
}

static void begin_epoch(const struct cb_run *run, struct epoch *epoch)
{
    epoch->index = run->position.iteration / epoch->iterations;
    cb_epoch_order(run->train.seed, (uint32_t)epoch->index, run->recipe->data.shuffle, run->train.images->n,
                   epoch->order);
}

static void write_end(struct cb_run *run, struct epoch *epoch, enum cb_run_outcome outcome, const char *reason,
                      const struct cb_evaluation *evaluation)
{
    static const char *const names[] = {"completed", "interrupted", "interrupted", "diverged", "interrupted"};
    char weights[CB_SHA256_HEX];
    struct cb_error err;
    enum cb_status status = cb_weights_sha256(run->model, weights, &err);
    int completed = outcome == CB_RUN_COMPLETED;
    struct cb_record_end end = {
        .status = names[outcome],
        .reason = reason,
        .iterations = run->position.iteration,
        .seconds = elapsed(run),
        .seconds_to_target = run->position.seconds_to_target,
        .final_test_accuracy_percent = completed ? cb_accuracy_percent(evaluation->correct, evaluation->images) : -1,
        .final_test_loss = completed ? evaluation->loss : -1,
        .resumed = run->position.resumed,
        .loss_fingerprint = run->position.loss_chain,
        .weights_sha256 = status == CB_OK ? weights : NULL,
        .peak_memory_bytes = cb_peak_memory_bytes(),
    };
    log_result(epoch, cb_record_end(run->record, &end, &err), &err);
    if (run->quiet) return;
    printf("%s after %zu iterations, %.1f s%s%s\n", end.status, end.iterations, end.seconds, reason ? ": " : "",
           reason ? reason : "");
    if (end.seconds_to_target >= 0)
        printf("%.2f %% reached after %.1f s\n", run->recipe->run.target, end.seconds_to_target);
    printf("loss_fingerprint %s\nweights_sha256   %s\n", end.loss_fingerprint, status == CB_OK ? weights : "-");
}

/* Runs iterations until something ends them; the caller writes the record's end. */
static enum cb_run_outcome run_iterations(struct cb_run *run, struct epoch *epoch, char *reason, size_t reason_bytes,
                                          struct cb_evaluation *evaluation, struct cb_error *err)
{
    const struct cb_recipe *r = run->recipe;
    struct cb_position *p = &run->position;
    /* The state before the first iteration is the last good checkpoint until there is a later one. */
    if (save(run, err) != CB_OK) return CB_RUN_FAILED;
    begin_epoch(run, epoch);
    while (p->iteration < r->schedule.iterations) {
        if (p->iteration >= run->stop_after) {
            snprintf(reason, reason_bytes, "stopped by --max-iterations");
            return save(run, err) == CB_OK ? CB_RUN_STOPPED : CB_RUN_FAILED;
        }
        size_t k = p->iteration;
        double loss;
        if (iterate(run, epoch, cb_schedule_at(&r->schedule, k), &loss, err)) return CB_RUN_FAILED;
        if (!isfinite(loss)) {
            snprintf(reason, reason_bytes,
                     "the loss of iteration %zu is %f; the last good state is in last.safetensors", k, loss);
            return CB_RUN_DIVERGED;
        }
        progress(run, epoch, loss);
        int epoch_ends = p->iteration % epoch->iterations == 0 || p->iteration == r->schedule.iterations;
        if (epoch_ends && !finish_epoch(run, epoch, evaluation)) {
            snprintf(reason, reason_bytes,
                     "the %s loss after iteration %zu is not finite; the last good state is in last.safetensors",
                     run->evaluated_on, k);
            return CB_RUN_DIVERGED;
        }
        int due = r->run.checkpoint_every ? p->iteration % r->run.checkpoint_every == 0 : epoch_ends;
        int signal = cb_signal_received();
        if ((due || signal) && save(run, err) != CB_OK) return CB_RUN_FAILED;
        if (signal) {
            snprintf(reason, reason_bytes, "signal %d; continue with --resume", signal);
            return CB_RUN_INTERRUPTED;
        }
        if (epoch_ends && p->iteration < r->schedule.iterations) begin_epoch(run, epoch);
    }
    /* A resumed run that was already complete has no evaluation of its own yet. */
    if (!evaluation->images) *evaluation = cb_evaluate(&run->test, run->team, run->model, r->data.batch, NULL);
    if (save(run, err) != CB_OK || cb_checkpoint_save_weights(run->model, run->final_path, err) != CB_OK)
        return CB_RUN_FAILED;
    return CB_RUN_COMPLETED;
}

enum cb_run_outcome cb_run_train(struct cb_run *run, struct cb_error *err)
{
    size_t n = run->train.images->n;
    struct epoch epoch = {.iterations = (n + run->recipe->data.batch - 1) / run->recipe->data.batch,
                          .start_s = cb_now_s()};
    epoch.order = malloc(n * sizeof *epoch.order);
    if (!epoch.order) {
        cb_fail(err, CB_NO_MEMORY, "out of memory for the order of %zu images", n);
        return CB_RUN_FAILED;
    }
    char reason[256] = "";
    struct cb_evaluation evaluation = {0};
    enum cb_run_outcome outcome = run_iterations(run, &epoch, reason, sizeof reason, &evaluation, err);
    if (outcome == CB_RUN_FAILED) snprintf(reason, sizeof reason, "%.255s", err->text);
    write_end(run, &epoch, outcome, reason[0] ? reason : NULL, &evaluation);
    free(epoch.order);
    return outcome;
}
