#ifndef CB_COUNT_H
#define CB_COUNT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* One counted number with its source, or the reason why there is none. A missing number is never 0. */
struct cb_count {
    bool known;
    bool exact;       /* the same work gives the same number at every repetition */
    uint64_t value;   /* if known */
    char source[128]; /* what counted: "PAPI PAPI_TOT_INS", "getrusage", "single-step", "callgrind", "analytic", ... */
    char reason[256]; /* if not known: why, and what to do */
};

void cb_count_set(struct cb_count *count, uint64_t value, bool exact, const char *source);
void cb_count_missing(struct cb_count *count, const char *reason_format, ...) __attribute__((format(printf, 2, 3)));

/* {"value": 17, "source": "...", "exact": true}, or {"value": null, "source": "unavailable", "reason": "..."}. New
 * reference. */
json_t *cb_count_json(const struct cb_count *count);

#endif
