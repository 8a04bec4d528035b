#ifndef CB_AB_REPORT_H
#define CB_AB_REPORT_H

#include <jansson.h>

#include "ab.h"

/* What a comparison found, by cb_ab_compare. */

/* "cases" and the sums over them. NULL without memory. */
json_t *cb_ab_json(const struct cb_ab *ab);

/* The table, 120 columns at most, and the sums. */
void cb_ab_print(const struct cb_ab *ab);

#endif
