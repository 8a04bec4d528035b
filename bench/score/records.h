#ifndef CB_SCORE_RECORDS_H
#define CB_SCORE_RECORDS_H

#include <limits.h>

#include "../../reports/lib/run.h"
#include "recipes/recipe.h"

/* How many epochs a training takes to a target, from the records of runs. */

/* SHA-256 of what recipes have in common that train alike but for seed and numerics version: how often they evaluate,
 * save and log, and their target, are left out. */
enum cb_status cb_score_training(const struct cb_recipe *recipe, char training[CB_SHA256_HEX], struct cb_error *err);

struct cb_score_record {
    char training[CB_SHA256_HEX];
    enum cb_numerics numerics;
    uint64_t seed;
    struct cb_report_run run;
};
struct cb_score_records {
    char folder[PATH_MAX];
    struct cb_score_record *record;
    size_t n;
};

/* Reads the records of all run directories in the folder of $CYCLEBENCH_RUNS, else in the one that comes with the
 * program (reports/results/runs, or runs below share/cyclebench). Those that cannot tell the epochs are left out: of
 * other than official images, or begun from given weights. A record that is broken is an error. */
enum cb_status cb_score_records_read(struct cb_score_records *records, struct cb_error *err);
void cb_score_records_free(struct cb_score_records *records);

enum { CB_SCORE_MAX_SEEDS = 32 };
struct cb_score_epochs {
    enum cb_numerics from; /* version of the runs: the one asked for if it has any, else the one that most seeds have */
    struct cb_score_seed {
        uint64_t seed;
        const char *run;        /* its folder; of several runs of the seed the first that tells */
        bool reached;           /* else it was completed without */
        size_t epoch;           /* the first whose accuracy is at or above the target */
        double epochs;          /* trained by then: a schedule may end within an epoch */
    } seed[CB_SCORE_MAX_SEEDS]; /* ascending */
    size_t n, reached;
};

/* Seeds of a training to the target in percent, each once, as far as records tell: a run that ended early and below the
 * target tells nothing. iterations: of an epoch. CB_BAD_INPUT: two records of the same training differ. */
enum cb_status cb_score_epochs_of(struct cb_score_epochs *epochs, const struct cb_score_records *records,
                                  const char *training, enum cb_numerics numerics, double target, size_t iterations,
                                  struct cb_error *err);

#endif
