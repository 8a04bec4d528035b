#include "loop/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instruments.h"
#include "loop/options.h"

enum cb_status cb_session_machine(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    enum cb_status status = cb_isa_select(o->isa, err);
    if (status == CB_OK) status = cb_option_threads(o->threads, o->oversubscribe, &s->threads, &s->threads_reason, err);
    return status == CB_OK ? cb_bind_threads(s->threads, &s->placement, err) : status;
}

/* Splits the last `holdout` training images off into the set that is evaluated. */
static enum cb_status hold_out(struct cb_session *s, struct cb_error *err)
{
    size_t held = s->recipe.data.holdout;
    if (held >= s->train.n)
        return cb_fail(err, CB_BAD_INPUT, "data.holdout = %zu leaves none of the %zu training images", held,
                       s->train.n);
    size_t kept = s->train.n - held;
    enum cb_status status = cb_images_reserve(&s->eval, held, err);
    if (status != CB_OK) return status;
    memcpy(s->eval.pixels, s->train.pixels + kept * CB_IMAGE_PIXELS, held * CB_IMAGE_PIXELS);
    memcpy(s->eval.labels, s->train.labels + kept, held);
    s->eval.n = held;
    s->eval.kind = s->train.kind;
    s->train.n = kept;
    return CB_OK;
}

static enum cb_status load_images(struct cb_session *s, struct cb_error *err)
{
    char list[sizeof s->recipe.data.train_files];
    memcpy(list, s->recipe.data.train_files, sizeof list);
    const char *names[sizeof list / 2];
    size_t count = 0;
    for (char *rest = list, *name; (name = strsep(&rest, ", "));)
        if (*name) names[count++] = name;
    enum cb_status status = cb_data_load(&s->train, &s->source, names, count, err);
    if (status != CB_OK) return status;
    s->run.evaluated_on = s->recipe.data.holdout ? "holdout" : "test";
    if (s->recipe.data.holdout) return hold_out(s, err);
    const char *test = cb_dataset_test_file(s->source.set);
    return cb_data_load(&s->eval, &s->source, &test, 1, err);
}

enum cb_status cb_session_data(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    enum cb_status status = cb_data_find(&s->source, &cb_datasets[s->recipe.data.set], o->data, err);
    if (status == CB_OK) status = load_images(s, err);
    if (status == CB_OK) status = cb_recipe_resolve(&s->recipe, s->train.n, err);
    if (status != CB_OK) return status;
    struct cb_position *p = &s->run.position;
    s->run.data_kind = cb_data_kind_name(cb_data_kind_of_both(s->train.kind, s->eval.kind));
    snprintf(p->data_kind, sizeof p->data_kind, "%s", s->run.data_kind);
    status = cb_images_sha256(&s->train, p->train_sha256, err);
    if (status == CB_OK) status = cb_images_sha256(&s->eval, p->eval_sha256, err);
    return status == CB_OK ? cb_recipe_sha256(&s->recipe, p->recipe_sha256, err) : status;
}

static void make_feeds(struct cb_session *s)
{
    struct cb_feed *feeds[] = {&s->run.train, &s->run.eval};
    for (int i = 0; i < 2; i++) {
        feeds[i]->seed = s->recipe.run.seed;
        feeds[i]->augmentation = s->recipe.data.augmentation;
        cb_image_table(s->recipe.data.mean, s->recipe.data.std, feeds[i]->table);
    }
    s->run.train.images = &s->train;
    s->run.eval.images = &s->eval;
}

enum cb_status cb_session_model(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    const struct cb_recipe *r = &s->recipe;
    const struct cb_network network = cb_recipe_network(r);
    enum cb_status status = cb_model_create(&s->run.model, &network, r->data.batch, err);
    if (status == CB_OK) status = cb_team_create(&s->run.team, s->threads, cb_model_scratch_bytes(&network), err);
    if (status != CB_OK) return status;
    cb_model_init(s->run.model, r->run.seed);
    make_feeds(s);
    s->run.recipe = r;
    s->run.quiet = o->quiet;
    if (!o->init) {
        strcpy(s->run.position.init_sha256, CB_NO_SHA256);
        return CB_OK;
    }
    s->init_name = o->init;
    status = cb_checkpoint_load_weights(s->run.model, o->init, 1, err);
    if (status == CB_OK && !cb_model_finite(s->run.model))
        return cb_fail(err, CB_BAD_INPUT, "--init: %s holds a weight or statistic that is not finite", o->init);
    return status == CB_OK ? cb_weights_sha256(s->run.model, s->run.position.init_sha256, err) : status;
}

void cb_session_close(struct cb_session *s)
{
    cb_run_perf_close(s->run.perf);
    cb_record_close(s->run.record);
    cb_model_destroy(s->run.model);
    cb_team_destroy(s->run.team);
    cb_images_free(&s->train);
    cb_images_free(&s->eval);
    cb_run_dir_close(&s->run.dir);
}
