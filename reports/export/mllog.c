/* Log lines of MLPerf Training: ":::MLLOG " and an object with the members of mlperf_logging's mllog.py. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/values.h"
#include "export.h"

struct log {
    FILE *out;
    double started; /* seconds since 1970 */
};

/* Takes value (NULL: null); epoch 0: the line belongs to none. */
static void event(const struct log *log, double seconds, const char *type, const char *key, json_t *value, size_t epoch,
                  const char *status)
{
    json_t *metadata = json_object(), *line = json_object();
    if (epoch) cb_put(metadata, "epoch_num", json_integer((json_int_t)epoch));
    if (status) cb_put(metadata, "status", json_string(status));
    cb_put(line, "namespace", json_string(""));
    cb_put(line, "time_ms", json_integer((json_int_t)llround((log->started + seconds) * 1e3)));
    cb_put(line, "event_type", json_string(type));
    cb_put(line, "key", json_string(key));
    cb_put(line, "value", value ? value : json_null());
    cb_put(line, "metadata", metadata);
    fputs(":::MLLOG ", log->out);
    json_dumpf(line, log->out, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
    fputc('\n', log->out);
    json_decref(line);
}

static const char begins[] = "INTERVAL_START", ends[] = "INTERVAL_END", point[] = "POINT_IN_TIME";

/* A text or number of the header; nothing else is logged. */
static void setting(const struct log *log, const struct cb_report_run *run, const char *key, const char *path)
{
    json_t *value = cb_member(run->header, path);
    if (json_is_number(value) || json_is_string(value)) event(log, 0, point, key, json_incref(value), 0, NULL);
}

/* A seed is written as text where it was made; a number is expected here. */
static void seed(const struct log *log, const struct cb_report_run *run)
{
    const char *text = json_string_value(cb_member(run->header, "recipe.run.seed"));
    char *end;
    errno = 0;
    const long long number = text ? strtoll(text, &end, 10) : 0;
    if (text && *text && !*end && !errno)
        event(log, 0, point, "seed", json_integer(number), 0, NULL);
    else
        setting(log, run, "seed", "recipe.run.seed");
}

static void settings(const struct log *log, const struct cb_report_run *run)
{
    static const char *const keys[][2] = {{"global_batch_size", "recipe.data.batch"},
                                          {"opt_momentum", "recipe.optimizer.momentum"},
                                          {"opt_weight_decay", "recipe.optimizer.weight_decay"},
                                          {"train_samples", "train_images"},
                                          {"eval_samples", "eval_images"}};
    setting(log, run, "submission_benchmark", "network.name");
    event(log, 0, point, "submission_division", json_string("open"), 0, NULL);
    /* The clock starts before anything is initialised, so the interval that MLPerf does not time is empty. */
    event(log, 0, begins, "init_start", NULL, 0, NULL);
    seed(log, run);
    event(log, 0, point, "opt_name", json_string("sgd"), 0, NULL);
    const bool cycle = cb_member(run->header, "recipe.schedule.lr_max");
    setting(log, run, "opt_base_learning_rate", cycle ? "recipe.schedule.lr_max" : "recipe.schedule.lr");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) setting(log, run, keys[i][0], keys[i][1]);
    event(log, 0, ends, "init_stop", NULL, 0, NULL);
    event(log, 0, begins, "run_start", NULL, 0, NULL);
}

/* Whether the run was resumed between these two counts of finished iterations. */
static bool resumed_between(const struct cb_report_run *run, size_t first, size_t last)
{
    for (size_t i = 0; i < json_array_size(run->resumes); i++) {
        const json_t *resume = json_array_get(run->resumes, i);
        const size_t at = (size_t)json_integer_value(json_object_get(resume, "iteration"));
        if (at > first && at < last) return true;
    }
    return false;
}

/* When the evaluation of an epoch began: its training images at their pace after its start. NaN: not known. */
static double evaluation_start(const struct cb_report_run *run, size_t index)
{
    const struct cb_report_epoch *epoch = &run->epochs[index];
    const size_t before = index ? run->epochs[index - 1].iteration : 0;
    const bool follows = epoch->epoch == (index ? run->epochs[index - 1].epoch + 1 : 1);
    const double batch = json_number_value(cb_member(run->header, "recipe.data.batch"));
    const double set = json_number_value(cb_member(run->header, "train_images"));
    const double images = fmin(set, batch * (double)(epoch->iteration - before));
    if (!follows || images <= 0 || resumed_between(run, before, epoch->iteration)) return (double)NAN;
    const double start = epoch->seconds_total - epoch->seconds + images / epoch->images_per_second;
    return isfinite(start) ? fmin(start, epoch->seconds_total) : (double)NAN;
}

static void evaluation(const struct log *log, const struct cb_report_run *run, size_t index)
{
    const struct cb_report_epoch *epoch = &run->epochs[index];
    const double start = evaluation_start(run, index), end = epoch->seconds_total;
    if (isfinite(start)) event(log, start, begins, "eval_start", NULL, epoch->epoch, NULL);
    event(log, end, point, "eval_accuracy", json_real(epoch->accuracy_percent / 100), epoch->epoch, NULL);
    if (isfinite(start)) event(log, end, ends, "eval_stop", NULL, epoch->epoch, NULL);
}

bool cb_export_mllog(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    struct log log = {.out = out};
    if (!cb_export_started(&log.started, run, "mllog", err)) return false;
    settings(&log, run);
    const double target = json_number_value(cb_member(run->header, "recipe.run.target"));
    double begin = 0;
    for (size_t i = 0; i < run->epoch_count; i++) {
        const struct cb_report_epoch *epoch = &run->epochs[i];
        event(&log, begin, begins, "epoch_start", NULL, epoch->epoch, NULL);
        if (isfinite(epoch->accuracy_percent)) evaluation(&log, run, i);
        begin = epoch->seconds_total;
        event(&log, begin, ends, "epoch_stop", NULL, epoch->epoch, NULL);
        if (epoch->accuracy_percent >= target) { /* the run of MLPerf ends where the target is first reached */
            event(&log, begin, ends, "run_stop", NULL, epoch->epoch, "success");
            return true;
        }
    }
    const json_t *seconds = cb_member(run->end, "seconds");
    if (json_is_number(seconds)) event(&log, json_number_value(seconds), ends, "run_stop", NULL, 0, "aborted");
    return true;
}
