#ifndef CB_PICTURE_DRAW_H
#define CB_PICTURE_DRAW_H

#include "../lib/run.h"
#include "chart.h"

enum cb_width { CB_WIDE, CB_NARROW /* for a phone */ };

/* The chart as SVG text without an XML declaration, for light and dark surroundings; malloc'ed. NULL: *err says why. */
char *cb_draw_svg(const struct cb_chart *chart, enum cb_width width, struct cb_report_error *err);
/* The chart as PNG; malloc'ed, *size bytes. */
char *cb_draw_png(const struct cb_chart *chart, size_t *size, struct cb_report_error *err);

#endif
