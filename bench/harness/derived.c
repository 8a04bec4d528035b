#include "derived.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* factor * over / under. Of two names the first that was counted; LINE, SECONDS, FLOPS are no events. */
#define SECONDS "seconds of a call"
#define FLOPS "operations of the shape"
static const struct metric {
    const char *key, *group, *over[2], *under;
    double factor; /* 0: bytes of a cache line */
} metrics[] = {
    {"ipc", "flops", {"instructions"}, "cycles", 1},
    {"gflops_counted", "flops", {"fp_ops"}, SECONDS, 1e-9},
    {"gflops_analytic", "flops", {FLOPS}, SECONDS, 1e-9},
    {"bytes_per_flop", "cache", {"l3_misses"}, "fp_ops", 0},
    {"l1d_misses_per_1000_instructions", "cache", {"l1d_misses"}, "instructions", 1000},
    {"l2_misses_per_1000_instructions", "cache", {"l2_misses"}, "instructions", 1000},
    {"l3_misses_per_1000_instructions", "cache", {"l3_misses"}, "instructions", 1000},
    {"branch_misses_per_1000_instructions", "branch", {"branch_misses"}, "instructions", 1000},
    {"branch_miss_share", "branch", {"branch_misses"}, "branches", 1},
    {"dtlb_misses_per_1000_instructions", "tlb", {"PAPI_TLB_DM", "dTLB-load-misses"}, "instructions", 1000},
    {"itlb_misses_per_1000_instructions", "tlb", {"PAPI_TLB_IM", "iTLB-load-misses"}, "instructions", 1000},
    {"joules", "energy", {"joules"}, NULL, 1},
    {"watts", "energy", {"joules"}, SECONDS, 1},
};
enum { METRICS = sizeof metrics / sizeof *metrics };

const char *cb_derived_key(size_t i, const char **group)
{
    if (i >= METRICS) return NULL;
    if (group) *group = metrics[i].group;
    return metrics[i].key;
}

/* What the metrics are computed from. */
struct inputs {
    const json_t *counters;
    double flops, call_s;
};

/* NaN: not known; reason tells. */
static double input(const struct inputs *in, const char *name, char *reason, size_t bytes)
{
    const bool seconds = !strcmp(name, SECONDS), flops = !strcmp(name, FLOPS);
    const json_t *count = json_object_get(in->counters, name), *value = json_object_get(count, "value");
    const double known = seconds                 ? in->call_s
                         : flops                 ? in->flops
                         : json_is_number(value) ? json_number_value(value)
                                                 : -1;
    if (known >= 0 && (known > 0 || !(seconds || flops))) return known;
    const char *why = json_string_value(json_object_get(count, "reason"));
    if (count)
        snprintf(reason, bytes, "%s: %s", name, why ? why : "not counted");
    else
        snprintf(reason, bytes, seconds || flops ? "no %s" : "%s was not asked for", name);
    return NAN;
}

static double compute(const struct metric *m, const struct inputs *in, char *reason, size_t bytes)
{
    double over = input(in, m->over[0], reason, bytes);
    char ignored[8];
    if (isnan(over) && m->over[1]) over = input(in, m->over[1], ignored, sizeof ignored);
    if (isnan(over) || !m->under) return over * m->factor;
    const double under = input(in, m->under, reason, bytes);
    const long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    if (under == 0) snprintf(reason, bytes, "%s is 0", m->under);
    if (m->factor == 0 && line <= 0) snprintf(reason, bytes, "the system does not tell how long a cache line is");
    if (under == 0 || (m->factor == 0 && line <= 0)) return NAN;
    return (m->factor == 0 ? (double)line : m->factor) * over / under;
}

json_t *cb_derived(const json_t *counters, double flops, double call_s)
{
    json_t *derived = json_object();
    const struct inputs in = {counters, flops, call_s};
    for (const struct metric *m = metrics; m < metrics + METRICS; m++) {
        char reason[320] = "", key[64];
        const double value = compute(m, &in, reason, sizeof reason);
        json_object_set_new(derived, m->key, isnan(value) ? json_null() : json_real(value));
        snprintf(key, sizeof key, "%s_reason", m->key);
        if (isnan(value)) json_object_set_new(derived, key, json_string(reason));
    }
    return derived;
}
