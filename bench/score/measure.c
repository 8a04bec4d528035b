/* Rounds of visits, and what follows from them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "instruments.h"
#include "interrupt.h"
#include "progress.h"
#include "score.h"

enum { LEAST_ROUNDS = 2 };

static void tell_mismatch(const struct cb_score *score, const struct cb_score_case *c)
{
    cb_progress_clear();
    fprintf(stderr,
            "cyclebench score: %s %s: the loss fingerprint of %zu iterations is not %s: this machine does not compute "
            "the same training, or the recipe is another one\n  expected %s (%s)\n  got      %s\n",
            c->recipe.name, cb_numerics_name(c->recipe.network.numerics), c->iterations,
            c->shipped ? "the shipped one" : "the same each time", c->expected,
            c->shipped ? score->fingerprints.path : "its first visit", c->got);
}

static enum cb_status visit(struct cb_score *score, struct cb_score_case *c, struct cb_error *err)
{
    const struct cb_visit_plan plan = {
        .recipe = &c->recipe, .iterations = c->iterations, .threads = score->threads, .energy = &score->energy};
    const enum cb_status status = cb_visit(&c->visit[c->visits], c->got, &plan, err);
    if (status != CB_OK || cb_interrupt_signal()) return status;
    if (!c->expected[0]) strcpy(c->expected, c->got);
    c->visits++;
    c->mismatch = strcmp(c->expected, c->got) != 0;
    if (c->mismatch) tell_mismatch(score, c);
    return CB_OK;
}

enum cb_status cb_score_print_fingerprints(struct cb_score *score, struct cb_error *err)
{
    for (size_t i = 0; i < score->n; i++) {
        struct cb_score_case *c = &score->cases[i];
        const enum cb_status status = visit(score, c, err);
        if (status != CB_OK || cb_interrupt_signal()) return status;
        struct cb_score_fingerprint line = {.numerics = c->recipe.network.numerics, .iterations = c->iterations};
        strcpy(line.recipe, c->recipe.name);
        strcpy(line.hex, c->got);
        cb_fingerprints_print(&line);
        cb_flush_output();
    }
    return CB_OK;
}

/* Whether a step and an evaluation are the same work, so that the visits of one tell of the other. */
static bool same_work(const struct cb_score_case *a, const struct cb_score_case *b)
{
    const struct cb_network x = cb_recipe_network(&a->recipe), y = cb_recipe_network(&b->recipe);
    const struct cb_augmentation *p = &a->recipe.data.augmentation, *q = &b->recipe.data.augmentation;
    return cb_network_depth(&x) == cb_network_depth(&y) && x.shortcut == y.shortcut && x.numerics == y.numerics &&
           a->recipe.data.batch == b->recipe.data.batch && p->flip == q->flip && p->crop == q->crop && p->pad == q->pad;
}

static size_t visits_of_the_same_work(const struct cb_score *score, const struct cb_score_case *c,
                                      const struct cb_visit *visits[CB_MAX_VISITS])
{
    size_t n = 0;
    for (const struct cb_score_case *other = score->cases; other < score->cases + score->n; other++)
        for (size_t i = 0; i < other->visits && !other->mismatch && same_work(c, other); i++)
            visits[n++] = &other->visit[i];
    return n;
}

/* Whether every case has visits enough that were not disturbed. */
static bool is_quiet(const struct cb_score *score)
{
    const struct cb_visit *visits[CB_MAX_VISITS];
    for (const struct cb_score_case *c = score->cases; c < score->cases + score->n; c++)
        if (!c->mismatch && cb_quiet_visits(visits, visits_of_the_same_work(score, c, visits)) < CB_LEAST_QUIET)
            return false;
    return true;
}

