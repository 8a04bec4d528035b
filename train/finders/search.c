#include "finders/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/printable.h"
#include "instruments.h"
#include "loop/signals.h"
#include "record/fingerprint.h"

/* What the observer needs of the curve that is trained. */
struct watch {
    struct cb_run *run;
    struct cb_feed validation; /* without images: none */
    size_t next_image;         /* the validation batch to come begins with it */
    struct cb_curve *curve;
    size_t print_every; /* iterations; 0: nothing is printed */
};

enum cb_curve_rule cb_search_rule(const struct cb_search *search)
{
    return search->finder.linear ? CB_RULE_LOWEST : CB_RULE_TAKE_OFF;
}

int cb_search_varies_decay(const struct cb_search *search)
{
    static const char key[] = "optimizer.weight_decay=";
    return search->finder.count > 1 && !strncmp(search->finder.value[0], key, sizeof key - 1);
}

size_t cb_search_decay(const struct cb_search *search, const char **reason)
{
    double decays[CB_MAX_CURVES];
    struct cb_suggestion suggestions[CB_MAX_CURVES];
    for (size_t i = 0; i < search->done; i++) {
        decays[i] = search->curves[i].decay;
        suggestions[i] = search->curves[i].suggestion;
    }
    return cb_largest_decay(decays, suggestions, search->done, reason);
}

/* fastai's validate_next: the loss of the next batch of the set, from its beginning again after the last one. */
static double validate(struct watch *w)
{
    const struct cb_images *all = w->validation.images;
    const size_t batch = w->run->recipe->data.batch, first = w->next_image;
    struct cb_images images = {.n = all->n - first < batch ? all->n - first : batch,
                               .pixels = all->pixels + first * CB_IMAGE_PIXELS,
                               .labels = all->labels + first};
    struct cb_feed feed = w->validation;
    feed.images = &images;
    w->next_image = first + images.n == all->n ? 0 : first + images.n;
    return cb_evaluate(&feed, w->run->team, w->run->model, batch, NULL, NULL).loss;
}

static void print_point(const struct watch *w, const struct cb_curve_point *p)
{
    printf("%9zu  %10.4g  %10.4f  %10.4f", w->curve->count, p->lr, p->loss, p->smoothed);
    if (w->validation.images && isfinite(p->validation)) printf("  %10.5g", p->validation);
    if (w->validation.images && !isfinite(p->validation)) printf("  not finite");
    putchar('\n');
    fflush(stdout);
}

static const char *observe(void *context, const struct cb_record_iteration *iteration)
{
    struct watch *w = context;
    const int measured = w->validation.images && isfinite(iteration->loss);
    const double validation = measured ? validate(w) : NAN;
    if (cb_curve_add(w->curve, iteration->lr, iteration->loss, validation)) return "the finder has seen enough";
    const struct cb_curve *curve = w->curve;
    const int due = w->print_every && (curve->count - 1) % w->print_every == 0;
    if (due) print_point(w, &curve->points[curve->count - 1]);
    return NULL;
}

/* --- one curve ---------------------------------------------------------------------------------------------------- */

static void print_begin(const struct cb_search *search, const struct cb_session *s, const char *label)
{
    const struct cb_finder *f = &search->finder;
    char data[sizeof s->source.path];
    snprintf(data, sizeof data, "%s", s->source.path);
    cb_make_printable(data);
    printf("\n%s: recipe %s, rate %g to %g by equal %s, %zu iterations of %zu images\n", label, s->recipe.name, f->from,
           f->to, f->linear ? "steps" : "factors", s->recipe.schedule.iterations, s->recipe.data.batch);
    printf("data: %s (%s), %zu images", data, s->run.data_kind, s->train.n);
    if (f->validate) printf("; validated on a batch of the %zu %s images", s->eval.n, s->run.evaluated_on);
    printf("\niteration        rate        loss    smoothed%s\n", f->validate ? "  validation" : "");
    fflush(stdout);
}

static void print_end(const struct cb_search_curve *c)
{
    if (c->curve.stop == CB_CURVE_OPEN)
        printf("the range was run to its end\n");
    else
        printf("stopped after %zu iterations, at rate %.4g: %s\n", c->curve.count, c->curve.stopped_at_lr,
               c->curve.stop == CB_CURVE_NOT_FINITE ? "the loss is not finite"
                                                    : "the smoothed loss is above four times its lowest value");
    fflush(stdout);
}

