#ifndef CB_PICTURE_GNUPLOT_H
#define CB_PICTURE_GNUPLOT_H

#include <stdio.h>

#include "../lib/run.h"

/* Whether gnuplot is there. */
bool cb_gnuplot_is_there(void);
/* The words that say how to get it. */
extern const char cb_how_to_draw[];

/* What gnuplot prints when fed with the file; malloc'ed, *size bytes and a 0. NULL: *err says why. It has half a minute,
 * and ends with this program; when it took longer, it is not run again until cb_gnuplot_is_there is asked. */
char *cb_gnuplot(FILE *script, size_t *size, struct cb_report_error *err);

#endif
