#include "score_json.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "bench.h"
#include "core/isa.h"
#include "instruments.h"
#include "processor.h"
#include "sentence.h"

static void put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* NaN is missing. */
static void put_number(json_t *object, const char *key, double value, const char *reason)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    put(object, key, isnan(value) ? json_null() : json_real(value));
    if (isnan(value)) put(object, reason_key, json_string(reason));
}

/* reason NULL: it is known. */
static void put_interval(json_t *object, const char *key, const struct cb_spread *spread, double factor,
                         const char *reason)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    put(object, key, reason ? json_null() : json_pack("[f, f]", factor * spread->low, factor * spread->high));
    if (reason) put(object, reason_key, json_string(reason));
}

static double median_of(const struct cb_score_case *c, size_t offset)
{
    double values[CB_SCORE_MAX_ROUNDS];
    for (size_t i = 0; i < c->visits; i++) memcpy(&values[i], (const char *)&c->visit[i] + offset, sizeof values[i]);
    return cb_sort_median(values, c->visits);
}

static void put_epochs(json_t *object, const struct cb_score_epochs *epochs, double target, char reason[256])
{
    json_t *reached = json_array(), *not_reached = json_array();
    for (size_t i = 0; i < epochs->n; i++) {
        const struct cb_score_seed *s = &epochs->seed[i];
        json_array_append_new(s->reached ? reached : not_reached,
                              s->reached ? json_pack("{s:I, s:I, s:f, s:s}", "seed", (json_int_t)s->seed, "epoch",
                                                     (json_int_t)s->epoch, "epochs", s->epochs, "run", s->run)
                                         : json_pack("{s:I, s:s}", "seed", (json_int_t)s->seed, "run", s->run));
    }
    put(object, "epochs_to_target", reached);
    put(object, "seeds_not_reached", not_reached);
    put(object, "epochs_from", epochs->n ? json_string(cb_numerics_name(epochs->from)) : json_null());
    if (!epochs->n) put(object, "epochs_from_reason", json_string("no run of this recipe is recorded"));
    if (!epochs->n)
        snprintf(reason, 256, "no run of this recipe is recorded that reached %g %% or was completed", target);
    else if (!epochs->reached)
        snprintf(reason, 256, "none of the %zu recorded seeds reached %g %%", epochs->n, target);
    else
        reason[0] = '\0';
}

static void put_seconds(json_t *object, const struct cb_score *score, const struct cb_score_case *c)
{
    char reason[256];
    put_epochs(object, &c->epochs, score->target, reason);
    put_number(object, "seconds_to_target", c->epochs.reached ? c->seconds.typical : (double)NAN, reason);
    put_interval(object, "interval", &c->seconds, 1, c->epochs.reached ? NULL : reason);
    if (c->epochs.reached)
        put(object, "interval_covers",
            json_string(c->epochs.reached > 1
                            ? "the spread of the times here, and the range over the seeds"
                            : "the spread of the times here; that of the seeds is unknown: one seed"));
    const double watts = median_of(c, offsetof(struct cb_visit, watts));
    put_number(object, "watts", watts, score->energy.reason);
    put_number(object, "joules_to_target", c->epochs.reached ? watts * c->seconds.typical : (double)NAN,
               c->epochs.reached ? score->energy.reason : reason);
}

static void put_times(json_t *object, const struct cb_score_case *c)
{
    const struct cb_timing *t = &c->timing;
    const double images = (double)c->evaluation_images;
    put(object, "step_s", json_real(t->step.typical));
    put_interval(object, "step_interval_s", &t->step, 1, NULL);
    put(object, "evaluation_s", json_real(images * t->evaluation.typical));
    put_interval(object, "evaluation_interval_s", &t->evaluation, images, NULL);
    put(object, "images_per_second", json_real((double)c->recipe.data.batch / t->step.typical));
    const double flops = c->visit[0].step_flops, peak = median_of(c, offsetof(struct cb_visit, peak_flops));
    put(object, "step_flops", json_real(flops));
    put(object, "peak_FLOPS", json_real(peak));
    put(object, "peak_of", json_string(c->recipe.network.numerics >= CB_BF16_BACKWARD ? "bf16" : "fp32"));
    put(object, "share_of_peak", json_real(flops / t->step.typical / peak));
    put(object, "disturbed", json_boolean(t->disturbed));
    put(object, "lost_share", json_real(median_of(c, offsetof(struct cb_visit, lost_share))));
    put(object, "visits", json_integer((json_int_t)t->visits));
    put(object, "visits_left_out", json_integer((json_int_t)t->left_out));
}

