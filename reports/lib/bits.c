#include "bits.h"

#include <math.h>
#include <string.h>

#include "identity.h"
#include "values.h"

/* The run that speaks for those of the same trajectory: the first of them. */
static size_t leader(const struct cb_report_run *runs, size_t run)
{
    size_t first = 0;
    while (first < run && !cb_same_trajectory(&runs[first], &runs[run])) first++;
    return first;
}

json_t *cb_same_groups(const struct cb_report_run *runs, size_t count)
{
    json_t *groups = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *group = json_array();
        for (size_t j = i; j < count; j++)
            if (leader(runs, j) == i) cb_append(group, json_string(runs[j].label));
        if (json_array_size(group) > 1) cb_append(groups, json_incref(group));
        json_decref(group);
    }
    return groups;
}

/* Of an epoch; in format 1 only the end line has one, which is the last epoch's if the run ended with it. */
static const char *fingerprint_of(const struct cb_report_run *run, size_t index)
{
    const struct cb_report_epoch *epoch = &run->epochs[index];
    if (*epoch->loss_fingerprint) return epoch->loss_fingerprint;
    json_int_t end = json_integer_value(cb_member(run->end, "iterations"));
    return (json_int_t)epoch->iteration == end ? json_string_value(cb_member(run->end, "loss_fingerprint")) : NULL;
}

struct course {
    bool by_fingerprints;
    bool ends_differ;                     /* by_losses only: equal losses, but fingerprints that differ */
    size_t common, same_up_to, differ_at; /* epochs; 0: none */
};

/* Adds one epoch that both have; false: they differ from here on. */
static bool add_common(struct course *course, size_t epoch, bool same)
{
    course->common++;
    if (same)
        course->same_up_to = epoch;
    else
        course->differ_at = epoch;
    return same;
}

static struct course follow(const struct cb_report_run *a, const struct cb_report_run *b, bool by_fingerprints)
{
    struct course course = {.by_fingerprints = by_fingerprints};
    for (size_t i = 0, j = 0; i < a->epoch_count && j < b->epoch_count;) {
        const struct cb_report_epoch *x = &a->epochs[i], *y = &b->epochs[j];
        if (x->iteration != y->iteration) {
            if (x->iteration < y->iteration)
                i++;
            else
                j++;
            continue;
        }
        const char *f = fingerprint_of(a, i++), *g = fingerprint_of(b, j++);
        if (by_fingerprints && (!f || !g)) return (struct course){0}; /* not everywhere */
        if (!by_fingerprints && f && g && strcmp(f, g)) course.ends_differ = true;
        if (!by_fingerprints && (!isfinite(x->train_loss) || !isfinite(y->train_loss))) continue;
        bool same = by_fingerprints ? !strcmp(f, g) : fabs(x->train_loss - y->train_loss) <= 0;
        if (!add_common(&course, x->epoch, same)) break;
    }
    return course;
}

static size_t last_epoch(const struct cb_report_run *run)
{
    return run->epoch_count ? run->epochs[run->epoch_count - 1].epoch : 0;
}

static json_t *sentence(const struct cb_report_run *a, const struct cb_report_run *b, const struct course *course)
{
    size_t last = last_epoch(a) > last_epoch(b) ? last_epoch(a) : last_epoch(b);
    const char *old = a->format == 1 && b->format == 1 ? "these records" : a->format == 1 ? a->label : b->label;
    if (!course->common)
        return cb_sentence("%s, %s: equal recipes, but no epoch in common by which to compare bits", a->label,
                           b->label);
    if (!course->same_up_to)
        return cb_sentence("%s, %s: different %s from epoch %zu on, although their recipes are equal", a->label,
                           b->label, course->by_fingerprints ? "bits" : "losses", course->differ_at);
    const char *what = course->by_fingerprints ? "same bits" : "equal losses to 9 digits";
    json_t *text, *proof;
    if (course->differ_at)
        text = cb_sentence("%s, %s: %s up to epoch %zu of %zu, then they differ", a->label, b->label, what,
                           course->same_up_to, last);
    else
        text = cb_sentence("%s, %s: %s as far as both go: epoch %zu of %zu", a->label, b->label, what,
                           course->same_up_to, last);
    if (course->by_fingerprints) return text;
    proof = cb_sentence("%s (no fingerprints of epochs in %s%s)", json_string_value(text), old,
                        course->ends_differ && !course->differ_at ? "; those of the end differ" : "");
    json_decref(text);
    return proof;
}

static void put_epoch(json_t *object, const char *key, size_t epoch)
{
    cb_put(object, key, epoch ? json_integer((json_int_t)epoch) : json_null());
}

static struct course best_course(const struct cb_report_run *a, const struct cb_report_run *b)
{
    struct course course = follow(a, b, true);
    return course.common ? course : follow(a, b, false);
}

bool cb_bits_differ(const struct cb_report_run *a, const struct cb_report_run *b)
{
    struct course course = best_course(a, b);
    return course.differ_at || course.ends_differ;
}

static void add_pair(json_t *pairs, const struct cb_report_run *a, const struct cb_report_run *b)
{
    struct course course = best_course(a, b);
    if (!course.same_up_to && !cb_same_recipe(a, b)) return;
    json_t *pair = json_object(), *names = json_array();
    cb_append(names, json_string(a->label));
    cb_append(names, json_string(b->label));
    cb_put(pair, "runs", names);
    cb_put(pair, "compared_by", json_string(course.by_fingerprints ? "fingerprints" : "losses"));
    put_epoch(pair, "same_up_to_epoch", course.same_up_to);
    put_epoch(pair, "different_at_epoch", course.differ_at);
    cb_put(pair, "sentence", sentence(a, b, &course));
    cb_append(pairs, pair);
}

json_t *cb_same_epochs(const struct cb_report_run *runs, size_t count)
{
    json_t *pairs = json_array();
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && leader(runs, i) == i; j++)
            if (leader(runs, j) == j) add_pair(pairs, &runs[i], &runs[j]);
    return pairs;
}
