#include <math.h>
#include <stdio.h>

#include "perf/state.h"

/* NULL, and the object is freed, where value could not be made or put in. Takes both. */
static json_t *with(json_t *object, const char *key, json_t *value)
{
    if (object && !json_object_set_new(object, key, value)) return object;
    if (!object) json_decref(value);
    json_decref(object);
    return NULL;
}

static bool can_be_counted(const struct cb_run_perf *p, enum cb_event event)
{
    for (size_t pass = 0; pass < cb_counters_passes(p->counters); pass++)
        if (cb_counters_counts(p->counters, event, pass)) return true;
    return false;
}

/* Why the event is not known of all pieces of the tally, in *count. False: it is. */
static bool is_missing(const struct cb_run_perf *p, const struct cb_tally *tally, const char *pieces,
                       enum cb_event event, struct cb_count *count)
{
    const size_t passes = cb_counters_passes(p->counters);
    if (!tally->pieces || tally->counted[event]) return false;
    *count = tally->seen[event];
    if (can_be_counted(p, event) && tally->pieces < passes)
        cb_count_missing(count, "counted in none of %zu %s: %zu passes take turns", tally->pieces, pieces, passes);
    return true;
}

/* Of iterations and evaluations together. */
static bool is_missing_in_all(const struct cb_run_perf *p, enum cb_event event, struct cb_count *count)
{
    const struct cb_tally *training = &p->work[CB_WORK_ITERATION], *evaluation = &p->work[CB_WORK_EVALUATION];
    if (is_missing(p, training, "iterations", event, count) || is_missing(p, evaluation, "evaluations", event, count))
        return true;
    if (training->pieces || evaluation->pieces) return false;
    cb_count_missing(count, "no iteration and no evaluation came to its end");
    return true;
}

static uint64_t sum_of_all(const struct cb_run_perf *p, enum cb_event event, long thread)
{
    return cb_tally_sum(&p->work[CB_WORK_ITERATION], event, thread) +
           cb_tally_sum(&p->work[CB_WORK_EVALUATION], event, thread);
}

static uint64_t scaled_of_all(const struct cb_run_perf *p, enum cb_event event, long thread)
{
    return cb_tally_scaled(&p->work[CB_WORK_ITERATION], event, thread) +
           cb_tally_scaled(&p->work[CB_WORK_EVALUATION], event, thread);
}

static json_t *event_json(const struct cb_run_perf *p, enum cb_event event)
{
    const struct cb_tally *training = &p->work[CB_WORK_ITERATION], *evaluation = &p->work[CB_WORK_EVALUATION];
    struct cb_count count;
    if (is_missing_in_all(p, event, &count)) return cb_count_json(&count);
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:b}", "value", (json_int_t)sum_of_all(p, event, CB_ALL_PLACES),
                     "counted_iterations", (json_int_t)training->counted[event], "counted_evaluations",
                     (json_int_t)evaluation->counted[event], "value_scaled",
                     (json_int_t)scaled_of_all(p, event, CB_ALL_PLACES), "source",
                     (training->pieces ? training : evaluation)->seen[event].source, "exact", 0);
}

/* "<event>" and "<event>_scaled". */
static json_t *with_pair(json_t *object, enum cb_event event, uint64_t sum, uint64_t scaled)
{
    char key[64];
    snprintf(key, sizeof key, "%s_scaled", cb_event_name(event));
    object = with(object, cb_event_name(event), json_integer((json_int_t)sum));
    return with(object, key, json_integer((json_int_t)scaled));
}

/* The known events of each thread. */
static json_t *threads_json(const struct cb_run_perf *p)
{
    json_t *threads = json_array();
    struct cb_count count;
    for (size_t t = 0; threads && t < p->threads; t++) {
        json_t *thread = json_object();
        for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++)
            if (!is_missing_in_all(p, event, &count))
                thread = with_pair(thread, event, sum_of_all(p, event, (long)t), scaled_of_all(p, event, (long)t));
        if (!json_array_append_new(threads, thread)) continue;
        json_decref(threads);
        return NULL;
    }
    return threads;
}

static json_t *joules_json(const struct cb_run_perf *p)
{
    const char *reason = p->energy.packages ? "energy_uj of RAPL could not be read any more" : p->energy.reason;
    if (!p->energy.packages || !isfinite(p->joules))
        return json_pack("{s:n, s:s, s:s}", "value", "source", "unavailable", "reason", reason);
    return json_pack("{s:f, s:s, s:b}", "value", p->joules, "source", "RAPL, all programs on the packages", "exact", 0);
}

static json_t *flops_json(const struct cb_run_perf *p)
{
    struct cb_count count;
    cb_count_set(&count, (uint64_t)p->flops, true, "analytic, direct-equivalent");
    return cb_count_json(&count);
}

