/* What is scored: each recipe in each version, with its shipped fingerprint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/session.h"
#include "loop/timing.h"
#include "score.h"

const enum cb_numerics cb_score_versions[] = {CB_FP32_WINOGRAD, CB_BF16_ALL};
_Static_assert(sizeof cb_score_versions / sizeof *cb_score_versions == CB_SCORE_VERSIONS, "one is missing");

enum { VISIT_IMAGES = 1536, LEAST_ITERATIONS = 3, MOST_ITERATIONS = 12 };

/* As many as the shipped fingerprint has; else about as many images in each visit, whatever the batch. */
static size_t visit_iterations(const struct cb_score_case *c, const struct cb_score_fingerprint *shipped)
{
    const size_t wanted = VISIT_IMAGES / c->recipe.data.batch;
    if (shipped) return shipped->iterations;
    return wanted < LEAST_ITERATIONS ? LEAST_ITERATIONS : wanted > MOST_ITERATIONS ? MOST_ITERATIONS : wanted;
}

static enum cb_status plan_visits(struct cb_score_case *c, const struct cb_score_fingerprints *fingerprints,
                                  struct cb_error *err)
{
    const struct cb_recipe *r = &c->recipe;
    const struct cb_score_fingerprint *shipped = cb_fingerprints_find(fingerprints, r->name, r->network.numerics);
    const size_t epoch = c->images / r->data.batch,
                 all = r->schedule.iterations < epoch ? r->schedule.iterations : epoch;
    c->iterations = visit_iterations(c, shipped);
    c->shipped = shipped != NULL;
    if (shipped) strcpy(c->expected, shipped->hex);
    if (c->iterations <= all) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%s: %zu iterations of whole batches are to be timed, its first epoch has %zu",
                   r->name, c->iterations, all);
}

static enum cb_status read_case(struct cb_score_case *c, const char *name, enum cb_numerics version,
                                struct cb_error *err)
{
    char numerics[64];
    snprintf(numerics, sizeof numerics, "numerics.version=%s", cb_numerics_name(version));
    const char *const overrides[] = {"run.seed=1", numerics};
    struct cb_recipe *r = &c->recipe;
    enum cb_status status = cb_recipe_read(r, name, overrides, 2, err);
    if (status != CB_OK) return status;
    const struct cb_dataset *set = &cb_datasets[CB_CIFAR10];
    if (r->data.set != CB_CIFAR10)
        return cb_fail(err, CB_BAD_INPUT, "%s: data.set is %s; the score is of %s, which has a synthetic stand-in",
                       name, cb_datasets[r->data.set].name, set->name);
    status = cb_resolve_for_official(r, err);
    if (status != CB_OK) return status;
    const size_t held = r->data.holdout;
    c->images = cb_dataset_images(set, r->data.train_files) - held;
    c->evaluation_images = held ? held : cb_dataset_images(set, cb_dataset_test_file(set));
    return cb_score_training(r, c->training, err);
}

static enum cb_status add_recipe(struct cb_score *score, const char *name, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t v = 0; v < CB_SCORE_VERSIONS && status == CB_OK; v++) {
        struct cb_score_case *c = &score->cases[score->n++];
        status = read_case(c, name, cb_score_versions[v], err);
        if (status != CB_OK) break;
        for (const struct cb_score_case *other = score->cases; other < c; other++)
            if (!strcmp(other->recipe.name, c->recipe.name) && other->recipe.network.numerics == cb_score_versions[v])
                return cb_fail(err, CB_BAD_INPUT, "the recipe %s is given twice", c->recipe.name);
        status = plan_visits(c, &score->fingerprints, err);
    }
    return status;
}

static enum cb_status prepare_machine(struct cb_score *score, const struct cb_score_options *o, struct cb_error *err)
{
    const struct cb_session_options options = {.threads = o->threads, .isa = o->isa, .oversubscribe = o->oversubscribe};
    struct cb_session *s = calloc(1, sizeof *s);
    if (!s) return cb_fail(err, CB_NO_MEMORY, "out of memory");
    const enum cb_status status = cb_session_machine(s, &options, err);
    score->threads = s->threads;
    score->threads_reason = s->threads_reason;
    free(s);
    return status;
}

enum cb_status cb_score_prepare(struct cb_score *score, const struct cb_score_options *o, bool fingerprints_alone,
                                struct cb_error *err)
{
    *score = (struct cb_score){.load_average = (double)NAN};
    if (getloadavg(&score->load_average, 1) != 1) score->load_average = (double)NAN;
    enum cb_status status = prepare_machine(score, o, err);
    if (status == CB_OK) status = cb_fingerprints_read(&score->fingerprints, err);
    if (status == CB_OK && !fingerprints_alone) status = cb_score_records_read(&score->records, err);
    if (status != CB_OK) return status;
    cb_energy_open(&score->energy, "");
    score->cases = calloc(o->n_recipes * CB_SCORE_VERSIONS, sizeof *score->cases);
    if (!score->cases) return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu recipes", o->n_recipes);
    for (size_t i = 0; i < o->n_recipes && status == CB_OK; i++) status = add_recipe(score, o->recipes[i], err);
    score->target = isnan(o->target) ? score->cases[0].recipe.run.target : o->target;
    return status;
}

void cb_score_close(struct cb_score *score)
{
    free(score->cases);
    cb_score_records_free(&score->records);
    *score = (struct cb_score){0};
}