/* Of a training that is another one here, nothing that was measured means anything. */
static void put_nothing(json_t *object)
{
    static const char *const keys[] = {"seconds_to_target",
                                       "interval",
                                       "watts",
                                       "joules_to_target",
                                       "step_s",
                                       "step_interval_s",
                                       "evaluation_s",
                                       "evaluation_interval_s",
                                       "images_per_second",
                                       "share_of_peak",
                                       "disturbed"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put_interval(object, keys[i], NULL, 1, "this machine does not compute the training that is recorded");
}

static json_t *projection(const struct cb_score *score, const struct cb_score_case *c)
{
    const struct cb_recipe *r = &c->recipe;
    json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:I}", "recipe", r->name, "numerics",
                               cb_numerics_name(r->network.numerics), "schedule", cb_schedule_name(r->schedule.kind),
                               "batch", (json_int_t)r->data.batch, "images", (json_int_t)c->images);
    if (!object) return NULL;
    put(object, "fingerprint_matches", c->shipped || c->mismatch ? json_boolean(!c->mismatch) : json_null());
    if (!c->shipped && !c->mismatch)
        put(object, "fingerprint_matches_reason", json_string("no fingerprint of this recipe is shipped"));
    put(object, "fingerprint",
        json_pack("{s:I, s:s?, s:s}", "iterations", (json_int_t)c->iterations, "expected",
                  c->shipped ? c->expected : NULL, "got", c->got));
    if (c->mismatch) {
        put_nothing(object);
        return object;
    }
    put_seconds(object, score, c);
    put_times(object, c);
    return object;
}

static json_t *machine(const struct cb_score *score)
{
    json_t *block = cb_machine_json(score->threads);
    if (block) put(block, "threads_reason", json_string(score->threads_reason));
    return block;
}

json_t *cb_score_document(const struct cb_score *score)
{
    json_t *projections = json_array();
    for (size_t i = 0; i < score->n; i++) json_array_append_new(projections, projection(score, &score->cases[i]));
    const enum cb_numerics fastest = cb_score_fastest(score);
    json_t *document = json_pack("{s:i, s:o, s:f, s:i, s:f, s:b, s:s?, s:o}", "score_format", 1, "machine",
                                 machine(score), "target_percent", score->target, "rounds", (int)score->rounds,
                                 "measured_seconds", score->measured_s, "disturbed", cb_score_disturbed(score),
                                 "fastest_numerics", cb_numerics_name(fastest), "projections", projections);
    if (!document) return NULL;
    put_number(document, "load_average_before", score->load_average, "the system does not say");
    cb_score_put_summary(document);
    return document;
}

void cb_score_file_name(char *name, size_t bytes, const json_t *document)
{
    const json_t *m = json_object_get(document, "machine");
    const char *model = json_string_value(json_object_get(m, "cpu_model"));
    snprintf(name, bytes - sizeof ".json", "%s-%lld-%lld-%lld-%s-%lld-threads", model ? model : "unknown-cpu",
             (long long)json_integer_value(json_object_get(m, "cpu_family")),
             (long long)json_integer_value(json_object_get(m, "cpu_model_number")),
             (long long)json_integer_value(json_object_get(m, "cpu_stepping")), cb_isa_name(cb_isa_selected()),
             (long long)json_integer_value(json_object_get(m, "threads")));
    size_t n = 0;
    for (const char *c = name; *c; c++) {
        const bool good = isalnum((unsigned char)*c);
        if (good || (n && name[n - 1] != '-')) name[n++] = good ? (char)tolower((unsigned char)*c) : '-';
    }
    strcpy(name + n, ".json");
}
