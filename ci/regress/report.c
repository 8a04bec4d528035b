#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress.h"

enum { WORST = 10, MARKDOWN_BYTES = 190 * 1024 };

static const char *const kind_names[] = {
    [RG_COUNT] = "instructions", [RG_FINGERPRINT] = "fingerprint", [RG_MEMORY] = "peak memory, bytes",
    [RG_SIZE] = "size, bytes",   [RG_TIME] = "time, ns",           [RG_EVENT] = "events in a call"};

/* --- JSON --- */

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
    json_object_set_new(json, reason_key, json_string(reason ? reason : "the other side alone has it"));
}

static json_t *case_json(const struct rg_case *c)
{
    json_t *json = json_pack("{s:s, s:s, s:s}", "name", c->name, "source", c->source, "metric", kind_names[c->kind]);
    if (c->kind == RG_FINGERPRINT) {
        json_object_set_new(json, "base", c->base_text ? json_string(c->base_text) : json_null());
        json_object_set_new(json, "head", c->head_text ? json_string(c->head_text) : json_null());
        if (!c->base_text) json_object_set_new(json, "base_reason", json_string(c->reason ? c->reason : "missing"));
        if (!c->head_text) json_object_set_new(json, "head_reason", json_string(c->reason ? c->reason : "missing"));
        set_number(json, "change_percent", NAN, "a fingerprint is equal, or not");
    } else {
        set_number(json, "base", c->base, c->reason);
        set_number(json, "head", c->head, c->reason);
        set_number(json, "change_percent", rg_change_percent(c), c->reason);
        json_object_set_new(json, "limit_percent", json_real(c->limit_percent));
    }
    json_object_set_new(json, "hard", json_boolean(c->hard));
    json_object_set_new(json, "verdict", json_string(rg_verdict_names[c->verdict]));
    if (c->reason) json_object_set_new(json, "reason", json_string(c->reason));
    return json;
}

json_t *rg_json(const struct rg_result *result)
{
    json_t *cases = json_array(), *notes = json_array(), *counts = json_object();
    for (size_t i = 0; i < result->n; i++) json_array_append_new(cases, case_json(&result->cases[i]));
    for (size_t i = 0; i < result->n_notes; i++) json_array_append_new(notes, json_string(result->notes[i]));
    for (enum rg_verdict v = 0; v < RG_VERDICTS; v++)
        json_object_set_new(counts, rg_verdict_names[v], json_integer((json_int_t)rg_count(result, v)));
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "verdict", result->verdict, "base", result->base, "head",
                     result->head, "gated", (json_int_t)result->gated, "counts", counts, "notes", notes, "cases",
                     cases);
}

/* --- text --- */

/* What fails first, then by how much. */
static int by_weight(const void *a, const void *b)
{
    const struct rg_case *x = *(const struct rg_case *const *)a, *y = *(const struct rg_case *const *)b;
    int hard = rg_verdict_is_hard(y->verdict) - rg_verdict_is_hard(x->verdict);
    double p = rg_change_percent(x), q = rg_change_percent(y);
    if (hard) return hard;
    p = isnan(p) ? (rg_verdict_is_hard(x->verdict) ? INFINITY : 0) : fabs(p);
    q = isnan(q) ? (rg_verdict_is_hard(y->verdict) ? INFINITY : 0) : fabs(q);
    return p != q ? (q > p) - (q < p) : strcmp(x->name, y->name);
}

static const struct rg_case **sorted(const struct rg_result *result)
{
    const struct rg_case **order = malloc((result->n + 1) * sizeof *order);
    if (!order) return NULL;
    for (size_t i = 0; i < result->n; i++) order[i] = &result->cases[i];
    qsort(order, result->n, sizeof *order, by_weight);
    return order;
}

static void number_text(char *text, size_t bytes, const struct rg_case *c, double value, const char *words)
{
    if (c->kind == RG_FINGERPRINT)
        snprintf(text, bytes, "%.12s", words ? words : "-");
    else if (isnan(value))
        snprintf(text, bytes, "-");
    else
        snprintf(text, bytes, "%.0f", value);
}

static void change_text(char *text, size_t bytes, const struct rg_case *c)
{
    double change = rg_change_percent(c);
    if (isnan(change))
        snprintf(text, bytes, "-");
    else
        snprintf(text, bytes, "%+.2f %%", change);
}