static enum cb_status project(struct cb_score *score, struct cb_score_case *c, struct cb_error *err)
{
    const struct cb_visit *visits[CB_MAX_VISITS];
    const size_t batch = c->recipe.data.batch;
    if (c->mismatch) return CB_OK;
    c->timing = cb_score_timing(visits, visits_of_the_same_work(score, c, visits));
    const enum cb_status status =
        cb_score_epochs_of(&c->epochs, &score->records, c->training, c->recipe.network.numerics, score->target,
                           (c->images + batch - 1) / batch, err);
    if (status != CB_OK || !c->epochs.reached) return status;
    double epochs[CB_SCORE_MAX_SEEDS];
    size_t n = 0;
    for (size_t i = 0; i < c->epochs.n; i++)
        if (c->epochs.seed[i].reached) epochs[n++] = c->epochs.seed[i].epochs;
    const struct cb_work work = {.steps_per_epoch = (double)c->images / (double)batch,
                                 .evaluation_images = (double)c->evaluation_images,
                                 .eval_every = c->recipe.run.eval_every};
    c->seconds = cb_project(&work, &c->timing, epochs, n);
    return CB_OK;
}

static void show_progress(const struct cb_score *score, const struct cb_score_case *c, double elapsed_s, double limit_s)
{
    char text[256], left[32];
    cb_duration_text(left, sizeof left, fmax(limit_s - elapsed_s, 1));
    snprintf(text, sizeof text, "round %zu, %s %s, about %s left", score->rounds + 1, c->recipe.name,
             cb_numerics_name(c->recipe.network.numerics), left);
    cb_progress_show(text);
}

static enum cb_status run_rounds(struct cb_score *score, double seconds, struct cb_error *err)
{
    const double start = cb_now_s();
    double limit_s = seconds;
    for (;;) {
        for (struct cb_score_case *c = score->cases; c < score->cases + score->n; c++) {
            if (c->mismatch) continue;
            show_progress(score, c, cb_now_s() - start, limit_s);
            const enum cb_status status = visit(score, c, err);
            if (status != CB_OK || cb_interrupt_signal()) return status;
        }
        score->rounds++;
        score->measured_s = cb_now_s() - start;
        const double next_s = score->measured_s * (1 + 1 / (double)score->rounds);
        if (score->rounds < LEAST_ROUNDS) continue;
        if (next_s > seconds && limit_s <= seconds && !is_quiet(score)) {
            limit_s = 2 * seconds;
            cb_progress_clear();
            fprintf(stderr, "cyclebench score: other programs disturb the measurement; measuring for up to %.3g s\n",
                    limit_s);
        }
        if (next_s > limit_s || (limit_s > seconds && is_quiet(score)) || score->rounds == CB_SCORE_MAX_ROUNDS)
            return CB_OK;
    }
}

enum cb_status cb_score_measure(struct cb_score *score, double seconds, struct cb_error *err)
{
    enum cb_status status = run_rounds(score, seconds, err);
    cb_progress_clear();
    if (cb_interrupt_signal()) return status;
    for (size_t i = 0; i < score->n && status == CB_OK; i++) status = project(score, &score->cases[i], err);
    return status;
}

size_t cb_score_mismatches(const struct cb_score *score)
{
    size_t mismatches = 0;
    for (size_t i = 0; i < score->n; i++) mismatches += score->cases[i].mismatch;
    return mismatches;
}

bool cb_score_disturbed(const struct cb_score *score)
{
    bool disturbed = false;
    for (size_t i = 0; i < score->n; i++) disturbed |= !score->cases[i].mismatch && score->cases[i].timing.disturbed;
    return disturbed;
}

enum cb_numerics cb_score_fastest(const struct cb_score *score)
{
    const struct cb_score_case *fastest = NULL;
    for (size_t i = 0; i < score->n && i < CB_SCORE_VERSIONS; i++) {
        const struct cb_score_case *c = &score->cases[i];
        if (!c->mismatch && (!fastest || c->timing.step.typical < fastest->timing.step.typical)) fastest = c;
    }
    return fastest ? fastest->recipe.network.numerics : CB_NUMERICS_COUNT;
}
