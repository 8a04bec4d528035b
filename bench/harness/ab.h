#ifndef CB_AB_H
#define CB_AB_H

#include <jansson.h>
#include <stddef.h>

#include "core/status.h"
#include "rank_test.h"
#include "ratio.h"

/* Two builds compared, case by case, over rounds in each of which each build was one process. */

enum cb_ab_side { CB_OLD_BUILD, CB_NEW_BUILD, CB_BUILDS };

enum cb_ab_verdict { CB_NO_DIFFERENCE, CB_FASTER, CB_SLOWER, CB_NOT_COMPARED, CB_AB_VERDICTS };

struct cb_ab_case {
    char *name;
    char *contest;                      /* "" if the result file does not tell */
    struct cb_sample sample[CB_BUILDS]; /* seconds, one a round */
    /* By cb_ab_compare: */
    enum cb_ab_verdict verdict; /* on the new build */
    struct cb_ratio ratio;      /* old over new */
    struct cb_rank_test test;   /* a: old, b: new */
    double adjusted_p;          /* Holm's, over all cases compared */
};

struct cb_ab {
    size_t rounds; /* up to CB_RANK_MAX; after fewer than CB_INTERVAL_REPETITIONS nothing is compared */
    struct cb_ab_case *cases;
    size_t n;
    /* By cb_ab_compare: */
    size_t count[CB_AB_VERDICTS];
    double geometric_mean; /* of the ratios; NaN if nothing is compared */
};

extern const double cb_ab_significance; /* 0.05 */

/* The rows of a result file (--summary) of round `round`, counted from 0. One that is not as a result file is:
 * CB_UNAVAILABLE, as the user cannot mend it. */
enum cb_status cb_ab_add(struct cb_ab *ab, enum cb_ab_side side, size_t round, const json_t *result,
                         struct cb_error *err);

/* A case that was not measured in all rounds on both sides is not compared. */
enum cb_status cb_ab_compare(struct cb_ab *ab, struct cb_error *err);

size_t cb_ab_compared(const struct cb_ab *ab); /* cases */
/* The fewest rounds by which one of so many cases can be found different. */
size_t cb_ab_rounds_needed(size_t cases);

void cb_ab_free(struct cb_ab *ab);

#endif
