#include "sweep/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/printable.h"
#include "loop/options.h"
#include "loop/shell_word.h"
#include "loop/signals.h"
#include "loop/status_line.h"

static const char program[] = "cyclebench sweep";

/* --- what is left ------------------------------------------------------------------------------------------------- */

static size_t iterations_of(const struct cb_sweep *sweep, size_t i)
{
    struct cb_recipe recipe = sweep->plan->runs[i].recipe;
    const size_t images = sweep->states[i].train_images;
    struct cb_error err;
    const enum cb_status status =
        images ? cb_recipe_resolve(&recipe, images, &err) : cb_resolve_for_official(&recipe, &err);
    return status == CB_OK ? recipe.schedule.iterations : 0;
}

/* Seconds that the run still takes here, to the end of its schedule. */
static double seconds_left(const struct cb_sweep *sweep, size_t i)
{
    if (sweep->states[i].stage == CB_SWEEP_FINISHED) return 0;
    const size_t all = iterations_of(sweep, i), done = sweep->states[i].done;
    const size_t left = all > done ? all - done : 0;
    const double evaluations = all ? (double)sweep->timings[i].evaluations * (double)left / (double)all : 0;
    return cb_timed_seconds(&sweep->timings[i], left, (size_t)(evaluations + 0.5));
}

static double all_seconds_left(const struct cb_sweep *sweep)
{
    double sum = 0;
    for (size_t i = 0; i < sweep->plan->count; i++) sum += seconds_left(sweep, i);
    return sum;
}

static size_t count_stage(const struct cb_sweep *sweep, enum cb_sweep_stage stage)
{
    size_t count = 0;
    for (size_t i = 0; i < sweep->plan->count; i++) count += sweep->states[i].stage == stage;
    return count;
}

/* --- preparing ---------------------------------------------------------------------------------------------------- */

/* Runs that differ in seed or target only take the same time. */
static int same_kind(const struct cb_plan_run *a, const struct cb_plan_run *b)
{
    struct cb_recipe x = a->recipe, y = b->recipe;
    memset(x.name, 0, sizeof x.name);
    memset(y.name, 0, sizeof y.name);
    memset(&x.run, 0, sizeof x.run);
    memset(&y.run, 0, sizeof y.run);
    return a->recipe.run.eval_every == b->recipe.run.eval_every && !memcmp(&x, &y, sizeof x);
}

static enum cb_status time_kinds(struct cb_sweep *sweep, struct cb_error *err)
{
    const struct cb_sweep_options *o = &sweep->options;
    const struct cb_session_options options = {
        .program = program, .threads = o->threads, .isa = o->isa, .oversubscribe = o->oversubscribe};
    for (size_t i = 0; i < sweep->plan->count && !cb_signal_received(); i++) {
        const struct cb_plan_run *run = &sweep->plan->runs[i];
        if (sweep->states[i].stage == CB_SWEEP_FINISHED) continue;
        size_t like = 0;
        while (like < i && !(sweep->timings[like].iteration_s > 0 && same_kind(run, &sweep->plan->runs[like]))) like++;
        if (like < i) {
            sweep->timings[i] = sweep->timings[like];
            continue;
        }
        if (!o->quiet) printf("timing three iterations of %s\n", run->name);
        cb_flush_output();
        const enum cb_status status = cb_sweep_time(&sweep->timings[i], &run->recipe, &options, cb_signal_flag(), err);
        if (status != CB_OK) return status;
    }
    return CB_OK;
}

enum cb_status cb_sweep_prepare(struct cb_sweep *sweep, const struct cb_plan *plan, const char *out,
                                const struct cb_sweep_options *options, struct cb_error *err)
{
    *sweep = (struct cb_sweep){.plan = plan, .out = out, .options = *options};
    sweep->states = calloc(plan->count, sizeof *sweep->states);
    sweep->timings = calloc(plan->count, sizeof *sweep->timings);
    if (!sweep->states || !sweep->timings) return cb_fail(err, CB_NO_MEMORY, "out of memory for the runs");
    for (size_t i = 0; i < plan->count; i++) {
        const enum cb_status status = cb_sweep_look(&sweep->states[i], &plan->runs[i], out, err);
        if (status != CB_OK) return status;
    }
    return time_kinds(sweep, err);
}

void cb_sweep_free(struct cb_sweep *sweep)
{
    free(sweep->states);
    free(sweep->timings);
    *sweep = (struct cb_sweep){0};
}

/* --- --dry-run ---------------------------------------------------------------------------------------------------- */