/* What the results say of the training, while its session is open. */
static void describe(struct line *about, const struct cb_session *s, const struct cb_finder *f)
{
    const struct cb_network *network = cb_model_network(s->run.model);
    char name[CB_NETWORK_NAME];
    cb_network_name(network, name);
    cb_line_text(about, "recipe_name", s->recipe.name, NULL);
    cb_line_text(about, "network", name, NULL);
    cb_line_text(about, "data", s->source.path, NULL);
    cb_line_text(about, "data_kind", s->run.data_kind, NULL);
    cb_line_text(about, "validated_on", f->validate ? s->run.evaluated_on : NULL, "without --validate");
    cb_line_text(about, "train_sha256", s->run.position.train_sha256, NULL);
    cb_line_text(about, "eval_sha256", s->run.position.eval_sha256, NULL);
    cb_line_count(about, "train_images", s->train.n);
    cb_line_count(about, "iterations", s->recipe.schedule.iterations);
    cb_line_count(about, "batch", s->recipe.data.batch);
    char *text = cb_recipe_text(&s->recipe);
    cb_line_put(about, "recipe_text", text ? json_string(text) : NULL);
    free(text);
}

static enum cb_status train(struct cb_search *search, struct cb_session *s, struct cb_search_curve *c,
                            struct cb_error *err)
{
    struct watch w = {.run = &s->run, .curve = &c->curve};
    const size_t iterations = s->recipe.schedule.iterations;
    if (search->prints) w.print_every = (iterations + 19) / 20;
    if (search->finder.validate) w.validation = s->run.eval;
    s->run.eval.images = NULL; /* the loop itself evaluates nothing */
    s->run.quiet = 1;
    s->run.observer = observe;
    s->run.observer_context = &w;
    s->run.stop = cb_signal_flag();
    s->run.position.seconds_to_target = -1;
    strcpy(s->run.position.loss_chain, CB_FINGERPRINT_START);
    s->run.clock_start = cb_now_s();
    struct cb_curve_point *points = calloc(iterations, sizeof *points);
    if (!points) return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu points", iterations);
    cb_curve_begin(&c->curve, points);
    const enum cb_run_outcome outcome = cb_run_train(&s->run, err);
    if (outcome == CB_RUN_FAILED) return CB_IO_ERROR;
    if (cb_signal_received()) return CB_OK;
    /* The loop looks at the weights too, between epochs. */
    if (outcome == CB_RUN_DIVERGED && c->curve.stop == CB_CURVE_OPEN)
        cb_curve_add(&c->curve, points[c->curve.count - 1].lr, NAN, NAN);
    cb_curve_suggest(&c->curve, cb_search_rule(search), &c->suggestion);
    search->done++;
    return CB_OK;
}

static enum cb_status run_curve(struct cb_search *search, struct cb_session *s, size_t i, struct cb_error *err)
{
    const struct cb_session_options *o = &search->options;
    struct cb_search_curve *c = &search->curves[i];
    enum cb_status status = cb_finder_recipe(&s->recipe, &search->finder, i, o->overrides, o->override_count, err);
    if (status == CB_OK) status = cb_session_data(s, o, err);
    if (status == CB_OK && !cb_signal_received()) status = cb_session_model(s, o, err);
    if (status != CB_OK || cb_signal_received()) return status;
    c->label = search->finder.value[i];
    c->decay = s->recipe.optimizer.weight_decay;
    c->about = (struct line){.object = json_object()};
    describe(&c->about, s, &search->finder);
    if (search->prints) print_begin(search, s, c->label);
    status = train(search, s, c, err);
    if (status == CB_OK && search->prints && !cb_signal_received()) print_end(c);
    return status;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

enum cb_status cb_search_check(const struct cb_search *search, struct cb_error *err)
{
    const struct cb_session_options *o = &search->options;
    for (size_t i = 0; i < search->finder.count; i++) {
        struct cb_recipe recipe;
        const enum cb_status status =
            cb_finder_recipe(&recipe, &search->finder, i, o->overrides, o->override_count, err);
        if (status != CB_OK) return status;
    }
    return CB_OK;
}

enum cb_status cb_search_run(struct cb_search *search, struct cb_error *err)
{
    struct cb_session machine = {.run.dir.lock = -1};
    enum cb_status status = cb_session_machine(&machine, &search->options, err);
    if (status != CB_OK) return status;
    search->threads = machine.threads;
    if (search->prints)
        printf("%s\nthreads: %zu (%s), %s\n", cb_machine_line(machine.threads), machine.threads, machine.threads_reason,
               machine.placement);
    for (size_t i = 0; i < search->finder.count && status == CB_OK && !cb_signal_received(); i++) {
        struct cb_session *s = calloc(1, sizeof *s);
        if (!s) return cb_fail(err, CB_NO_MEMORY, "out of memory for a session");
        s->run.dir.lock = -1;
        s->threads = machine.threads;
        status = run_curve(search, s, i, err);
        cb_session_close(s);
        free(s);
    }
    return status;
}

void cb_search_free(struct cb_search *search)
{
    for (size_t i = 0; i < CB_MAX_CURVES; i++) {
        free(search->curves[i].curve.points);
        json_decref(search->curves[i].about.object);
    }
}
