/* Epochs and iterations as CSV: RFC 4180 with \n, a missing value is empty. */
#include <math.h>

#include "../lib/table.h"
#include "export.h"

enum { WRONG_INPUT = 2 };

static void number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.15g", value);
    else
        fputc(',', out);
}

bool cb_export_csv(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    (void)err;
    fputs("run,epoch,iteration,seconds_total,seconds,train_loss,train_loss_smoothed,train_accuracy_percent,"
          "eval_loss,eval_accuracy_percent,images_per_second\n",
          out);
    for (size_t i = 0; i < run->epoch_count; i++) {
        const struct cb_report_epoch *e = &run->epochs[i];
        const double values[] = {e->seconds_total,          e->seconds,   e->train_loss,       e->train_loss_smoothed,
                                 e->train_accuracy_percent, e->eval_loss, e->accuracy_percent, e->images_per_second};
        cb_csv_field(out, run->label, true);
        fprintf(out, ",%zu,%zu", e->epoch, e->iteration);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) number(out, values[k]);
        fputc('\n', out);
    }
    return true;
}

bool cb_export_csv_iterations(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    if (!run->iteration_count)
        return cb_report_fail(err, WRONG_INPUT,
                              "%s: no iteration lines; expected a run that was trained with run.log_iterations = true, "
                              "or choose csv",
                              run->path);
    fputs("run,iteration,epoch,lr,momentum,loss,seconds,images_per_second\n", out);
    for (size_t i = 0; i < run->iteration_count; i++) {
        const struct cb_report_iteration *line = &run->iterations[i];
        const double values[] = {line->epoch, line->lr,      line->momentum,
                                 line->loss,  line->seconds, line->images_per_second};
        cb_csv_field(out, run->label, true);
        fprintf(out, ",%zu", line->iteration);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) number(out, values[k]);
        fputc('\n', out);
    }
    return true;
}