static void describe_state(const struct cb_sweep_state *s, char text[64])
{
    if (s->stage == CB_SWEEP_ABSENT)
        snprintf(text, 64, "to train");
    else if (s->stage == CB_SWEEP_BUSY)
        snprintf(text, 64, "another process is at it");
    else if (s->stage == CB_SWEEP_FINISHED)
        snprintf(text, 64, "finished (%s)", s->status);
    else
        snprintf(text, 64, "to resume at %zu", s->done);
}

enum cb_status cb_sweep_print(const struct cb_sweep *sweep, struct cb_error *err)
{
    int width = 3;
    for (size_t i = 0; i < sweep->plan->count; i++) {
        const int len = (int)strlen(sweep->plan->runs[i].name);
        if (len > width) width = len;
    }
    printf("%-*s  iterations  time here      state\n", width, "run");
    char time[32], state[64];
    for (size_t i = 0; i < sweep->plan->count; i++) {
        const struct cb_plan_run *run = &sweep->plan->runs[i];
        describe_state(&sweep->states[i], state);
        snprintf(time, sizeof time, "-");
        if (sweep->states[i].stage != CB_SWEEP_FINISHED) cb_format_minutes(time, seconds_left(sweep, i));
        printf("%-*s  %10zu  %-14s %s%s%s\n", width, run->name, iterations_of(sweep, i), time, state,
               *run->stop_after ? ", at most: stop_after " : "", run->stop_after);
    }
    cb_format_minutes(time, all_seconds_left(sweep));
    printf("%zu runs, %zu finished; %s for the rest, from three iterations of each kind and one evaluation\n",
           sweep->plan->count, count_stage(sweep, CB_SWEEP_FINISHED), time);
    return cb_finish_output(err);
}

/* --- training ----------------------------------------------------------------------------------------------------- */

static void announce(const struct cb_sweep *sweep, size_t i)
{
    if (sweep->options.quiet) return;
    char run[32], all[32];
    cb_format_minutes(run, seconds_left(sweep, i));
    cb_format_minutes(all, all_seconds_left(sweep));
    printf("\nrun %zu of %zu: %s (%s here; %s for all that is left)\n", i + 1, sweep->plan->count,
           sweep->plan->runs[i].name, run, all);
    cb_flush_output();
}

static void announce_skipped(const struct cb_sweep *sweep, size_t i, const char *why)
{
    if (sweep->options.quiet) return;
    printf("run %zu of %zu: %s: %s\n", i + 1, sweep->plan->count, sweep->plan->runs[i].name, why);
    cb_flush_output();
}

/* 0: go on with the next run. */
static int train_one(struct cb_sweep *sweep, size_t i)
{
    const struct cb_plan_run *run = &sweep->plan->runs[i];
    struct cb_sweep_state *state = &sweep->states[i];
    struct cb_error err;
    /* A sweep beside this one may have been at it meanwhile. */
    enum cb_status status = cb_sweep_look(state, run, sweep->out, &err);
    if (status != CB_OK) return cb_exit_with(program, status, &err);
    if (state->stage == CB_SWEEP_FINISHED || state->stage == CB_SWEEP_BUSY) {
        char text[64];
        describe_state(state, text);
        announce_skipped(sweep, i, text);
        return 0;
    }
    announce(sweep, i);
    int code;
    status = cb_sweep_train(run, state, sweep->out, &sweep->options, &code, &err);
    if (status == CB_OK) status = cb_sweep_look(state, run, sweep->out, &err);
    if (status != CB_OK) return cb_exit_with(program, status, &err);
    if (cb_signal_received()) return 128 + cb_signal_received();
    if (state->stage == CB_SWEEP_FINISHED) return 0; /* a run that diverged is a result */
    fprintf(stderr, "%s: %s ended with exit status %d; the sweep stops, and goes on from there when it is repeated\n",
            program, run->name, code);
    return code ? code : 1;
}

int cb_sweep_run(struct cb_sweep *sweep)
{
    char out[PATH_MAX], word[CB_SHELL_WORD_BYTES];
    int code = 0;
    for (size_t i = 0; i < sweep->plan->count && !code; i++) code = train_one(sweep, i);
    if (code) return code;
    const size_t busy = count_stage(sweep, CB_SWEEP_BUSY);
    if (busy) fprintf(stderr, "%s: another process is still at %zu of the runs\n", program, busy);
    if (!sweep->options.quiet)
        printf("\n%zu of %zu runs are finished in %s; compare them: cyclebench compare %s/*/\n",
               count_stage(sweep, CB_SWEEP_FINISHED), sweep->plan->count, cb_printable(out, sizeof out, sweep->out),
               cb_shell_word(word, sweep->out));
    return busy ? 1 : 0;
}
