#ifndef CB_SECTIONS_ACCURACY_CHART_H
#define CB_SECTIONS_ACCURACY_CHART_H

#include "../picture/chart.h"
#include "experiment.h"

enum { CB_GROUPS_DRAWN = 12 /* more lines than these say no more */ };

/* Accuracy over minutes, or over epochs where no group has times; returns the caption, static text. */
const char *cb_accuracy_chart(struct cb_chart *chart, const struct cb_experiment *experiment, const char *name);

#endif
