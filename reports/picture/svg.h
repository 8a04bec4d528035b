#ifndef CB_PICTURE_SVG_H
#define CB_PICTURE_SVG_H

#include "chart.h"

/* gnuplot's SVG made fit for a page: without XML declaration; ids are unique by the chart's name and the suffix; series
 * have their labels ("data-series" and a title); a style gives the colours of dark surroundings. malloc'ed. */
char *cb_svg_for_page(const char *svg, const struct cb_chart *chart, const char *suffix);

#endif
