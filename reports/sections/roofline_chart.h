#ifndef CB_SECTIONS_ROOFLINE_CHART_H
#define CB_SECTIONS_ROOFLINE_CHART_H

#include <jansson.h>

#include "../picture/chart.h"

/* The roofline of Williams, Waterman, Patterson (CACM 2009): rate over arithmetic intensity, below what the peaks and
 * the bandwidths allow. rows: of rows.h. Returns its caption. */
const char *cb_roofline_chart(struct cb_chart *chart, const json_t *bench, const json_t *rows, const char *name);

#endif
