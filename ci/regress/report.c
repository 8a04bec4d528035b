#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress.h"

/* For people: Markdown and the terminal. */

enum { WORST = 10, MARKDOWN_BYTES = 190 * 1024 };

static int rank_of(const struct rg_case *c)
{
    return rg_verdict_is_hard(c->verdict) ? 3 : c->verdict == RG_NOTED ? 2 : c->verdict != RG_SAME;
}

/* What fails first, what is the same last; then by how much. */
static int by_weight(const void *a, const void *b)
{
    const struct rg_case *x = *(const struct rg_case *const *)a, *y = *(const struct rg_case *const *)b;
    int rank = rank_of(y) - rank_of(x);
    double p = rg_change_percent(x), q = rg_change_percent(y);
    if (rank) return rank;
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

void rg_number_text(char *text, size_t bytes, const struct rg_case *c, bool of_head)
{
    double value = of_head ? c->head : c->base;
    const char *words = of_head ? c->head_text : c->base_text;
    if (c->kind == RG_FINGERPRINT)
        snprintf(text, bytes, "%.12s", words ? words : "-");
    else if (isnan(value))
        snprintf(text, bytes, "-");
    else
        snprintf(text, bytes, value == floor(value) ? "%.0f" : "%.5g", value);
}

static void change_text(char *text, size_t bytes, const struct rg_case *c)
{
    double change = rg_change_percent(c);
    if (isnan(change))
        snprintf(text, bytes, "-");
    else if (isinf(change))
        snprintf(text, bytes, "from 0");
    else
        snprintf(text, bytes, "%+.2f %%", change);
}

static void summary_line(FILE *out, const struct rg_result *result)
{
    fprintf(out, "%zu cases gated, %zu worse", result->gated, rg_failed(result));
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
    rg_number_text(base, sizeof base, c, false);
    rg_number_text(head, sizeof head, c, true);
    change_text(change, sizeof change, c);
    fprintf(out, "| %s | %s | %s | %s | ", rg_verdict_names[c->verdict], change, base, head);
    put_cell(out, c->source);
    fputs(" | ", out);
    put_cell(out, c->name);
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
        rg_number_text(base, sizeof base, order[i], false);
        rg_number_text(head, sizeof head, order[i], true);
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
