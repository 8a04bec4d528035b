#ifndef CB_SCORE_H
#define CB_SCORE_H

#include "fingerprints.h"
#include "projection.h"
#include "records.h"

/* cyclebench score: how long the headline trainings would take here to their target. */

enum { CB_SCORE_MAX_RECIPES = 16, CB_SCORE_MAX_ROUNDS = 16 };
extern const enum cb_numerics cb_score_versions[];
enum { CB_SCORE_VERSIONS = 2 };
_Static_assert(CB_SCORE_MAX_RECIPES *CB_SCORE_VERSIONS *CB_SCORE_MAX_ROUNDS <= CB_MAX_VISITS,
               "the visits of all cases fit into one timing");

/* A recipe in one numerics version. */
struct cb_score_case {
    struct cb_recipe recipe; /* resolved for the official set, seed 1 */
    char training[CB_SHA256_HEX];
    size_t images, evaluation_images; /* of an epoch, of an evaluation */
    size_t iterations;                /* that a visit trains */
    char expected[CB_SHA256_HEX];     /* the shipped fingerprint; else that of the first visit */
    bool shipped;
    char got[CB_SHA256_HEX];
    bool mismatch; /* got is not what is expected: nothing else is known of the case */
    struct cb_visit visit[CB_SCORE_MAX_ROUNDS];
    size_t visits;
    struct cb_timing timing;
    struct cb_score_epochs epochs;
    struct cb_spread seconds; /* to the target, if a run of epochs reached it */
};

struct cb_score_options {
    const char *const *recipes;
    size_t n_recipes; /* 1 .. CB_SCORE_MAX_RECIPES */
    double target;    /* percent; NaN: that of the first recipe */
    double seconds;   /* that measuring may take, at least two rounds; twice as much on a disturbed machine */
    const char *threads, *isa;
    bool oversubscribe;
};

struct cb_score {
    struct cb_score_case *cases; /* by recipe, then by version */
    size_t n;
    double target;
    size_t threads;
    const char *threads_reason;
    double load_average; /* before it began; NaN: not known */
    struct cb_energy energy;
    struct cb_score_records records;
    struct cb_score_fingerprints fingerprints;
    size_t rounds;
    double measured_s;
};

/* Instruction set and threads, recipes, fingerprints and, unless fingerprints alone are wanted, records. */
enum cb_status cb_score_prepare(struct cb_score *score, const struct cb_score_options *options, bool fingerprints_alone,
                                struct cb_error *err);
void cb_score_close(struct cb_score *score);

/* Trains each case's first iterations once and prints them as lines of fingerprints.txt. */
enum cb_status cb_score_print_fingerprints(struct cb_score *score, struct cb_error *err);

/* Measures in rounds, in each of which every case has its turn, and projects. A fingerprint that is not the shipped one
 * is told on stderr and ends the case, not the others. A signal ends it after an iteration with CB_OK. */
enum cb_status cb_score_measure(struct cb_score *score, double seconds, struct cb_error *err);

size_t cb_score_mismatches(const struct cb_score *score);
bool cb_score_disturbed(const struct cb_score *score); /* a timing is */

/* The recipes' numerics version with the shortest step of the first recipe; CB_NUMERICS_COUNT if none was timed. */
enum cb_numerics cb_score_fastest(const struct cb_score *score);

#endif
