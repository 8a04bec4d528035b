#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "instruments.h"
#include "record/line.h"
#include "record/reopen.h"

/* Losses are floats or sums of floats: 9 digits keep them. The header's doubles get 15, so that 0.1 is written as 0.1;
 * their exact values are in recipe_text. */
enum { LOSS_DIGITS = 9, HEADER_DIGITS = 15 };

struct cb_record {
    int fd;
    off_t length; /* of the whole lines; a torn one is overwritten by the next */
    size_t lost;  /* lines that could not be written, in this session or before */
    int broken;   /* the last write failed, which has been reported */
    char path[];
};

/* --- writing lines ------------------------------------------------------------------------------------------------ */

static enum cb_status open_at_end(struct cb_record **record, const char *path, struct cb_error *err)
{
    const size_t path_bytes = strlen(path) + 1;
    struct cb_record *r = calloc(1, sizeof *r + path_bytes);
    if (!r) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    memcpy(r->path, path, path_bytes);
    r->fd = open(path, O_WRONLY | O_CLOEXEC);
    r->length = r->fd < 0 ? -1 : lseek(r->fd, 0, SEEK_END);
    if (r->length < 0) {
        const enum cb_status status =
            cb_fail(err, CB_IO_ERROR, "%s: cannot open for writing: %s", path, strerror(errno));
        cb_record_close(r);
        return status;
    }
    *record = r;
    return CB_OK;
}

void cb_record_close(struct cb_record *record)
{
    if (!record) return;
    if (record->fd >= 0) close(record->fd);
    free(record);
}

enum cb_status cb_record_sync(struct cb_record *record, struct cb_error *err)
{
    if (!fdatasync(record->fd)) return CB_OK;
    return cb_fail(err, CB_IO_ERROR, "%s: fdatasync failed: %s", record->path, strerror(errno));
}

static int write_at(int fd, const uint8_t *data, size_t len, off_t offset)
{
    while (len) {
        const ssize_t done = pwrite(fd, data, len, offset);
        if (done < 0 && errno != EINTR) return -1;
        if (done <= 0) continue;
        data += done;
        len -= (size_t)done;
        offset += done;
    }
    return 0;
}

/* Takes the line. A disk that fills up must not end a training: the first failure is reported, the ones right after
 * it are only counted. */
static enum cb_status write_line(struct cb_record *r, struct line *line, struct cb_error *err)
{
    struct cb_bytes text;
    const enum cb_status status = cb_line_finish(&text, line, LOSS_DIGITS, err);
    if (status) return status;
    const int failed = write_at(r->fd, text.data, text.len, r->length);
    const int reason = errno;
    free(text.data);
    if (!failed) {
        r->length += (off_t)text.len;
        r->broken = 0;
        return CB_OK;
    }
    r->lost++;
    if (ftruncate(r->fd, r->length)) {
        /* The torn line stays until the next one overwrites it; readers skip a torn last line. */
    }
    if (r->broken) return CB_OK;
    r->broken = 1;
    return cb_fail(err, CB_IO_ERROR, "%s: write failed: %s; the training goes on, lines are missing from the log",
                   r->path, strerror(reason));
}

/* --- the header --------------------------------------------------------------------------------------------------- */

static json_t *network_json(const struct cb_model *model, const struct cb_recipe *recipe)
{
    const struct cb_network *network = cb_model_network(model);
    char name[CB_NETWORK_NAME];
    cb_network_name(network, name);
    json_t *sections = cb_recipe_json(recipe);
    const char *init = json_string_value(json_object_get(json_object_get(sections, "network"), "init"));
    json_t *out = json_pack("{s:s, s:I, s:s%, s:s, s:I}", "name", name, "depth", (json_int_t)cb_network_depth(network),
                            "shortcut", &network->shortcut, (size_t)1, "init", init, "parameters",
                            (json_int_t)cb_model_parameter_count(model));
    json_decref(sections);
    return out;
}

