#include "points.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>

/* Sets the clock on to the resumes up to this iteration. */
static void pass_resumes(struct cb_points *points, const struct cb_report_run *run, size_t index)
{
    for (; points->resumes < json_array_size(run->resumes); points->resumes++) {
        const json_t *resume = json_array_get(run->resumes, points->resumes);
        if ((size_t)json_integer_value(json_object_get(resume, "iteration")) > index) return;
        const double seconds = json_number_value(json_object_get(resume, "seconds"));
        if (seconds > points->seconds) points->seconds = seconds;
    }
}

bool cb_points_next(struct cb_points *points, const struct cb_report_run *run, struct cb_point *point)
{
    *point = (struct cb_point){0};
    if (points->iterations < run->iteration_count) point->line = &run->iterations[points->iterations];
    if (points->epochs < run->epoch_count) point->epoch = &run->epochs[points->epochs];
    if (!point->line && !point->epoch) return false;
    const size_t after = point->line ? point->line->iteration + 1 : SIZE_MAX;
    if (point->epoch && point->epoch->iteration < after) point->line = NULL;
    if (point->epoch && point->epoch->iteration > after) point->epoch = NULL;
    point->iteration = point->line ? after : point->epoch->iteration;
    if (point->line) {
        pass_resumes(points, run, point->line->iteration);
        if (isfinite(point->line->seconds)) points->seconds += point->line->seconds;
        points->iterations++;
    }
    if (point->epoch) {
        points->seconds = point->epoch->seconds_total;
        points->epochs++;
    }
    point->seconds = points->seconds;
    return true;
}

void cb_point_metrics(const struct cb_point *point, cb_metric *each, void *context)
{
    const struct cb_report_epoch *epoch = point->epoch;
    const struct cb_report_iteration *line = point->line;
    const struct {
        const char *tag;
        double value;
    } values[] = {
        {"iteration/loss", line ? line->loss : (double)NAN},
        {"iteration/lr", line ? line->lr : (double)NAN},
        {"iteration/momentum", line ? line->momentum : (double)NAN},
        {"iteration/images_per_second", line ? line->images_per_second : (double)NAN},
        {"train/loss", epoch ? epoch->train_loss : (double)NAN},
        {"train/loss_smoothed", epoch ? epoch->train_loss_smoothed : (double)NAN},
        {"train/accuracy_percent", epoch ? epoch->train_accuracy_percent : (double)NAN},
        {"train/images_per_second", epoch ? epoch->images_per_second : (double)NAN},
        {"eval/loss", epoch ? epoch->eval_loss : (double)NAN},
        {"eval/accuracy_percent", epoch ? epoch->accuracy_percent : (double)NAN},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (isfinite(values[i].value)) each(context, values[i].tag, values[i].value);
}
