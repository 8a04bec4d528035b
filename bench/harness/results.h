#ifndef CB_RESULTS_H
#define CB_RESULTS_H

#include <jansson.h>

#include "case.h"
#include "ceilings.h"
#include "session.h"
#include "ratio.h"

/* What a run of the benchmarks found, as JSON: rows in Google Benchmark's keys, with more of ours. */
struct cb_results {
    json_t *benchmarks;       /* all rows */
    json_t *summary;          /* one row a case */
    json_t *contests;         /* ours against each library */
    json_t *skipped, *errors; /* {"name", "reason"}, {"name", "message"} */
    bool aggregates_only;     /* keep no repetitions in benchmarks */
    size_t cases;             /* rows so far, for family_index */
};

enum cb_status cb_results_create(struct cb_results *results, bool aggregates_only, struct cb_error *err);
void cb_results_free(struct cb_results *results);

/* A case's rows from the library; adds what is known of the case to each, and the case's row to the summary. Returns
 * that row (borrowed). perf: what cb_perf_count found, to be in every row; NULL: nothing. */
json_t *cb_results_add(struct cb_results *results, const struct cb_session *session, size_t implementation,
                       json_t *rows, json_t *perf);
/* A case that was skipped, or was wrong. */
void cb_results_refuse(struct cb_results *results, const struct cb_case *the_case, size_t implementation, bool wrong,
                       const char *why);

/* The seconds of a case's repetitions, in the order in which they were measured. */
enum cb_status cb_results_sample(struct cb_sample *sample, const json_t *rows, struct cb_error *err);
double cb_row_seconds(const json_t *row, const char *key); /* "real_time" or "cpu_time" in seconds; NaN if it is null */

/* Ours beside one library: the fastest of ours and the library's fastest, by parts. */
struct cb_comparison {
    const struct cb_implementation *ours;
    const struct cb_implementation *theirs[CB_MAX_PARTS];
    size_t n_parts;
    struct cb_ratio ratio;
    const char *version; /* of the library; NULL: not known */
    const char *kernels; /* that it chose, if they are below what this CPU offers for this work; else NULL */
};
/* samples: one for each implementation, n = 0 without a result. False: there is nothing to compare. */
bool cb_compare(struct cb_comparison *comparison, const struct cb_case *the_case, const struct cb_peer *peer,
                const struct cb_sample *samples);
void cb_results_add_comparison(struct cb_results *results, const struct cb_case *the_case, const struct cb_peer *peer,
                               const struct cb_comparison *comparison);

#endif