static json_t *memory_json(const struct cb_model *model)
{
    struct cb_memory_plan plan;
    cb_model_memory(model, &plan);
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "parameters", (json_int_t)plan.parameters, "activations",
                     (json_int_t)plan.activations, "gradients", (json_int_t)plan.gradients, "workspace",
                     (json_int_t)plan.workspace, "total", (json_int_t)plan.total);
}

static void put_init(struct line *line, const struct cb_record_run *run)
{
    if (!run->init_sha256) {
        cb_line_null(line, "init_weights", "the recipe's initialisation");
        return;
    }
    struct line init = {.object = json_object()};
    cb_line_text(&init, "name", run->init_name, "not known: the header was lost");
    cb_line_put(&init, "weights_sha256", json_string(run->init_sha256));
    line->failed |= init.failed;
    cb_line_put(line, "init_weights", init.object);
}

/* lost: this header stands in for one that is damaged. */
static enum cb_status header_text(struct cb_bytes *text, const struct cb_record_run *run, int lost,
                                  struct cb_error *err)
{
    char started[32] = "";
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);

    struct line line = cb_line_new("header");
    cb_line_count(&line, "format", 2);
    cb_line_text(&line, "name", run->recipe->name, NULL);
    cb_line_text(&line, "started", lost ? NULL : started,
                 "the header was damaged; threads and machine are those of the session that rebuilt it");
    cb_line_text(&line, "evaluated_on", run->evaluated_on, NULL);
    cb_line_text(&line, "data", run->data, NULL);
    cb_line_text(&line, "data_kind", run->data_kind, NULL);
    cb_line_text(&line, "train_sha256", run->train_sha256, NULL);
    cb_line_text(&line, "eval_sha256", run->eval_sha256, NULL);
    cb_line_count(&line, "train_images", run->train_images);
    cb_line_count(&line, "eval_images", run->eval_images);
    put_init(&line, run);
    cb_line_count(&line, "threads", run->threads);
    cb_line_count(&line, "iterations", run->recipe->schedule.iterations);
    char *recipe = cb_recipe_text(run->recipe);
    cb_line_put(&line, "recipe_text", recipe ? json_string(recipe) : NULL);
    free(recipe);
    cb_line_put(&line, "network", network_json(run->model, run->recipe));
    cb_line_put(&line, "memory_bytes", memory_json(run->model));
    cb_line_put(&line, "recipe", cb_recipe_json(run->recipe));
    cb_line_put(&line, "machine", cb_machine_json(run->threads));
    return cb_line_finish(text, &line, HEADER_DIGITS, err);
}

enum cb_status cb_record_create(struct cb_record **record, const char *path, const struct cb_record_run *run,
                                struct cb_error *err)
{
    *record = NULL;
    struct cb_bytes header;
    enum cb_status status = header_text(&header, run, 0, err);
    if (!status) status = cb_write_file(path, &header, 1, err);
    free(header.data);
    return status ? status : open_at_end(record, path, err);
}

enum cb_status cb_record_reopen(struct cb_record **record, const char *path, const struct cb_record_run *run,
                                size_t iteration, size_t epochs, struct cb_error *warning, struct cb_error *err)
{
    *record = NULL;
    struct cb_kept_lines kept;
    enum cb_status status = cb_record_keep(&kept, path, iteration, epochs, err);
    if (status) return status;
    struct cb_bytes parts[2] = {{NULL, 0}, kept.text};
    if (!kept.has_header) status = header_text(&parts[0], run, 1, err);
    warning->text[0] = '\0';
    if (!status && kept.damaged) status = cb_record_set_aside(path, warning, err);
    if (!status) status = cb_write_file(path, parts, 2, err);
    free(parts[0].data);
    free(kept.text.data);
    if (!status) status = open_at_end(record, path, err);
    if (!status) (*record)->lost = kept.missing_epochs;
    return status;
}

/* --- the other lines ---------------------------------------------------------------------------------------------- */

