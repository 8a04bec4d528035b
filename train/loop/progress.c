#include "loop/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "loop/epoch_line.h"
#include "loop/shell_word.h"
#include "loop/status_line.h"
#include "loop/timing.h"
#include "terminal.h"

/* The iteration that ends the run, as far as it is known. */
static size_t last_iteration(const struct cb_run *run, size_t epoch_iterations)
{
    size_t end = run->recipe->schedule.iterations;
    if (run->max_iterations && run->max_iterations < end) end = run->max_iterations;
    const size_t stop = (run->position.target_epoch + run->epochs_after_target) * epoch_iterations;
    return run->stops_at_target && run->position.target_epoch && stop < end ? stop : end;
}

double cb_pace_image_s(const struct cb_pace *pace, size_t batch)
{
    if (pace->last_image_s > 0 && pace->images < CB_PACE_ITERATIONS * batch) return pace->last_image_s;
    return pace->images ? pace->train_s / (double)pace->images : 0;
}

double cb_seconds_left(const struct cb_run *run, const struct cb_pace *pace)
{
    const double image_s = cb_pace_image_s(pace, run->recipe->data.batch);
    if (image_s <= 0) return 0;
    const size_t end = last_iteration(run, pace->iterations), at = run->position.iteration;
    const size_t evaluated = run->eval.images ? run->eval.images->n : 0;
    const struct cb_recipe_timing timing = {
        .iteration_s = image_s * (double)run->recipe->data.batch,
        .evaluation_s = pace->eval_s > 0 ? pace->eval_s : image_s * (double)evaluated / 3,
    };
    return cb_timed_seconds(&timing, end > at ? end - at : 0,
                            evaluated ? cb_evaluations_left(run->recipe, pace->iterations, pace->epoch, end) : 0);
}

/* The line that is written over is on the terminal. */
static bool live;

void cb_progress(const struct cb_run *run, const struct cb_pace *pace, bool evaluating)
{
    const size_t columns = run->quiet ? 0 : cb_terminal_columns(STDOUT_FILENO);
    if (!columns) return;
    const double image_s = cb_pace_image_s(pace, run->recipe->data.batch);
    const struct cb_status_line status = {
        .epoch = pace->epoch + 1,
        .epochs = pace->epochs,
        .evaluating = evaluating,
        .loss = pace->loss,
        .rate = pace->rate,
        .images_per_second = image_s > 0 ? 1 / image_s : 0,
        .seconds_left = cb_seconds_left(run, pace),
        .best_percent = run->position.eval_images ? run->best_percent : -1,
        .target_reached = run->position.target_epoch != 0,
    };
    char line[CB_STATUS_LINE_BYTES];
    cb_status_line_text(line, &status, columns, cb_terminal_colours(STDOUT_FILENO));
    printf("\r%s\033[K", line);
    live = true;
    cb_flush_output();
}

/* Makes room on a terminal for a line that stays. */
static void clear(void)
{
    if (live) printf("\r\033[K");
    live = false;
}

void cb_progress_warn(const char *problem, const char *consequence)
{
    clear();
    cb_flush_output();
    fprintf(stderr, "cyclebench train: warning: %s%s\n", problem, consequence);
}

/* Accuracies of a set that is not CIFAR-10 say so. */
static const char *mark(const struct cb_run *run)
{
    return !run->data_kind || strcmp(run->data_kind, "synthetic") ? "" : " (synthetic data)";
}

void cb_progress_epoch(const struct cb_run *run, const struct cb_record_epoch *e)
{
    if (run->quiet) return;
    clear();
    const size_t columns = cb_terminal_columns(STDOUT_FILENO);
    const struct cb_epoch_line line = {.epoch = e, .evaluated_on = run->evaluated_on, .mark = mark(run)};
    char text[CB_EPOCH_LINE_BYTES];
    cb_epoch_line_text(text, &line, columns);
    puts(text);
    if (run->position.target_epoch == e->epoch) {
        cb_target_line_text(text, &line, run->recipe->run.target, run->position.seconds_to_target, columns);
        puts(text);
    }
    cb_flush_output();
}

void cb_progress_end(const struct cb_run *run, const struct cb_record_end *end)
{
    char path[CB_SHELL_WORD_BYTES];
    if (run->quiet) return;
    clear();
    printf("%s after %zu iteration%s, %.1f s%s%s\n", end->status, end->iterations, end->iterations == 1 ? "" : "s",
           end->seconds, end->reason ? ": " : "", end->reason ? end->reason : "");
    if (end->seconds_to_target >= 0)
        printf("%.2f %% reached after %.1f s%s\n", run->recipe->run.target, end->seconds_to_target, mark(run));
    else if (!strcmp(end->status, "completed"))
        printf("%.2f %% not reached%s\n", run->recipe->run.target, mark(run));
    if (end->killed_seconds > 0)
        printf("kills cost at least %.1f s more, which are in none of these times\n", end->killed_seconds);
    cb_run_perf_print(end->perf);
    printf("loss_fingerprint %s\nweights_sha256   %s\n", end->loss_fingerprint,
           end->weights_sha256 ? end->weights_sha256 : "-");
    if (strcmp(end->status, "completed") && strcmp(end->status, "diverged"))
        printf("continue it with: cyclebench train --resume %s\n", cb_shell_word(path, run->dir.path));
    cb_flush_output();
}
