#ifndef CB_REPORT_EXPORT_H
#define CB_REPORT_EXPORT_H

#include <stdio.h>

#include "../lib/run.h"

/* A format: writes what it has of a run whose iteration lines were kept. What the record does not know is left out.
 * False: *err says why this run cannot be written so. */
typedef bool cb_export(FILE *out, const struct cb_report_run *run, struct cb_report_error *err);

cb_export cb_export_mllog;          /* log lines of MLPerf Training (mlcommons/logging, package mlperf_logging) */
cb_export cb_export_dawnbench;      /* training progress of a DAWNBench entry for CIFAR-10, tab-separated */
cb_export cb_export_dawnbench_json; /* its description */
cb_export cb_export_tensorboard;    /* an event file of TensorBoard */
cb_export cb_export_csv;            /* a row an epoch */
cb_export cb_export_csv_iterations; /* a row an iteration */
cb_export cb_export_wandb;          /* JSON lines as the history of a Weights & Biases run has them */

/* When the run started, in seconds since 1970. False: the header does not say, and `format` needs it. */
bool cb_export_started(double *seconds, const struct cb_report_run *run, const char *format,
                       struct cb_report_error *err);

#endif
