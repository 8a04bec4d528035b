#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress.h"

const double rg_count_limit_percent = 0.5, rg_soft_limit_percent = 2;

const struct rg_kind_names rg_kinds[] = {
    [RG_COUNT] = {"instructions", "instructions", "instructions"},
    [RG_FINGERPRINT] = {"fingerprint", "", ""},
    [RG_MEMORY] = {"peak memory, bytes", "bytes", "peak-memory"},
    [RG_SIZE] = {"size, bytes", "bytes", "file-size"},
    [RG_TIME] = {"time, ns", "ns", "latency"},
    [RG_EVENT] = {"events in a call", "events", "events"},
};

const char *const rg_verdict_names[RG_VERDICTS] = {
    [RG_SAME] = "same",       [RG_IMPROVED] = "improved",   [RG_NEW] = "new",
    [RG_NOTED] = "noted",     [RG_REGRESSED] = "regressed", [RG_NOT_COUNTED] = "not counted",
    [RG_SKIPPED] = "skipped", [RG_VANISHED] = "vanished",   [RG_FELL_BACK] = "fell back",
};

bool rg_verdict_is_hard(enum rg_verdict verdict)
{
    return verdict >= RG_REGRESSED;
}

static void *checked(void *memory)
{
    if (memory) return memory;
    fputs("cyclebench regress: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

static char *copy(const char *text)
{
    return text ? checked(strdup(text)) : NULL;
}

double rg_change_percent(const struct rg_case *one)
{
    if (isnan(one->base) || isnan(one->head)) return NAN;
    if (one->base <= 0) return one->head > 0 ? INFINITY : 0;
    return (one->head / one->base - 1) * 100;
}

static enum rg_verdict verdict_of(const struct rg_case *c)
{
    double change = rg_change_percent(c);
    if (isnan(c->base) || isnan(c->head)) return RG_NOT_COUNTED;
    if (c->by_chance) return RG_SAME;
    if (change > c->limit_percent) return c->hard ? RG_REGRESSED : RG_NOTED;
    return change < -c->limit_percent ? RG_IMPROVED : RG_SAME;
}

void rg_add(struct rg_result *result, const struct rg_case *one)
{
    if (result->n == result->room) {
        result->room = result->room ? 2 * result->room : 256;
        result->cases = checked(realloc(result->cases, result->room * sizeof *result->cases));
    }
    struct rg_case *c = &result->cases[result->n++];
    *c = *one;
    c->name = copy(one->name);
    c->source = copy(one->source);
    c->base_text = copy(one->base_text);
    c->head_text = copy(one->head_text);
    c->reason = copy(one->reason);
    if (c->kind != RG_FINGERPRINT && c->verdict == RG_SAME) c->verdict = verdict_of(c);
    result->gated += c->hard && c->verdict != RG_NEW && c->verdict != RG_NOT_COUNTED;
}

void rg_note(struct rg_result *result, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) text = checked(NULL);
    va_end(args);
    result->notes = checked(realloc(result->notes, (result->n_notes + 1) * sizeof *result->notes));
    result->notes[result->n_notes++] = text;
}

size_t rg_count(const struct rg_result *result, enum rg_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < result->n; i++) n += result->cases[i].verdict == verdict;
    return n;
}

size_t rg_failed(const struct rg_result *result)
{
    size_t n = 0;
    for (size_t i = 0; i < result->n; i++) n += rg_verdict_is_hard(result->cases[i].verdict);
    return n;
}

void rg_free(struct rg_result *result)
{
    for (size_t i = 0; i < result->n; i++) {
        struct rg_case *c = &result->cases[i];
        free((char *)c->name), free((char *)c->source);
        free((char *)c->base_text), free((char *)c->head_text), free((char *)c->reason);
    }
    for (size_t i = 0; i < result->n_notes; i++) free(result->notes[i]);
    free(result->cases);
    free(result->notes);
    *result = (struct rg_result){0};
}
