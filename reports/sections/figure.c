#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"
#include "../lib/values.h"
#include "../page/document.h"
#include "../picture/draw.h"
#include "sections.h"

static bool has_point(const struct cb_chart *chart, bool on_axes)
{
    for (size_t i = 0; i < chart->series_count; i++)
        for (size_t k = 0; k < chart->series[i].count; k++) {
            const struct cb_point_xy *p = &chart->series[i].points[k];
            if (isfinite(p->x) && isfinite(p->y) &&
                (!on_axes || ((!chart->x.logarithmic || p->x > 0) && (!chart->y.logarithmic || p->y > 0))))
                return true;
        }
    return false;
}

/* What gnuplot says need not be UTF-8. */
static void note_missing(json_t *section, const struct cb_report_error *err)
{
    char *reason = cb_text_repaired(err->text, strlen(err->text));
    cb_note(section, "A picture is missing: %s.", reason);
    free(reason);
}

static void draw(json_t *section, const struct cb_chart *chart, const char *caption)
{
    struct cb_report_error err;
    char *wide = cb_draw_svg(chart, CB_WIDE, &err), *narrow = wide ? cb_draw_svg(chart, CB_NARROW, &err) : NULL;
    if (narrow)
        cb_figure(section, chart->name, chart->title, caption, wide, narrow);
    else
        note_missing(section, &err);
    free(wide);
    free(narrow);
}

void cb_report_chart(struct cb_report *report, json_t *section, struct cb_chart *chart, const char *caption)
{
    const bool drawable = has_point(chart, true);
    if (!drawable && has_point(chart, false))
        cb_note(section, "A picture is missing: %s: no value is above 0, as its logarithmic axis needs.", chart->title);
    if (drawable && report->names) {
        cb_append(report->names, cb_sentence("%s", chart->name));
        if (!report->picked.name && (!report->wanted || !strcmp(report->wanted, chart->name))) {
            report->picked = *chart;
            return;
        }
    }
    if (drawable && report->draws) draw(section, chart, caption);
    cb_chart_free(chart);
}
