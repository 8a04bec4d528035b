#include "ab_report.h"

#include <stdio.h>
#include <string.h>

static const char *const verdicts[CB_AB_VERDICTS] = {"no difference found", "faster", "slower", "not compared"};

/* --- the file --- */

static void set_number(json_t *json, const char *key, double value, const char *reason)
{
    char reason_key[64];
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    json_object_set_new(json, key, reason ? json_null() : json_real(value));
    if (reason) json_object_set_new(json, reason_key, json_string(reason));
}

static void set_sample(json_t *json, const char *side, const struct cb_sample *sample)
{
    char key[32];
    json_t *seconds = json_array();
    for (size_t i = 0; i < sample->n; i++) json_array_append_new(seconds, json_real(sample->seconds[i]));
    snprintf(key, sizeof key, "%s_seconds", side);
    json_object_set_new(json, key, seconds);
    snprintf(key, sizeof key, "%s_median_seconds", side);
    set_number(json, key, sample->n ? cb_sample_median(sample) : 0, sample->n ? NULL : "not measured");
}

static json_t *case_json(const struct cb_ab_case *c, size_t rounds)
{
    const char *reason = c->verdict != CB_NOT_COMPARED      ? NULL
                         : rounds < CB_INTERVAL_REPETITIONS ? "too few rounds were complete"
                                                            : "not measured in all rounds on both sides";
    json_t *json = json_pack("{s:s, s:s}", "name", c->name, "verdict", verdicts[c->verdict]);
    set_sample(json, "old", &c->sample[CB_OLD_BUILD]);
    set_sample(json, "new", &c->sample[CB_NEW_BUILD]);
    set_number(json, "ratio", c->ratio.ratio, reason);
    set_number(json, "ratio_low", c->ratio.low, reason);
    set_number(json, "ratio_high", c->ratio.high, reason);
    set_number(json, "p", c->test.p, reason);
    set_number(json, "adjusted_p", c->adjusted_p, reason);
    set_number(json, "share_of_pairs_with_new_faster", c->test.share_b, reason);
    return json;
}

json_t *cb_ab_json(const struct cb_ab *ab)
{
    json_t *cases = json_array();
    for (size_t i = 0; i < ab->n; i++) json_array_append_new(cases, case_json(&ab->cases[i], ab->rounds));
    json_t *json =
        json_pack("{s:o, s:I, s:f, s:I}", "cases", cases, "compared", (json_int_t)cb_ab_compared(ab), "significance",
                  cb_ab_significance, "rounds_needed", (json_int_t)cb_ab_rounds_needed(cb_ab_compared(ab)));
    if (!json) return NULL;
    json_t *counts = json_object();
    for (int v = 0; v < CB_AB_VERDICTS; v++)
        json_object_set_new(counts, verdicts[v], json_integer((json_int_t)ab->count[v]));
    json_object_set_new(json, "counts", counts);
    set_number(json, "geometric_mean_ratio", ab->geometric_mean, cb_ab_compared(ab) ? NULL : "no case is compared");
    return json;
}

/* --- the table --- */

enum { NAME_COLUMNS = 46 };

static void format_time(char *text, size_t size, const struct cb_sample *sample)
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    size_t unit = 0;
    snprintf(text, size, "-");
    if (!sample->n) return;
    double time = cb_sample_median(sample);
    for (; time < 1 && unit + 1 < sizeof units / sizeof *units; unit++) time *= 1000;
    snprintf(text, size, "%.4g %s", time, units[unit]);
}

/* What the name says beyond that of the contest, without the library's words that all names end with. */
static void print_name(const struct cb_ab_case *c)
{
    size_t contest = strlen(c->contest);
    bool begins = contest && !strncmp(c->name, c->contest, contest) && c->name[contest] == '/';
    const char *name = c->name + (begins ? contest + 1 : 0), *end = strstr(name, "/process_time/real_time");
    int length = (int)(end ? (size_t)(end - name) : strlen(name));
    printf("  %-*.*s", NAME_COLUMNS, length, name);
    if (length > NAME_COLUMNS) printf("\n  %*s", NAME_COLUMNS, "");
}

static void print_case(const struct cb_ab_case *c, size_t rounds)
{
    char old[32], new[32];
    format_time(old, sizeof old, &c->sample[CB_OLD_BUILD]);
    format_time(new, sizeof new, &c->sample[CB_NEW_BUILD]);
    print_name(c);
    printf("%11s%11s", old, new);
    if (c->verdict == CB_NOT_COMPARED)
        printf("  not compared: old %zu, new %zu of %zu rounds\n", c->sample[CB_OLD_BUILD].n, c->sample[CB_NEW_BUILD].n,
               rounds);
    else
        printf("%9.3f  [%.3f..%.3f]  %s\n", c->ratio.ratio, c->ratio.low, c->ratio.high, verdicts[c->verdict]);
}

/* Cases with no difference found, though the interval leaves out 1. */
static size_t undecided(const struct cb_ab *ab)
{
    size_t n = 0;
    for (size_t i = 0; i < ab->n; i++) {
        const struct cb_ab_case *c = &ab->cases[i];
        n += c->verdict == CB_NO_DIFFERENCE && (c->ratio.low > 1 || c->ratio.high < 1);
    }
    return n;
}

static void print_sums(const struct cb_ab *ab)
{
    size_t compared = cb_ab_compared(ab), needed = cb_ab_rounds_needed(compared), open = undecided(ab);
    printf("%zu case%s compared: %zu faster, %zu slower, %zu no difference found", compared, compared == 1 ? "" : "s",
           ab->count[CB_FASTER], ab->count[CB_SLOWER], ab->count[CB_NO_DIFFERENCE]);
    if (ab->count[CB_NOT_COMPARED]) printf("; %zu not compared", ab->count[CB_NOT_COMPARED]);
    printf("\n");
    if (compared) printf("Geometric mean of old/new: %.3f\n", ab->geometric_mean);
    if (open)
        printf("%zu with no difference found but an interval without 1: that is of one case, a verdict of all.\n",
               open);
    if (compared && needed > ab->rounds) /* after an interruption, or where a round measured more than was listed */
        printf("Too few rounds to find a difference among so many cases: it takes %zu, or fewer cases.\n", needed);
}

void cb_ab_print(const struct cb_ab *ab)
{
    const char *contest = "";
    printf("  %-*s%11s%11s%9s  %s\n", NAME_COLUMNS, "case", "old", "new", "old/new", "[95 %]          new is");
    for (size_t i = 0; i < ab->n; i++) {
        if (strcmp(ab->cases[i].contest, contest)) printf("%s\n", ab->cases[i].contest);
        contest = ab->cases[i].contest;
        print_case(&ab->cases[i], ab->rounds);
    }
    print_sums(ab);
}
