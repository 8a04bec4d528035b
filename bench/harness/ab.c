#include "ab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"

const double cb_ab_significance = 0.05;

static struct cb_ab_case *find(const struct cb_ab *ab, const char *name)
{
    for (size_t i = 0; i < ab->n; i++)
        if (!strcmp(ab->cases[i].name, name)) return &ab->cases[i];
    return NULL;
}

static void free_case(struct cb_ab_case *c)
{
    free(c->name);
    free(c->contest);
    for (int side = 0; side < CB_BUILDS; side++) free(c->sample[side].seconds);
}

static struct cb_ab_case *append(struct cb_ab *ab, const char *name, const char *contest)
{
    struct cb_ab_case *cases = realloc(ab->cases, (ab->n + 1) * sizeof *cases);
    if (!cases) return NULL;
    ab->cases = cases;
    struct cb_ab_case c = {.name = strdup(name), .contest = strdup(contest ? contest : "")};
    bool whole = c.name && c.contest;
    for (int side = 0; side < CB_BUILDS; side++) {
        c.sample[side].seconds = calloc(ab->rounds, sizeof(double));
        whole = whole && c.sample[side].seconds;
    }
    if (!whole) {
        free_case(&c);
        return NULL;
    }
    cases[ab->n] = c;
    return &cases[ab->n++];
}

static enum cb_status add_row(struct cb_ab *ab, enum cb_ab_side side, size_t round, const json_t *row,
                              struct cb_error *err)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    double seconds = cb_row_seconds(row, "real_time");
    if (!name) return cb_fail(err, CB_FAILED, "a row of its results has no name");
    if (!isfinite(seconds) || !(seconds > 0))
        return cb_fail(err, CB_FAILED, "its result for %s has no real_time above 0 with a time_unit", name);
    struct cb_ab_case *c = find(ab, name);
    if (!c) c = append(ab, name, json_string_value(json_object_get(row, "contest")));
    if (!c) return cb_fail(err, CB_NO_MEMORY, "out of memory for the results");
    struct cb_sample *sample = &c->sample[side];
    if (sample->n > round) return cb_fail(err, CB_FAILED, "its results have %s twice", name);
    sample->seconds[sample->n++] = seconds;
    return CB_OK;
}

enum cb_status cb_ab_add(struct cb_ab *ab, enum cb_ab_side side, size_t round, const json_t *result,
                         struct cb_error *err)
{
    size_t i;
    const json_t *row, *rows = json_object_get(result, "benchmarks");
    enum cb_status status = CB_OK;
    if (json_array_size(rows) == 0) return cb_fail(err, CB_FAILED, "its results have no \"benchmarks\"");
    json_array_foreach(rows, i, row) if (!status) status = add_row(ab, side, round, row, err);
    return status;
}

/* --- verdicts --- */

static void compare_case(struct cb_ab *ab, struct cb_ab_case *c)
{
    const struct cb_sample *old = &c->sample[CB_OLD_BUILD], *new = &c->sample[CB_NEW_BUILD];
    bool enough = ab->rounds >= CB_INTERVAL_REPETITIONS && old->n == ab->rounds && new->n == ab->rounds;
    c->verdict = enough ? CB_NO_DIFFERENCE : CB_NOT_COMPARED;
    if (c->verdict == CB_NOT_COMPARED) return;
    c->ratio = cb_ratio_of(new, &old, 1);
    c->test = cb_rank_test_of(old, new);
}

static enum cb_status adjust(struct cb_ab *ab, struct cb_error *err)
{
    double *p = calloc(2 * ab->n + 1, sizeof *p), *adjusted = p + ab->n;
    size_t n = 0;
    if (!p) return cb_fail(err, CB_NO_MEMORY, "out of memory for the verdicts");
    for (size_t i = 0; i < ab->n; i++)
        if (ab->cases[i].verdict != CB_NOT_COMPARED) p[n++] = ab->cases[i].test.p;
    cb_holm(p, adjusted, n);
    for (size_t i = 0, k = 0; i < ab->n; i++)
        if (ab->cases[i].verdict != CB_NOT_COMPARED) ab->cases[i].adjusted_p = adjusted[k++];
    free(p);
    return CB_OK;
}

enum cb_status cb_ab_compare(struct cb_ab *ab, struct cb_error *err)
{
    double logarithms = 0;
    for (size_t i = 0; i < ab->n; i++) compare_case(ab, &ab->cases[i]);
    enum cb_status status = adjust(ab, err);
    if (status) return status;
    memset(ab->count, 0, sizeof ab->count);
    for (size_t i = 0; i < ab->n; i++) {
        struct cb_ab_case *c = &ab->cases[i];
        if (c->verdict != CB_NOT_COMPARED) logarithms += log(c->ratio.ratio);
        if (c->verdict != CB_NOT_COMPARED && c->adjusted_p <= cb_ab_significance)
            c->verdict = c->test.share_b > 0.5 ? CB_FASTER : CB_SLOWER;
        ab->count[c->verdict]++;
    }
    ab->geometric_mean = exp(logarithms / (double)cb_ab_compared(ab));
    return CB_OK;
}

size_t cb_ab_compared(const struct cb_ab *ab)
{
    return ab->n - ab->count[CB_NOT_COMPARED];
}

size_t cb_ab_rounds_needed(size_t cases)
{
    size_t rounds = CB_INTERVAL_REPETITIONS;
    while (rounds < CB_RANK_MAX && cb_rank_least_p(rounds) * (double)cases > cb_ab_significance) rounds++;
    return rounds;
}

void cb_ab_free(struct cb_ab *ab)
{
    for (size_t i = 0; i < ab->n; i++) free_case(&ab->cases[i]);
    free(ab->cases);
    *ab = (struct cb_ab){0};
}
