#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "json_text.h"

enum cb_status cb_results_create(struct cb_results *r, bool aggregates_only, struct cb_error *err)
{
    *r = (struct cb_results){.benchmarks = json_array(),
                             .summary = json_array(),
                             .contests = json_array(),
                             .skipped = json_array(),
                             .errors = json_array(),
                             .aggregates_only = aggregates_only};
    if (r->benchmarks && r->summary && r->contests && r->skipped && r->errors) return CB_OK;
    cb_results_free(r);
    return cb_fail(err, CB_NO_MEMORY, "out of memory for the results");
}

void cb_results_free(struct cb_results *r)
{
    json_decref(r->benchmarks);
    json_decref(r->summary);
    json_decref(r->contests);
    json_decref(r->skipped);
    json_decref(r->errors);
    *r = (struct cb_results){0};
}

/* --- rows --- */

static json_t *shape_json(const struct cb_shape *shape)
{
    json_t *json = json_object();
    for (size_t i = 0; i < shape->form->n_keys; i++) {
        const struct cb_shape_key *key = &shape->form->keys[i];
        json_object_set_new(json, key->name,
                            key->word ? json_string(key->word(shape->value[i]))
                                      : json_integer((json_int_t)shape->value[i]));
    }
    return json;
}

/* What is the same in all rows of a case. */
static json_t *description(const struct cb_session *session, const struct cb_implementation *e)
{
    const struct cb_case *c = session->the_case;
    const struct cb_cost *cost = &e->cost;
    struct cb_roof roof = cb_roofline(session->ceilings, e->isa, cost, c->cache == CB_COLD);
    double least_flops = cost->least_flops[CB_F32] + cost->least_flops[CB_BF16];
    json_t *d = json_object();
    json_object_set_new(d, "kernel", json_string(c->kernel->name));
    json_object_set_new(d, "shape", shape_json(c->shape));
    json_object_set_new(d, "contest", json_string(c->name));
    json_object_set_new(d, "implementation", json_string(e->name));
    json_object_set_new(d, "library", json_string(e->peer ? e->peer->name : "cyclebench"));
    json_object_set_new(d, "isa", e->peer ? json_null() : json_string(cb_isa_name(e->isa)));
    if (e->peer) json_object_set_new(d, "isa_reason", json_string("the library chooses by itself; see peers"));
    json_object_set_new(d, "team_threads", json_integer((json_int_t)c->threads));
    json_object_set(d, "thread_cpus", session->thread_cpus ? session->thread_cpus : json_null());
    if (!session->thread_cpus) json_object_set_new(d, "thread_cpus_reason", json_string("the system does not tell"));
    json_object_set_new(d, "cache", json_string(c->cache == CB_COLD ? "cold" : "warm"));
    json_object_set_new(d, "verified", json_boolean(!e->unverified)); /* what is wrong has no row */
    if (e->unverified) json_object_set_new(d, "verified_reason", json_string(e->unverified));
    json_object_set_new(d, "flops", json_real(cost->flops));
    json_object_set_new(d, "least_flops", json_real(least_flops));
    json_object_set_new(d, "least_flops_bf16", json_real(cost->least_flops[CB_BF16]));
    json_object_set_new(d, "bytes", json_real(cost->bytes));
    json_object_set_new(d, "arithmetic_intensity", json_real(least_flops / cost->bytes));
    json_object_set_new(d, "bound", json_string(roof.compute_bound ? "compute" : "memory"));
    json_object_set_new(d, "ceiling_level", json_string(cb_level_names[roof.level]));
    json_object_set_new(d, "ceiling_stream",
                        roof.bytes_per_s > 0 ? json_string(cb_stream_names[roof.stream]) : json_null());
    if (!(roof.bytes_per_s > 0))
        json_object_set_new(d, "ceiling_stream_reason", json_string("no bandwidth was measured"));
    json_object_set_new(d, "peak_of", json_string(cb_cost_format(cost) == CB_BF16 ? "bf16" : "f32"));
    json_object_set_new(d, "ceiling_isa", json_string(cb_isa_name(e->isa)));
    return d;
}

static bool is_aggregate(const json_t *row, const char *name)
{
    const char *aggregate = json_string_value(json_object_get(row, "aggregate_name"));
    return aggregate && (!name || !strcmp(aggregate, name));
}

/* The median if there is one, in the form of a single run. */
static json_t *summary_row(json_t *rows)
{
    size_t i;
    json_t *row, *first = json_array_get(rows, 0), *median = first, *cv = NULL;
    json_array_foreach(rows, i, row)
    {
        if (is_aggregate(row, "median")) median = row;
        if (is_aggregate(row, "cv")) cv = row;
    }
    json_t *summary = json_copy(median);
    json_object_set(summary, "name", json_object_get(first, "run_name"));
    json_object_set_new(summary, "run_type", json_string("iteration"));
    json_object_set_new(summary, "repetition_index", json_integer(0));
    json_object_set(summary, "iterations", json_object_get(first, "iterations"));
    json_object_del(summary, "aggregate_name");
    json_object_del(summary, "aggregate_unit");
    json_object_set(summary, "real_time_cv", cv ? json_object_get(cv, "real_time") : json_null());
    if (!cv) json_object_set_new(summary, "real_time_cv_reason", json_string("one repetition"));
    return summary;
}

