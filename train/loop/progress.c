#include "loop/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void cb_format_minutes(char text[32], double seconds)
{
    const unsigned long minutes = (unsigned long)(seconds / 60 + 0.5);
    if (seconds < 60)
        snprintf(text, 32, "under a minute");
    else if (minutes < 60)
        snprintf(text, 32, "%lu min", minutes);
    else
        snprintf(text, 32, "%lu h %02lu min", minutes / 60, minutes % 60);
}

static int on_terminal(const struct cb_run *run)
{
    return !run->quiet && isatty(STDOUT_FILENO);
}

/* Not wider than the terminal: it could not be written over. */
static void write_over(const char *line)
{
    struct winsize size;
    const int known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1;
    printf("\r%.*s\033[K", known ? size.ws_col - 1 : 79, line);
    fflush(stdout);
}

void cb_progress(const struct cb_run *run, size_t epoch, size_t epochs, double loss, const struct cb_pace *pace)
{
    if (!on_terminal(run)) return;
    const double rate = pace->train_s > 0 ? (double)pace->images / pace->train_s : 0;
    size_t end = run->recipe->schedule.iterations;
    if (run->max_iterations && run->max_iterations < end) end = run->max_iterations;
    const size_t left = end > run->position.iteration ? end - run->position.iteration : 0;
    const double seconds =
        rate > 0 ? (double)left * (double)run->recipe->data.batch / rate + (double)pace->eval_left * pace->eval_s : 0;
    char line[256], time[32];
    cb_format_minutes(time, seconds);
    snprintf(line, sizeof line, "  epoch %zu of %zu, iteration %zu of %zu  loss %.4f  %.0f images/s  about %s left",
             epoch, epochs, (size_t)run->position.iteration, run->recipe->schedule.iterations, loss, rate, time);
    write_over(line);
}

void cb_progress_evaluating(const struct cb_run *run)
{
    if (on_terminal(run)) write_over("  evaluating");
}

/* Accuracies of a set that is not CIFAR-10 say so. */
static const char *mark(const struct cb_run *run)
{
    return !run->data_kind || strcmp(run->data_kind, "synthetic") ? "" : " (synthetic data)";
}

void cb_progress_epoch(const struct cb_run *run, const struct cb_record_epoch *e)
{
    if (run->quiet) return;
    if (on_terminal(run)) printf("\r\033[K");
    printf("epoch %3zu  train loss %.4f  accuracy %6.2f %%", e->epoch, e->train_loss, e->train_accuracy_percent);
    if (e->evaluated)
        printf("  %s loss %.4f  accuracy %6.2f %%", run->evaluated_on, e->eval_loss, e->eval_accuracy_percent);
    printf("  %6.1f s  %5.0f images/s%s\n", e->seconds, e->images_per_second, mark(run));
    fflush(stdout);
}

void cb_progress_end(const struct cb_run *run, const struct cb_record_end *end)
{
    if (run->quiet) return;
    if (on_terminal(run)) printf("\r\033[K");
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
        printf("continue it with: cyclebench train --resume %s\n", run->dir.path);
    fflush(stdout);
}