enum cb_status cb_record_resume(struct cb_record *record, const struct cb_record_run *run, size_t iteration,
                                double seconds, double killed_seconds, struct cb_error *err)
{
    struct line line = cb_line_new("resume");
    cb_line_count(&line, "iteration", iteration);
    cb_line_real(&line, "seconds", seconds);
    cb_line_real(&line, "killed_seconds_at_least", killed_seconds);
    cb_line_count(&line, "threads", run->threads);
    cb_line_text(&line, "data", run->data, NULL);
    cb_line_put(&line, "machine", cb_machine_json(run->threads));
    return write_line(record, &line, err);
}

enum cb_status cb_record_iteration(struct cb_record *record, const struct cb_record_iteration *iteration,
                                   struct cb_error *err)
{
    struct line line = cb_line_new("iteration");
    cb_line_count(&line, "iteration", iteration->iteration);
    cb_line_real(&line, "epoch", iteration->epoch);
    cb_line_real(&line, "lr", iteration->lr);
    cb_line_real(&line, "momentum", iteration->momentum);
    cb_line_real(&line, "loss", iteration->loss);
    cb_line_real(&line, "seconds", iteration->seconds);
    cb_line_real(&line, "images_per_second", iteration->images_per_second);
    return write_line(record, &line, err);
}

enum cb_status cb_record_epoch(struct cb_record *record, const struct cb_record_epoch *epoch, struct cb_error *err)
{
    struct line line = cb_line_new("epoch");
    cb_line_count(&line, "epoch", epoch->epoch);
    cb_line_count(&line, "iteration", epoch->iteration);
    cb_line_real(&line, "train_loss", epoch->train_loss);
    cb_line_real(&line, "train_loss_smoothed", epoch->train_loss_smoothed);
    cb_line_real(&line, "train_accuracy_percent", epoch->train_accuracy_percent);
    if (epoch->evaluated) {
        cb_line_real(&line, "eval_loss", epoch->eval_loss);
        cb_line_real(&line, "eval_accuracy_percent", epoch->eval_accuracy_percent);
    } else {
        cb_line_null(&line, "eval_loss", "not evaluated");
        cb_line_null(&line, "eval_accuracy_percent", "not evaluated");
    }
    cb_line_real(&line, "seconds", epoch->seconds);
    cb_line_real(&line, "seconds_total", epoch->seconds_total);
    cb_line_real(&line, "images_per_second", epoch->images_per_second);
    cb_line_text(&line, "loss_fingerprint", epoch->loss_fingerprint, NULL);
    return write_line(record, &line, err);
}

enum cb_status cb_record_end(struct cb_record *record, const struct cb_record_end *end, struct cb_error *err)
{
    struct line line = cb_line_new("end");
    cb_line_text(&line, "status", end->status, NULL);
    cb_line_put(&line, "reason", end->reason ? json_string(end->reason) : json_null());
    cb_line_count(&line, "iterations", end->iterations);
    cb_line_real(&line, "seconds", end->seconds);
    cb_line_known(&line, "seconds_to_target", end->seconds_to_target, "target not reached");
    cb_line_known(&line, "final_eval_accuracy_percent", end->final_eval_accuracy_percent,
                  "not the end of the training");
    cb_line_known(&line, "final_eval_loss", end->final_eval_loss, "not the end of the training");
    cb_line_count(&line, "resumed", end->resumed);
    cb_line_real(&line, "killed_seconds_at_least", end->killed_seconds);
    cb_line_text(&line, "loss_fingerprint", end->loss_fingerprint, "not computed");
    cb_line_text(&line, "weights_sha256", end->weights_sha256, "not computed");
    cb_line_count(&line, "peak_memory_bytes", end->peak_memory_bytes);
    cb_line_count(&line, "lost_lines", record->lost);
    if (end->counted) cb_line_put(&line, "perf", json_incref(end->perf));
    return write_line(record, &line, err);
}