json_t *cb_run_perf_totals(const struct cb_run_perf *p)
{
    json_t *totals = json_pack("{s:I, s:I}", "iterations", (json_int_t)p->work[CB_WORK_ITERATION].pieces, "evaluations",
                               (json_int_t)p->work[CB_WORK_EVALUATION].pieces);
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++)
        totals = with(totals, cb_event_name(event), event_json(p, event));
    totals = with(totals, "joules", joules_json(p));
    totals = with(totals, "flops", flops_json(p));
    return with(totals, "threads", threads_json(p));
}

/* In how many sampled iterations each event was counted, or null with the reason. */
static json_t *samples_json(const struct cb_run_perf *p)
{
    json_t *samples = json_object();
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        struct cb_count count;
        char key[64];
        snprintf(key, sizeof key, "%s_reason", cb_event_name(event));
        if (p->layers.pieces && !is_missing(p, &p->layers, "sampled iterations", event, &count)) {
            samples = with(samples, cb_event_name(event), json_integer((json_int_t)p->layers.counted[event]));
            continue;
        }
        if (!p->layers.pieces) cb_count_missing(&count, "no iteration was sampled: the second is the first");
        samples = with(samples, cb_event_name(event), json_null());
        samples = with(samples, key, json_string(count.reason));
    }
    return samples;
}

/* The known events of a row: in the sampled iterations, and scaled to all iterations. */
static json_t *with_row_events(const struct cb_run_perf *p, json_t *row, size_t index)
{
    for (enum cb_event event = 0; event < CB_EVENT_COUNT; event++) {
        const size_t counted = p->layers.counted[event];
        if (!counted) continue;
        const uint64_t sum = cb_tally_sum(&p->layers, event, (long)index);
        const double all = (double)sum * (double)p->work[CB_WORK_ITERATION].pieces / (double)counted;
        row = with_pair(row, event, sum, (uint64_t)(all + 0.5));
    }
    return row;
}

static json_t *rows_json(const struct cb_run_perf *p)
{
    size_t n;
    const struct cb_model_profile_row *profile = cb_model_profile(p->model, &n);
    json_t *rows = json_array();
    for (size_t i = 0; rows && i <= p->rest; i++) {
        json_t *row;
        if (i < n && !profile[i].calls) continue;
        if (i < n)
            row = json_pack("{s:s, s:I, s:f, s:f}", "name", profile[i].name, "calls", (json_int_t)profile[i].calls,
                            "seconds", profile[i].seconds, "flops", profile[i].flops);
        else
            row = json_pack("{s:s}", "name", i == p->augmentation ? "augmentation" : "rest");
        if (!json_array_append_new(rows, with_row_events(p, row, i))) continue;
        json_decref(rows);
        return NULL;
    }
    return rows;
}

static json_t *layers_json(const struct cb_run_perf *p)
{
    json_t *layers = json_pack("{s:i, s:I}", "sample_every", (int)CB_PERF_SAMPLE_EVERY, "sampled_iterations",
                               (json_int_t)p->layers.pieces);
    layers = with(layers, "counted_iterations", samples_json(p));
    return with(layers, "rows", rows_json(p));
}

/* By hardware, as the mean of the counted iterations. */
static json_t *instructions_of_a_step(const struct cb_run_perf *p)
{
    const struct cb_tally *training = &p->work[CB_WORK_ITERATION];
    const enum cb_event event = CB_EVENT_INSTRUCTIONS;
    struct cb_count count;
    if (!is_missing_in_all(p, event, &count) && training->counted[event])
        cb_count_set(&count, cb_tally_sum(training, event, CB_ALL_PLACES) / training->counted[event], false,
                     training->seen[event].source);
    else
        cb_count_missing(&count, "not by hardware; and a step is too long for single steps (40,000 instructions a "
                                 "second) and for qemu-user (100 times slower than the program, no AVX-512)");
    return cb_count_json(&count);
}

json_t *cb_run_perf_json(const struct cb_run_perf *p)
{
    if (!p) return NULL;
    const bool whole = p->first_iteration == 0;
    char resumed[128];
    snprintf(resumed, sizeof resumed, "resumed after iteration %zu: only its last session is counted",
             p->first_iteration);
    json_t *perf = json_pack("{s:I, s:I}", "first_iteration", (json_int_t)p->first_iteration, "passes",
                             (json_int_t)cb_counters_passes(p->counters));
    perf = with(perf, "run", whole ? cb_run_perf_totals(p) : json_null());
    if (!whole) perf = with(perf, "run_reason", json_string(resumed));
    if (!whole) perf = with(perf, "session", cb_run_perf_totals(p));
    const bool to_target = whole && p->reached;
    perf = with(perf, "to_target", to_target ? json_incref(p->to_target) : json_null());
    if (!to_target) perf = with(perf, "to_target_reason", json_string(whole ? "target not reached" : resumed));
    perf = with(perf, "layers", layers_json(p));
    return with(perf, "instructions_per_step", instructions_of_a_step(p));
}
