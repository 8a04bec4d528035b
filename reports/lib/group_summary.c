/* Two groups and a target in one sentence. */
#include <math.h>

#include "summary.h"
#include "values.h"

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)INFINITY;
}

static double time_of(const json_t *group)
{
    return number_of(group, "mean_seconds_to_target");
}

static long long count_of(const json_t *group, const char *key)
{
    return (long long)json_integer_value(json_object_get(group, key));
}

static const char *name_of(const json_t *group)
{
    return json_string_value(json_object_get(group, "label"));
}

static bool at_least(const json_t *group)
{
    return json_is_true(json_object_get(group, "times_are_at_least"));
}

/* "in 3 of 4 runs (1 not finished)" */
static json_t *successes(const json_t *group, const char *runs)
{
    long long undecided = count_of(group, "undecided");
    if (!undecided) return cb_sentence("in %lld of %lld%s", count_of(group, "reached"), count_of(group, "n"), runs);
    return cb_sentence("in %lld of %lld%s (%lld not finished)", count_of(group, "reached"), count_of(group, "n"), runs,
                       undecided);
}

/* " after 28.9 min on average (sd 0.2 min, of 2 of them)"; nothing for a group that did not reach the target. */
static json_t *after(const json_t *group, bool minutes)
{
    long long n = count_of(group, "n_seconds_to_target"), reached = count_of(group, "reached");
    const char *unit = minutes ? "min" : "s";
    if (!reached) return cb_sentence("%s", "");
    if (!n) return cb_sentence(", none with a time");
    double scale = minutes ? 60 : 1, sd = number_of(group, "sd_seconds_to_target");
    json_t *mean = cb_sentence("%s%.1f %s", at_least(group) ? "at least " : "", time_of(group) / scale, unit), *text,
           *fewer = n < reached ? cb_sentence("time of %lld", n) : cb_sentence("%s", "");
    if (isfinite(sd))
        text = cb_sentence(" after %s on average (sd %.2f %s%s%s)", json_string_value(mean), sd / scale, unit,
                           n < reached ? ", " : "", json_string_value(fewer));
    else
        text = cb_sentence(" after %s%s%s%s", json_string_value(mean), n < reached ? " (" : "",
                           json_string_value(fewer), n < reached ? ")" : "");
    json_decref(fewer);
    json_decref(mean);
    return text;
}

/* ": 1.40 times as fast (1.38 to 1.43)"; of the pair with the faster one first. */
static json_t *verdict(const json_t *pair, const json_t *first, const json_t *second, bool swapped)
{
    const json_t *speedup = json_object_get(pair, "speedup_to_target");
    if (!count_of(first, "reached") || !count_of(second, "reached")) return cb_sentence("%s", "");
    if (!json_is_number(speedup))
        return cb_sentence(": no speed-up, because %s",
                           json_string_value(json_object_get(pair, "speedup_to_target_reason")));
    double times = json_number_value(speedup), least = number_of(pair, "min_speedup_to_target"),
           most = number_of(pair, "max_speedup_to_target");
    if (swapped) {
        double inverse = 1 / most;
        times = 1 / times;
        most = 1 / least;
        least = inverse;
    }
    const char *bound = at_least(first)    ? at_least(second) ? "about " : "at most "
                        : at_least(second) ? "at least "
                                           : "";
    const char *those = count_of(first, "missed") || count_of(second, "missed") ? "where both did, " : "";
    if (!json_is_number(json_object_get(pair, "min_speedup_to_target")))
        return cb_sentence(": %s%s%.2f times as fast", those, bound, times);
    return cb_sentence(": %s%s%.2f times as fast (%.2f to %.2f between single runs)", those, bound, times, least, most);
}

json_t *cb_group_summary(const json_t *groups, const json_t *pair, double target)
{
    const json_t *a = json_array_get(groups, 0), *b = json_array_get(groups, 1);
    bool swapped = time_of(b) < time_of(a) || (!count_of(a, "reached") && count_of(b, "reached"));
    const json_t *first = swapped ? b : a, *second = swapped ? a : b;
    bool minutes = !(time_of(first) < 600) && !(time_of(second) < 600);
    const char *synthetic = json_object_get(a, "accuracies_are_of") || json_object_get(b, "accuracies_are_of")
                                ? " (synthetic images, not CIFAR-10)"
                                : "";
    const char *from_weights =
        json_is_object(json_object_get(a, "init_weights")) || json_is_object(json_object_get(b, "init_weights"))
            ? " (not both from scratch)"
            : "";
    json_t *one = successes(first, count_of(first, "n") == 1 ? " run" : " runs"), *other = successes(second, ""),
           *said = verdict(pair, first, second, swapped), *sooner = after(first, minutes),
           *later = after(second, minutes);
    json_t *text = cb_sentence("%s reached %g %% %s%s, %s %s%s%s%s%s.", name_of(first), target, json_string_value(one),
                               json_string_value(sooner), name_of(second), json_string_value(other),
                               json_string_value(later), json_string_value(said), synthetic, from_weights);
    json_decref(one);
    json_decref(other);
    json_decref(said);
    json_decref(sooner);
    json_decref(later);
    return text;
}