static void summary_line(FILE *out, const struct rg_result *result)
{
    size_t failed = 0;
    for (enum rg_verdict v = RG_REGRESSED; v < RG_VERDICTS; v++) failed += rg_count(result, v);
    fprintf(out, "%zu cases gated, %zu worse", result->gated, failed);
    for (enum rg_verdict v = RG_REGRESSED; v < RG_VERDICTS; v++)
        if (rg_count(result, v)) fprintf(out, " (%zu %s)", rg_count(result, v), rg_verdict_names[v]);
    fprintf(out, ", %zu improved, %zu new, %zu noted, %zu not counted", rg_count(result, RG_IMPROVED),
            rg_count(result, RG_NEW), rg_count(result, RG_NOTED), rg_count(result, RG_NOT_COUNTED));
}

/* A cell of a table: no bar, no line break, no markup from a name. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '|' || *text == '<' || *text == '`' || (unsigned char)*text < ' ')
            fprintf(out, *text == '|' ? "\\|" : *text == '<' ? "&lt;" : " ");
        else
            fputc(*text, out);
}

static void markdown_row(FILE *out, const struct rg_case *c)
{
    char base[32], head[32], change[32];
    number_text(base, sizeof base, c, c->base, c->base_text);
    number_text(head, sizeof head, c, c->head, c->head_text);
    change_text(change, sizeof change, c);
    fprintf(out, "| %s | %s | %s | %s | ", rg_verdict_names[c->verdict], change, base, head);
    put_cell(out, c->source);
    fputs(" | ", out);
    put_cell(out, c->name);
    if (c->verdict == RG_FELL_BACK) fprintf(out, " (%s, was %s)", c->head_text, c->base_text);
    if (c->reason) fputs(": ", out), put_cell(out, c->reason);
    fputs(" |\n", out);
}

static const char table_head[] = "| verdict | change | base | head | source | case |\n|---|---:|---:|---:|---|---|\n";

static void markdown_table(FILE *out, const struct rg_case *const *order, size_t first, size_t end)
{
    fputs(table_head, out);
    size_t i = first;
    for (; i < end && ftell(out) < MARKDOWN_BYTES; i++) markdown_row(out, order[i]);
    if (i < end) fprintf(out, "\n%zu more rows are left out; regress.json has them.\n", end - i);
}

char *rg_markdown(const struct rg_result *result)
{
    char *text = NULL;
    size_t bytes;
    const struct rg_case **order = sorted(result);
    FILE *out = order ? open_memstream(&text, &bytes) : NULL;
    if (!out) return NULL;
    fprintf(out, "## cyclebench regress: %s\n\n", result->verdict);
    summary_line(out, result);
    fprintf(out, ".\n\nBase: `%s`. Head: `%s`.\n\n", result->base, result->head);
    size_t shown = 0;
    while (shown < result->n && shown < WORST && order[shown]->verdict != RG_SAME) shown++;
    if (shown) markdown_table(out, order, 0, shown);
    if (result->n_notes) fputs("\nNot gated:\n\n", out);
    for (size_t i = 0; i < result->n_notes; i++) {
        fputs("- ", out);
        put_cell(out, result->notes[i]);
        fputc('\n', out);
    }
    if (shown < result->n) {
        fprintf(out, "\n<details><summary>%s %zu cases</summary>\n\n", shown ? "The other" : "All", result->n - shown);
        markdown_table(out, order, shown, result->n);
        fputs("\n</details>\n", out);
    }
    free(order);
    return fclose(out) ? NULL : text;
}

void rg_print(const struct rg_result *result)
{
    const struct rg_case **order = sorted(result);
    for (size_t i = 0; order && i < result->n && i < 2 * WORST && order[i]->verdict != RG_SAME; i++) {
        char base[32], head[32], change[32];
        number_text(base, sizeof base, order[i], order[i]->base, order[i]->base_text);
        number_text(head, sizeof head, order[i], order[i]->head, order[i]->head_text);
        change_text(change, sizeof change, order[i]);
        printf("%-11s %10s %12s %12s  %s  %s%s%s\n", rg_verdict_names[order[i]->verdict], change, base, head,
               order[i]->source, order[i]->name, order[i]->reason ? ": " : "",
               order[i]->reason ? order[i]->reason : "");
    }
    for (size_t i = 0; i < result->n_notes; i++) printf("# %s\n", result->notes[i]);
    summary_line(stdout, result);
    printf("\nverdict: %s\n", result->verdict);
    free(order);
}
