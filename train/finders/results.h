#ifndef CB_RESULTS_H
#define CB_RESULTS_H

#include "finders/search.h"

/* What a search leaves to be read, of its curves that are done. Texts are malloc'ed. */

/* The one JSON object of --json and finder.json. The curves' `about` objects go into it: call it once. */
enum cb_status cb_results_json(struct cb_bytes *text, struct cb_search *search, struct cb_error *err);
/* A line an iteration, with a header. */
enum cb_status cb_results_csv(struct cb_bytes *text, const struct cb_search *search, struct cb_error *err);
/* The script from which gnuplot draws lr-find.svg. */
enum cb_status cb_results_plot(struct cb_bytes *text, const struct cb_search *search, struct cb_error *err);

/* Prints the table of the curves, the suggestions, and the rules that they come from. */
void cb_results_print(const struct cb_search *search);

/* Refuses a folder that holds a finder's results, before the search; makes it. */
enum cb_status cb_results_open(const char *folder, struct cb_error *err);
/* Writes curve.csv, lr-find.svg and, last, finder.json. Without gnuplot there is no SVG, which is said on stderr. */
enum cb_status cb_results_write(const char *folder, const struct cb_search *search, const struct cb_bytes *json,
                                struct cb_error *err);

#endif