json_t *cb_results_add(struct cb_results *r, const struct cb_session *session, size_t index, json_t *rows, json_t *perf)
{
    size_t i;
    const struct cb_implementation *e = &session->the_case->implementation[index];
    json_t *row, *d = description(session, e);
    if (perf) json_object_update(d, perf);
    bool aggregated = is_aggregate(json_array_get(rows, json_array_size(rows) - 1), NULL);
    json_array_foreach(rows, i, row)
    {
        /* The library counts anew for each case. */
        json_object_set_new(row, "family_index", json_integer((json_int_t)r->cases));
        json_object_update(row, d);
        if (e->peer && e->peer->own_process) {
            json_object_set_new(row, "cpu_time", json_null());
            json_object_set_new(row, "cpu_time_reason", json_string("another process"));
        }
        if (r->aggregates_only && aggregated && !is_aggregate(row, NULL)) continue;
        json_array_append(r->benchmarks, row);
    }
    json_decref(d);
    r->cases++;
    json_array_append_new(r->summary, summary_row(rows));
    return json_array_get(r->summary, json_array_size(r->summary) - 1);
}

void cb_results_refuse(struct cb_results *r, const struct cb_case *the_case, size_t index, bool wrong, const char *why)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s", the_case->name, the_case->implementation[index].name);
    json_t *refused = json_pack("{s:s, s:s}", "name", name, wrong ? "message" : "reason", why);
    json_array_append_new(wrong ? r->errors : r->skipped, refused);
}

double cb_row_seconds(const json_t *row, const char *key)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    const json_t *time = json_object_get(row, key);
    const char *unit = json_string_value(json_object_get(row, "time_unit"));
    for (size_t i = 0; unit && json_is_number(time) && i < sizeof units / sizeof *units; i++)
        if (!strcmp(unit, units[i].name)) return json_number_value(time) * units[i].seconds;
    return NAN;
}

enum cb_status cb_results_sample(struct cb_sample *sample, const json_t *rows, struct cb_error *err)
{
    size_t i;
    const json_t *row;
    *sample = (struct cb_sample){.seconds = calloc(json_array_size(rows), sizeof(double))};
    if (!sample->seconds) return cb_fail(err, CB_NO_MEMORY, "out of memory for the repetitions");
    json_array_foreach(rows, i, row)
    {
        double seconds = cb_row_seconds(row, "real_time");
        if (!is_aggregate(row, NULL) && seconds > 0 && sample->n < CB_MAX_REPETITIONS)
            sample->seconds[sample->n++] = seconds;
    }
    return CB_OK;
}

/* --- ours beside a library --- */

/* The fastest implementation of a library (NULL: ours) that does this part; NULL if none has a result. */
static const struct cb_sample *fastest(const struct cb_case *c, const struct cb_peer *peer, unsigned part,
                                       const struct cb_sample *samples)
{
    const struct cb_sample *best = NULL;
    for (size_t i = 0; i < c->n_implementations; i++) {
        const struct cb_implementation *e = &c->implementation[i];
        if (e->peer != peer || e->part != part || samples[i].n == 0) continue;
        if (!best || cb_sample_median(&samples[i]) < cb_sample_median(best)) best = &samples[i];
    }
    return best;
}

/* 1 more than the highest part that the library has here. */
static unsigned parts_of(const struct cb_case *c, const struct cb_peer *peer)
{
    unsigned parts = 0;
    for (size_t i = 0; i < c->n_implementations; i++)
        if (c->implementation[i].peer == peer && c->implementation[i].part >= parts)
            parts = c->implementation[i].part + 1;
    return parts;
}

bool cb_compare(struct cb_comparison *v, const struct cb_case *c, const struct cb_peer *peer,
                const struct cb_sample *samples)
{
    const struct cb_sample *ours = fastest(c, NULL, 0, samples), *parts[CB_MAX_PARTS];
    unsigned n = parts_of(c, peer);
    *v = (struct cb_comparison){0};
    if (!ours || n == 0) return false;
    v->ours = &c->implementation[ours - samples];
    /* Part 0 is the whole; where a library needs several parts they begin with 1. */
    for (unsigned part = n > 1; part < n && v->n_parts < CB_MAX_PARTS; part++) {
        const struct cb_sample *best = fastest(c, peer, part, samples);
        if (!best) return false;
        parts[v->n_parts] = best;
        v->theirs[v->n_parts++] = &c->implementation[best - samples];
    }
    v->ratio = cb_ratio_of(ours, parts, v->n_parts);
    return true;
}

void cb_results_add_comparison(struct cb_results *r, const struct cb_case *the_case, const struct cb_peer *peer,
                               const struct cb_comparison *v)
{
    json_t *theirs = json_array();
    for (size_t i = 0; i < v->n_parts; i++) json_array_append_new(theirs, json_string(v->theirs[i]->name));
    json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:f}", "name", the_case->name, "ours", v->ours->name, "library",
                            peer->name, "fastest", theirs, "ratio", v->ratio.ratio);
    json_object_set_new(row, "library_version", v->version ? cb_json_text(v->version) : json_null());
    if (!v->version) json_object_set_new(row, "library_version_reason", json_string("it does not tell"));
    json_object_set_new(row, "library_below_this_cpu", json_boolean(v->kernels));
    if (v->kernels) json_object_set_new(row, "library_kernels", cb_json_text(v->kernels));
    json_object_set_new(row, "ratio_low", v->ratio.interval ? json_real(v->ratio.low) : json_null());
    json_object_set_new(row, "ratio_high", v->ratio.interval ? json_real(v->ratio.high) : json_null());
    if (!v->ratio.interval)
        json_object_set_new(row, "ratio_low_reason", json_string("fewer than 5 repetitions give no interval"));
    json_array_append_new(r->contests, row);
}
