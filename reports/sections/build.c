#include "build.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/notebook.h"
#include "../lib/text.h"
#include "../lib/values.h"
#include "../page/document.h"
#include "../picture/gnuplot.h"
#include "sections.h"

static void say_missing_notebook(struct cb_report *report, const struct cb_report_error *err)
{
    char *reason = cb_text_repaired(err->text, strlen(err->text));
    cb_note(cb_section(report->document, "notebook", "The notebook"),
            "Its tables cannot be read, so nothing of it stands beside the runs: %s.", reason);
    free(reason);
}

static json_t *build(struct cb_report *report, double target)
{
    struct cb_report_error err;
    json_t *notebook = cb_notebook_read(&err);
    struct cb_experiment *experiments =
        cb_experiments_of(report->inputs->runs, report->inputs->run_count, target, notebook, &report->experiment_count);
    report->experiments = experiments;
    report->notebook = notebook;
    report->document = cb_document("cyclebench report");
    cb_section_answer(report);
    cb_section_curves(report);
    cb_section_finders(report);
    cb_section_steps(report);
    cb_section_kernels(report);
    cb_section_scores(report);
    cb_section_history(report);
    if (!notebook && report->experiment_count) say_missing_notebook(report, &err);
    cb_section_conditions(report);
    for (size_t e = 0; e < report->experiment_count; e++) cb_experiment_free(&experiments[e]);
    free(experiments);
    json_decref(notebook);
    return report->document;
}

json_t *cb_build_report(const struct cb_inputs *inputs, double target)
{
    struct cb_report report = {.inputs = inputs, .draws = cb_gnuplot_is_there()};
    return build(&report, target);
}

bool cb_build_chart(struct cb_chart *chart, const struct cb_inputs *inputs, double target, const char *name,
                    json_t *names)
{
    struct cb_report report = {.inputs = inputs, .wanted = name, .names = names};
    json_decref(build(&report, target));
    *chart = report.picked;
    return chart->name;
}
