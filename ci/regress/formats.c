#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "regress.h"

/* For programs: JSON, JUnit XML, and what github-action-benchmark, Bencher and Apache Otava read. */

static void set_number(json_t *json, const char *key, double value, const char *reason)
{
    char reason_key[40];
    if (isfinite(value)) {
        bool whole = value == floor(value) && fabs(value) < 9e15;
        json_object_set_new(json, key, whole ? json_integer((json_int_t)value) : json_real(value));
        return;
    }
    snprintf(reason_key, sizeof reason_key, "%s_reason", key);
    json_object_set_new(json, key, json_null());
    json_object_set_new(json, reason_key, cb_json_text(reason && *reason ? reason : "no reason is told"));
}

static const char *missing_text(const struct rg_case *c)
{
    if (c->reason) return c->reason;
    return isinf(rg_change_percent(c)) ? "BASE is 0" : c->verdict == RG_NEW ? "only HEAD has it" : NULL;
}

static json_t *case_json(const struct rg_case *c)
{
    const char *missing = missing_text(c);
    json_t *json = json_pack("{s:o, s:o, s:s}", "name", cb_json_text(c->name), "source", cb_json_text(c->source),
                             "metric", rg_kinds[c->kind].metric);
    if (c->kind == RG_FINGERPRINT) {
        json_object_set_new(json, "base", c->base_text ? cb_json_text(c->base_text) : json_null());
        json_object_set_new(json, "head", c->head_text ? cb_json_text(c->head_text) : json_null());
        if (!c->base_text) json_object_set_new(json, "base_reason", cb_json_text(missing ? missing : "missing"));
        if (!c->head_text) json_object_set_new(json, "head_reason", cb_json_text(missing ? missing : "missing"));
        set_number(json, "change_percent", NAN, "a fingerprint is equal, or not");
    } else {
        set_number(json, "base", c->base, missing);
        set_number(json, "head", c->head, missing);
        set_number(json, "change_percent", rg_change_percent(c), missing);
        json_object_set_new(json, "limit_percent", json_real(c->limit_percent));
    }
    json_object_set_new(json, "hard", json_boolean(c->hard));
    json_object_set_new(json, "verdict", json_string(rg_verdict_names[c->verdict]));
    if (c->reason) json_object_set_new(json, "reason", cb_json_text(c->reason));
    return json;
}

/* False: no memory. Takes the reference. */
static bool print_json(FILE *out, json_t *json)
{
    bool printed = json && !json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', out);
    json_decref(json);
    return printed;
}

bool rg_write_json(FILE *out, const struct rg_result *result)
{
    json_t *cases = json_array(), *notes = json_array(), *counts = json_object();
    for (size_t i = 0; i < result->n; i++) json_array_append_new(cases, case_json(&result->cases[i]));
    for (size_t i = 0; i < result->n_notes; i++) json_array_append_new(notes, cb_json_text(result->notes[i]));
    for (enum rg_verdict v = 0; v < RG_VERDICTS; v++)
        json_object_set_new(counts, rg_verdict_names[v], json_integer((json_int_t)rg_count(result, v)));
    json_t *json = json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:o}", "verdict", result->verdict, "base",
                             cb_json_text(result->base), "head", cb_json_text(result->head), "gated",
                             (json_int_t)result->gated, "counts", counts, "notes", notes, "cases", cases);
    return print_json(out, json);
}

static void put_xml(FILE *out, const char *text)
{
    for (; *text; text++) switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
        }
}

/* The schema of testmoapp/junitxml. */
static void junit_case(FILE *out, const struct rg_case *c)
{
    char base[32], head[32];
    const char *reason = c->reason ? c->reason : "";
    rg_number_text(base, sizeof base, c, false);
    rg_number_text(head, sizeof head, c, true);
    fputs("  <testcase classname=\"", out), put_xml(out, c->source), fputs("\" name=\"", out), put_xml(out, c->name);
    fputs("\">", out);
    if (rg_verdict_is_hard(c->verdict)) {
        fprintf(out, "<failure message=\"%s\">base %s, head %s, limit %g %%%s", rg_verdict_names[c->verdict], base,
                head, c->limit_percent, *reason ? ": " : "");
        put_xml(out, reason);
        fputs("</failure>", out);
    } else if (c->verdict == RG_NOT_COUNTED) {
        fputs("<skipped message=\"", out), put_xml(out, *reason ? reason : "not counted"), fputs("\"/>", out);
    }
    fputs("</testcase>\n", out);
}

void rg_write_junit(FILE *out, const struct rg_result *result)
{
    bool broken = !strcmp(result->verdict, "error");
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cyclebench regress\" tests=\"%zu\" "
            "failures=\"%zu\" errors=\"%d\" skipped=\"%zu\">\n",
            result->n + broken, rg_failed(result), broken, rg_count(result, RG_NOT_COUNTED));
    for (size_t i = 0; i < result->n; i++) junit_case(out, &result->cases[i]);
    if (broken) {
        fputs("  <testcase classname=\"cyclebench\" name=\"regress\"><error message=\"nothing could be gated\">", out);
        for (size_t i = 0; i < result->n_notes; i++) put_xml(out, result->notes[i]), fputc('\n', out);
        fputs("</error></testcase>\n", out);
    }
    fputs("</testsuite>\n", out);
}

bool rg_has_number(const struct rg_case *c)
{
    return c->kind != RG_FINGERPRINT && isfinite(c->head);
}

static void put_csv(FILE *out, const char *text)
{
    for (; *text; text++) fputc(*text == ',' || *text == '"' || (unsigned char)*text < ' ' ? '_' : *text, out);
}

/* "callgrind-avx2-gcc-12.2.0/sgd/len:100". */
static json_t *full_name(const struct rg_case *c)
{
    char *name = NULL;
    json_t *text = asprintf(&name, "%s/%s", c->source, c->name) < 0 ? NULL : cb_json_text(name);
    free(name);
    return text;
}

/* github-action-benchmark's tool customSmallerIsBetter. */
bool rg_write_smaller_is_better(FILE *out, const struct rg_result *result)
{
    json_t *all = json_array();
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (!rg_has_number(c)) continue;
        json_array_append_new(
            all, json_pack("{s:o, s:s, s:f}", "name", full_name(c), "unit", rg_kinds[c->kind].unit, "value", c->head));
    }
    return print_json(out, all);
}

/* Bencher's metric format: a measure of each name. */
bool rg_write_bencher(FILE *out, const struct rg_result *result)
{
    json_t *all = json_object();
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (!rg_has_number(c)) continue;
        json_t *name = full_name(c);
        json_object_set_new(all, name ? json_string_value(name) : "",
                            json_pack("{s:{s:f}}", rg_kinds[c->kind].measure, "value", c->head));
        json_decref(name);
    }
    return print_json(out, all);
}

/* Apache Otava's CSV: a column a metric, a row a run; join the rows of several runs to one file. */
void rg_write_otava(FILE *out, const struct rg_result *result)
{
    char when[32];
    rg_now(when);
    fputs("time,commit", out);
    for (size_t i = 0; i < result->n; i++) {
        const struct rg_case *c = &result->cases[i];
        if (!rg_has_number(c)) continue;
        fputc(',', out), put_csv(out, c->source), fputc('/', out), put_csv(out, c->name);
    }
    fprintf(out, "\n%s,", when), put_csv(out, result->commit);
    for (size_t i = 0; i < result->n; i++)
        if (rg_has_number(&result->cases[i])) fprintf(out, ",%.12g", result->cases[i].head);
    fputc('\n', out);
}
