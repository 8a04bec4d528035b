#ifndef CB_SECTIONS_BUILD_H
#define CB_SECTIONS_BUILD_H

#include "../inputs/inputs.h"
#include "../picture/chart.h"

/* The whole report as a document (page/document.h). target: NaN, each run has that of its recipe. New reference. */
json_t *cb_build_report(const struct cb_inputs *inputs, double target);

/* The chart of that name, or the first if it is NULL, not drawn yet. names: an array that gets the names of all charts
 * that the inputs have. False: there is none. */
bool cb_build_chart(struct cb_chart *chart, const struct cb_inputs *inputs, double target, const char *name,
                    json_t *names);

#endif
