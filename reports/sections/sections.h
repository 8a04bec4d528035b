#ifndef CB_SECTIONS_SECTIONS_H
#define CB_SECTIONS_SECTIONS_H

#include "../inputs/inputs.h"
#include "../picture/chart.h"
#include "experiment.h"

/* What the sections of a report are made of, and where to. */
struct cb_report {
    json_t *document; /* page/document.h */
    const struct cb_inputs *inputs;
    const struct cb_experiment *experiments;
    size_t experiment_count;
    const json_t *notebook; /* lib/notebook.h; NULL: not there */
    bool draws;             /* gnuplot is there */
    json_t *names;          /* of `cyclebench plot`: gets the names of all pictures, and nothing is drawn; or NULL */
    const char *wanted;     /* then the picture to pick; NULL: the first */
    struct cb_chart picked; /* that one */
};

/* Each adds a section to the document if there is something to say. */
void cb_section_answer(struct cb_report *report);     /* the sentence and the picture; then a table */
void cb_section_curves(struct cb_report *report);     /* rate, momentum, losses */
void cb_section_finders(struct cb_report *report);    /* learning-rate finder */
void cb_section_steps(struct cb_report *report);      /* where the time of a step goes */
void cb_section_kernels(struct cb_report *report);    /* kernels beside peers, and the roofline */
void cb_section_scores(struct cb_report *report);     /* projected times by machine */
void cb_section_history(struct cb_report *report);    /* counts and times over the commits */
void cb_section_conditions(struct cb_report *report); /* machines, builds, disturbances, how to repeat it */

/* Draws the chart into the section, and frees it. Charts without a point are left out. */
void cb_report_chart(struct cb_report *report, json_t *section, struct cb_chart *chart, const char *caption);

#endif
