#ifndef CB_PICTURE_SCRIPT_H
#define CB_PICTURE_SCRIPT_H

#include <stdio.h>

#include "draw.h"

/* The commands by which gnuplot 5.4 or newer draws the chart to its standard output. `terminal` is "svg" or
 * "pngcairo". The series stand in the order of the chart, a plot each; those without a point are left out. */
void cb_write_script(FILE *out, const struct cb_chart *chart, enum cb_width width, const char *terminal);

#endif
