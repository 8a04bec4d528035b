/* The history of a Weights & Biases run: a JSON object a step. */
#include "../lib/values.h"
#include "export.h"
#include "points.h"

static void put(void *context, const char *tag, double value)
{
    cb_put(context, tag, json_real(value));
}

bool cb_export_wandb(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    double started;
    if (!cb_export_started(&started, run, "wandb-jsonl", err)) return false;
    struct cb_points points = {0};
    struct cb_point point;
    while (cb_points_next(&points, run, &point)) {
        json_t *step = json_object();
        cb_put(step, "_step", json_integer((json_int_t)point.iteration));
        cb_put(step, "_runtime", json_real(point.seconds));
        cb_put(step, "_timestamp", json_real(started + point.seconds));
        if (point.epoch) cb_put(step, "epoch", json_integer((json_int_t)point.epoch->epoch));
        cb_point_metrics(&point, put, step);
        json_dumpf(step, out, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
        fputc('\n', out);
        json_decref(step);
    }
    return true;
}
