#ifndef CB_SCORE_FINGERPRINTS_H
#define CB_SCORE_FINGERPRINTS_H

#include "files/sha256.h"
#include "recipes/recipe.h"

/* The shipped loss fingerprints of the first iterations of recipes, seed 1, on the built-in synthetic set: what every
 * machine must compute. fingerprints.txt says how the file is made. */
struct cb_score_fingerprint {
    char recipe[CB_RECIPE_NAME];
    enum cb_numerics numerics;
    size_t iterations;
    char hex[CB_SHA256_HEX];
};
enum { CB_MAX_FINGERPRINTS = 64 };
struct cb_score_fingerprints {
    char path[4096];
    struct cb_score_fingerprint line[CB_MAX_FINGERPRINTS];
    size_t n;
};

/* Reads $CYCLEBENCH_FINGERPRINTS, else the file that comes with the program. Errors name file and line. */
enum cb_status cb_fingerprints_read(struct cb_score_fingerprints *fingerprints, struct cb_error *err);
/* NULL: there is none. */
const struct cb_score_fingerprint *cb_fingerprints_find(const struct cb_score_fingerprints *fingerprints,
                                                        const char *recipe, enum cb_numerics numerics);
/* Prints a line of the file to stdout. */
void cb_fingerprints_print(const struct cb_score_fingerprint *fingerprint);

#endif
