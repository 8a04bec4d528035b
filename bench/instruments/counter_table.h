#ifndef CB_COUNTER_TABLE_H
#define CB_COUNTER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "counter_set.h"
#include "counters.h"

/* Which PAPI events count what on which CPU. */

enum { CB_MAX_CANDIDATES = 4 };

/* A weighted sum of PAPI events; NULL ends the names. */
struct cb_expression {
    const char *names[CB_MAX_TERMS];
    unsigned weights[CB_MAX_TERMS];
};

/* What the table is looked up by. vendor: "GenuineIntel", "AuthenticAMD", or Arm's implementer as text ("0x41"); model
 * is Arm's part number. Zeros if unknown. */
struct cb_cpu {
    char vendor[16];
    unsigned family, model;
};

/* Expressions to try, best first; returns how many. */
size_t cb_event_candidates(const struct cb_cpu *cpu, enum cb_event event,
                           const struct cb_expression *candidates[CB_MAX_CANDIDATES]);

/* The event that a PAPI event of this name counts, by the table; CB_EVENT_COUNT: it is not there. */
enum cb_event cb_event_of_papi(const char *name);

/* The weighted sum; values: of the terms in turn. */
uint64_t cb_expression_total(const struct cb_expression *expression, const long long *values);

/* "PAPI perf_raw::r02c7 + 4 perf_raw::r08c7". */
void cb_expression_text(const struct cb_expression *expression, char *text, size_t bytes);

#endif
