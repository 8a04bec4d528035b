#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "instruments.h"
#include "record/reopen.h"

/* Losses are floats or sums of floats: 9 digits keep them. The header's doubles get 15, so that 0.1 is written as 0.1;
 * their exact values are in recipe_text. */
enum { LOSS_DIGITS = 9, HEADER_DIGITS = 15 };

struct cb_record {
    int fd;
    off_t length; /* of the whole lines; a torn one is overwritten by the next */
    size_t lost;  /* lines that could not be written */
    int broken;   /* the last write failed, which has been reported */
    char path[];
};

/* --- opening and writing lines ------------------------------------------------------------------------------------ */

enum cb_status cb_record_open(struct cb_record **record, const char *path, size_t iteration, struct cb_error *err)
{
    *record = NULL;
    enum cb_status status = CB_OK;
    if (access(path, F_OK) == 0) status = cb_record_cut_back(path, iteration, err);
    if (status) return status;
    const size_t path_bytes = strlen(path) + 1;
    struct cb_record *r = calloc(1, sizeof *r + path_bytes);
    if (!r) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory", path);
    memcpy(r->path, path, path_bytes);
    r->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    r->length = r->fd < 0 ? -1 : lseek(r->fd, 0, SEEK_END);
    if (r->length < 0) {
        status = cb_fail(err, CB_IO_ERROR, "%s: cannot open for writing: %s", path, strerror(errno));
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

static int write_at(int fd, const char *data, size_t len, off_t offset)
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

/* Takes the object. A disk that fills up must not end a training: the first failure is reported, the ones right after
 * it are only counted. */
static enum cb_status write_line(struct cb_record *r, json_t *line, size_t digits, struct cb_error *err)
{
    if (!line) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory for a line", r->path);
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(digits));
    json_decref(line);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "%s: out of memory for a line", r->path);
    const size_t len = strlen(text);
    text[len] = '\n'; /* instead of the terminator */
    const int failed = write_at(r->fd, text, len + 1, r->length);
    const int reason = errno;
    free(text);
    if (!failed) {
        r->length += (off_t)len + 1;
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

/* --- values ------------------------------------------------------------------------------------------------------- */

static void set_null(json_t *line, const char *key, const char *reason)
{
    char sibling[64];
    snprintf(sibling, sizeof sibling, "%s_reason", key);
    json_object_set_new(line, key, json_null());
    json_object_set_new(line, sibling, json_string(reason));
}

/* JSON has no NaN and no infinity. */
static void set_real(json_t *line, const char *key, double x)
{
    if (isfinite(x))
        json_object_set_new(line, key, json_real(x));
    else
        set_null(line, key, isnan(x) ? "NaN" : x > 0 ? "infinity" : "-infinity");
}

static void set_count(json_t *line, const char *key, size_t n)
{
    json_object_set_new(line, key, json_integer((json_int_t)n));
}

/* Members whose negative value means that there is none. */
static void set_known(json_t *line, const char *key, double x, const char *reason)
{
    if (x < 0)
        set_null(line, key, reason);
    else
        set_real(line, key, x);
}

static void set_text(json_t *line, const char *key, const char *text, const char *reason)
{
    if (text)
        json_object_set_new(line, key, json_string(text));
    else
        set_null(line, key, reason);
}

static json_t *new_line(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

/* --- the lines ---------------------------------------------------------------------------------------------------- */

static json_t *network_json(const struct cb_model *model, const struct cb_recipe *recipe)
{
    const struct cb_network *network = cb_model_network(model);
    char name[32];
    snprintf(name, sizeof name, "resnet%zu", network->depth);
    json_t *sections = cb_recipe_json(recipe);
    const char *init = json_string_value(json_object_get(json_object_get(sections, "network"), "init"));
    json_t *out = json_pack("{s:s, s:I, s:s%, s:s?, s:I}", "name", name, "depth", (json_int_t)network->depth,
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

enum cb_status cb_record_header(struct cb_record *record, const struct cb_recipe *recipe, const struct cb_model *model,
                                const char *evaluated_on, const char *data_description, size_t threads,
                                struct cb_error *err)
{
    if (record->length) return cb_fail(err, CB_BAD_INPUT, "%s: already has a header", record->path);
    char started[32] = "";
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);

    json_t *line = new_line("header");
    set_count(line, "format", 1);
    set_text(line, "name", recipe->name, NULL);
    set_text(line, "started", started, NULL);
    set_text(line, "evaluated_on", evaluated_on, NULL);
    set_text(line, "data", data_description, NULL);
    set_count(line, "threads", threads);
    set_count(line, "iterations", recipe->schedule.iterations);
    char *text = cb_recipe_text(recipe);
    set_text(line, "recipe_text", text, "out of memory");
    free(text);
    int failed = json_object_set_new(line, "network", network_json(model, recipe));
    failed |= json_object_set_new(line, "memory_bytes", memory_json(model));
    failed |= json_object_set_new(line, "recipe", cb_recipe_json(recipe));
    failed |= json_object_set_new(line, "machine", cb_machine_json(threads));
    if (failed) {
        json_decref(line);
        line = NULL;
    }
    return write_line(record, line, HEADER_DIGITS, err);
}

enum cb_status cb_record_resume(struct cb_record *record, size_t iteration, double seconds, struct cb_error *err)
{
    json_t *line = new_line("resume");
    set_count(line, "iteration", iteration);
    set_real(line, "seconds", seconds);
    return write_line(record, line, LOSS_DIGITS, err);
}

enum cb_status cb_record_iteration(struct cb_record *record, size_t iteration, double epoch, double lr, double momentum,
                                   double loss, double seconds, double images_per_second, struct cb_error *err)
{
    json_t *line = new_line("iteration");
    set_count(line, "iteration", iteration);
    set_real(line, "epoch", epoch);
    set_real(line, "lr", lr);
    set_real(line, "momentum", momentum);
    set_real(line, "loss", loss);
    set_real(line, "seconds", seconds);
    set_real(line, "images_per_second", images_per_second);
    return write_line(record, line, LOSS_DIGITS, err);
}

enum cb_status cb_record_epoch(struct cb_record *record, const struct cb_record_epoch *epoch, struct cb_error *err)
{
    json_t *line = new_line("epoch");
    set_count(line, "epoch", epoch->epoch);
    set_count(line, "iteration", epoch->iteration);
    set_real(line, "train_loss", epoch->train_loss);
    set_real(line, "train_loss_smoothed", epoch->train_loss_smoothed);
    set_real(line, "train_accuracy_percent", epoch->train_accuracy_percent);
    if (epoch->evaluated) {
        set_real(line, "test_loss", epoch->test_loss);
        set_real(line, "test_accuracy_percent", epoch->test_accuracy_percent);
    } else {
        set_null(line, "test_loss", "not evaluated");
        set_null(line, "test_accuracy_percent", "not evaluated");
    }
    set_real(line, "seconds", epoch->seconds);
    set_real(line, "seconds_total", epoch->seconds_total);
    set_real(line, "images_per_second", epoch->images_per_second);
    return write_line(record, line, LOSS_DIGITS, err);
}

enum cb_status cb_record_end(struct cb_record *record, const struct cb_record_end *end, struct cb_error *err)
{
    json_t *line = new_line("end");
    set_text(line, "status", end->status, NULL);
    json_object_set_new(line, "reason", end->reason ? json_string(end->reason) : json_null());
    set_count(line, "iterations", end->iterations);
    set_real(line, "seconds", end->seconds);
    set_known(line, "seconds_to_target", end->seconds_to_target, "target not reached");
    set_known(line, "final_test_accuracy_percent", end->final_test_accuracy_percent, "not evaluated at the end");
    set_known(line, "final_test_loss", end->final_test_loss, "not evaluated at the end");
    set_count(line, "resumed", end->resumed);
    set_text(line, "loss_fingerprint", end->loss_fingerprint, "not computed");
    set_text(line, "weights_sha256", end->weights_sha256, "not computed");
    set_count(line, "peak_memory_bytes", end->peak_memory_bytes);
    set_count(line, "lost_lines", record->lost);
    return write_line(record, line, LOSS_DIGITS, err);
}
