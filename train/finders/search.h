#ifndef CB_SEARCH_H
#define CB_SEARCH_H

#include "finders/curve.h"
#include "finders/finder.h"
#include "loop/session.h"
#include "record/line.h"

/* A finder that runs: one training for each curve, each from fresh weights. */
struct cb_search_curve {
    const char *label;
    double decay; /* the recipe's optimizer.weight_decay */
    struct cb_curve curve;
    struct cb_suggestion suggestion;
    struct line about; /* data, network and recipe as members of a JSON object, which the results take */
};

struct cb_search {
    struct cb_finder finder;
    struct cb_session_options options; /* machine, data, --set */
    int prints;                        /* what happens, on standard output */
    size_t threads;                    /* set by cb_search_run */
    size_t done;                       /* curves that are whole */
    struct cb_search_curve curves[CB_MAX_CURVES];
};

/* Reads the recipes of all curves, so that a wrong value is told before hours of training. */
enum cb_status cb_search_check(const struct cb_search *search, struct cb_error *err);

/* Trains curve after curve. A signal (cb_signal_flag) ends it with CB_OK: done then says how many curves are whole. */
enum cb_status cb_search_run(struct cb_search *search, struct cb_error *err);
void cb_search_free(struct cb_search *search);

enum cb_curve_rule cb_search_rule(const struct cb_search *search);
/* Whether the curves differ in weight decay, about which there is advice then. */
int cb_search_varies_decay(const struct cb_search *search);
/* Index of the curve with the largest weight decay that still allows a high rate; done, with the reason: none. */
size_t cb_search_decay(const struct cb_search *search, const char **reason);

#endif
