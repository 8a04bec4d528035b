#ifndef CB_PICTURE_SVG_H
#define CB_PICTURE_SVG_H

#include <stdio.h>

#include "../lib/run.h"
#include "chart.h"

/* gnuplot's SVG made fit for a page: without XML declaration; ids are unique by the chart's name and the suffix; series
 * have their labels ("data-series" and a title). malloc'ed. NULL: it is no SVG of gnuplot, and *err says so. */
char *cb_svg_for_page(const char *svg, const struct cb_chart *chart, const char *suffix, struct cb_report_error *err);
/* The CSS that gives such pictures the colours of dark surroundings where these are wanted. It finds colours by the
 * attributes in which gnuplot writes them. */
void cb_svg_print_style(FILE *out);
/* Such a picture with that CSS in it, for a file of its own. malloc'ed; NULL as above. */
char *cb_svg_alone(const char *svg, struct cb_report_error *err);

#endif
