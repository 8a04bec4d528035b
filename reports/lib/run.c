#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "text.h"

enum { WRONG_INPUT = 2, NEWEST_FORMAT = 2 };

/* Where a line stands, for messages. */
struct place {
    const char *name;
    size_t line;
    struct cb_report_error *err;
};

static bool wrong(const struct place *at, const char *what)
{
    return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: %s", at->name, at->line, what);
}

/* A key that must be there: a number, or null for "not known" (NaN here). */
static bool number(const json_t *object, const char *key, double *value, const struct place *at)
{
    const json_t *member = json_object_get(object, key);
    *value = json_is_number(member) ? json_number_value(member) : (double)NAN;
    if (json_is_number(member) || json_is_null(member)) return true;
    return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: key \"%s\": expected a number or null, got %s", at->name,
                          at->line, key, member ? "another type" : "nothing");
}

/* A key that some records lack. */
static double known_number(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return json_is_number(member) ? json_number_value(member) : (double)NAN;
}

/* What no training can have: 1e9 s are 31 years. What is not known is let be. */
static bool check_ranges(const json_t *line, const struct place *at)
{
    static const struct {
        const char *key;
        double most;
    } limits[] = {{"seconds", 1e9},
                  {"seconds_total", 1e9},
                  {"seconds_to_target", 1e9},
                  {"killed_seconds_at_least", 1e9},
                  {"train_accuracy_percent", 100},
                  {"eval_accuracy_percent", 100},
                  {"test_accuracy_percent", 100},
                  {"final_eval_accuracy_percent", 100},
                  {"final_test_accuracy_percent", 100}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const double value = known_number(line, limits[i].key);
        if (value < 0 || value > limits[i].most)
            return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: key \"%s\": expected 0 to %g, got %.9g", at->name,
                                  at->line, limits[i].key, limits[i].most, value);
    }
    return true;
}

static bool index_number(const json_t *object, const char *key, size_t *value, const struct place *at)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_integer(member) || json_integer_value(member) < 0)
        return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: key \"%s\": expected an integer >= 0", at->name, at->line,
                              key);
    *value = (size_t)json_integer_value(member);
    return true;
}

static bool one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text && i < count; i++)
        if (!strcmp(text, words[i])) return true;
    return false;
}

static bool is_hash(const json_t *member)
{
    const char *text = json_string_value(member);
    return text && strlen(text) == CB_REPORT_HASH - 1 && strspn(text, "0123456789abcdef") == CB_REPORT_HASH - 1;
}

static bool hash(const json_t *object, const char *key, const struct place *at)
{
    if (is_hash(json_object_get(object, key))) return true;
    return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: key \"%s\": expected a SHA-256 in hex", at->name, at->line,
                          key);
}

/* Keeps the line's object as one of the run's two single lines. */
static bool keep(json_t **slot, json_t *line, const struct place *at)
{
    if (*slot) return wrong(at, "a second line of this type; expected one");
    *slot = json_incref(line);
    return true;
}

/* What format 2 adds: which images, which weights to start from. */
static bool check_identity(const json_t *line, const struct place *at)
{
    static const char *const kinds[] = {"official", "synthetic", "other"};
    if (!one_of(json_string_value(json_object_get(line, "data_kind")), kinds, sizeof kinds / sizeof *kinds))
        return wrong(at, "header: \"data_kind\" must be official, synthetic or other");
    if (!hash(line, "train_sha256", at) || !hash(line, "eval_sha256", at)) return false;
    const json_t *init = json_object_get(line, "init_weights");
    if (json_is_null(init)) return true;
    if (!json_is_object(init)) return wrong(at, "header: \"init_weights\" must be null or an object");
    return hash(init, "weights_sha256", at);
}

static bool add_header(struct cb_report_run *run, json_t *line, const struct place *at)
{
    json_error_t mismatch;
    const char *text;
    json_t *object;
    double number_value;
    if (json_unpack_ex(line, &mismatch, 0, "{s:i, s:s, s:s, s:s, s:{s:s}, s:{s:{s:i}, s:{s:s}, s:{s:F}}, s:o}",
                       "format", &run->format, "name", &text, "evaluated_on", &text, "data", &text, "network", "name",
                       &text, "recipe", "data", "batch", &(int){0}, "schedule", "kind", &text, "run", "target",
                       &number_value, "machine", &object))
        return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: header: %s", at->name, at->line, mismatch.text);
    if (run->format < 1 || run->format > NEWEST_FORMAT)
        return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: header: format %d; this program reads formats 1 to %d",
                              at->name, at->line, run->format, NEWEST_FORMAT);
    if (!json_is_object(object)) return wrong(at, "header: \"machine\" is not an object");
    if (run->format > 1 && !check_identity(line, at)) return false;
    return keep(&run->header, line, at);
}

/* The array with room for one more: grown when the count is a power of two. */
static void *with_room(void *array, size_t count, size_t size)
{
    return count & (count - 1) ? array : cb_report_realloc(array, (count ? 2 * count : 1) * size);
}

static bool add_epoch(struct cb_report_run *run, const json_t *line, const struct place *at)
{
    struct cb_report_epoch epoch = {0};
    const char *accuracy = run->format > 1 ? "eval_accuracy_percent" : "test_accuracy_percent";
    if (!index_number(line, "epoch", &epoch.epoch, at) || !index_number(line, "iteration", &epoch.iteration, at) ||
        !number(line, "train_loss", &epoch.train_loss, at) || !number(line, accuracy, &epoch.accuracy_percent, at) ||
        !number(line, "seconds_total", &epoch.seconds_total, at) ||
        !number(line, "images_per_second", &epoch.images_per_second, at))
        return false;
    epoch.train_loss_smoothed = known_number(line, "train_loss_smoothed");
    epoch.train_accuracy_percent = known_number(line, "train_accuracy_percent");
    epoch.eval_loss = known_number(line, run->format > 1 ? "eval_loss" : "test_loss");
    epoch.seconds = known_number(line, "seconds");
    if (!epoch.epoch) return wrong(at, "key \"epoch\": expected an integer >= 1, got 0");
    if (!isfinite(epoch.seconds_total)) return wrong(at, "key \"seconds_total\": expected a number");
    if (run->format > 1) {
        if (!hash(line, "loss_fingerprint", at)) return false;
        snprintf(epoch.loss_fingerprint, sizeof epoch.loss_fingerprint, "%s",
                 json_string_value(json_object_get(line, "loss_fingerprint")));
    }
    const struct cb_report_epoch *last = run->epoch_count ? &run->epochs[run->epoch_count - 1] : NULL;
    if (last &&
        (epoch.epoch <= last->epoch || epoch.iteration <= last->iteration || epoch.seconds_total < last->seconds_total))
        return cb_report_fail(at->err, WRONG_INPUT,
                              "%s:%zu: epoch %zu at iteration %zu, %.9g s follows epoch %zu at iteration %zu, %.9g s",
                              at->name, at->line, epoch.epoch, epoch.iteration, epoch.seconds_total, last->epoch,
                              last->iteration, last->seconds_total);
    run->epochs = with_room(run->epochs, run->epoch_count, sizeof *run->epochs);
    run->epochs[run->epoch_count++] = epoch;
    return true;
}

static bool add_iteration(struct cb_report_run *run, const json_t *line, size_t index, const struct place *at)
{
    const size_t count = run->iteration_count;
    if (count && index <= run->iterations[count - 1].iteration)
        return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: iteration %zu follows iteration %zu", at->name, at->line,
                              index, run->iterations[count - 1].iteration);
    run->iterations = with_room(run->iterations, count, sizeof *run->iterations);
    run->iterations[run->iteration_count++] =
        (struct cb_report_iteration){.iteration = index,
                                     .epoch = known_number(line, "epoch"),
                                     .lr = known_number(line, "lr"),
                                     .momentum = known_number(line, "momentum"),
                                     .loss = known_number(line, "loss"),
                                     .seconds = known_number(line, "seconds"),
                                     .images_per_second = known_number(line, "images_per_second")};
    return true;
}

static bool add_resume(struct cb_report_run *run, json_t *line, const struct place *at)
{
    double killed = (double)NAN;
    size_t threads;
    if (run->format > 1) {
        if (!number(line, "killed_seconds_at_least", &killed, at) || !index_number(line, "threads", &threads, at))
            return false;
        if (!json_is_object(json_object_get(line, "machine"))) return wrong(at, "resume: \"machine\" is not an object");
    }
    run->killed_seconds += killed;
    run->times_resumed++;
    return json_array_append(run->resumes, line) == 0;
}

static bool add_end(struct cb_report_run *run, json_t *line, const struct place *at)
{
    static const char *const statuses[] = {"completed", "target_reached", "diverged", "interrupted"};
    bool old = run->format == 1;
    /* Kept once the whole line is good. */
    double seconds, to_target, accuracy, loss, killed = run->killed_seconds;
    size_t iterations = 0;
    if (!one_of(json_string_value(json_object_get(line, "status")), statuses, sizeof statuses / sizeof *statuses))
        return wrong(at, "end: \"status\" must be completed, target_reached, diverged or interrupted");
    if (!index_number(line, "iterations", &iterations, at) || !number(line, "seconds", &seconds, at) ||
        !number(line, "seconds_to_target", &to_target, at) ||
        !number(line, old ? "final_test_accuracy_percent" : "final_eval_accuracy_percent", &accuracy, at) ||
        !number(line, old ? "final_test_loss" : "final_eval_loss", &loss, at) || !hash(line, "loss_fingerprint", at))
        return false;
    if (!old && !number(line, "killed_seconds_at_least", &killed, at)) return false;
    if (run->epoch_count && seconds < run->epochs[run->epoch_count - 1].seconds_total)
        return cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: the end at %.9g s follows an epoch that ended at %.9g s",
                              at->name, at->line, seconds, run->epochs[run->epoch_count - 1].seconds_total);
    run->final_accuracy_percent = accuracy;
    run->final_loss = loss;
    run->killed_seconds = killed;
    json_int_t resumed = json_integer_value(json_object_get(line, "resumed"));
    if (resumed > 0 && (size_t)resumed > run->times_resumed) run->times_resumed = (size_t)resumed;
    return keep(&run->end, line, at);
}

static bool add_line(struct cb_report_run *run, json_t *line, const struct place *at)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    if (!type) return wrong(at, "expected an object with a string \"type\"");
    if (run->end) return wrong(at, "a line after the end of the run");
    if (!run->header && strcmp(type, "header")) return wrong(at, "expected the header as the first line");
    if (!strcmp(type, "header")) return add_header(run, line, at);
    if (!check_ranges(line, at)) return false;
    if (!strcmp(type, "end")) return add_end(run, line, at);

    size_t iteration = 0;
    if (!index_number(line, "iteration", &iteration, at)) return false;
    if (iteration > run->last_iteration) run->last_iteration = iteration;
    if (!strcmp(type, "epoch")) return add_epoch(run, line, at);
    if (!strcmp(type, "resume")) return add_resume(run, line, at);
    if (!strcmp(type, "iteration")) return !run->keeps_iterations || add_iteration(run, line, iteration, at);
    return cb_report_fail(at->err, WRONG_INPUT,
                          "%s:%zu: unknown type \"%s\"; expected header, iteration, epoch, resume or end", at->name,
                          at->line, type);
}

static void leave_out(struct cb_report_run *run, const char *why)
{
    char *text = cb_text_repaired(why, strlen(why));
    json_array_append_new(run->damaged, json_string(text));
    free(text);
}

static bool parse_lines(struct cb_report_run *run, const char *text, size_t len, unsigned how, struct place *at)
{
    for (size_t start = 0; start < len; at->line++) {
        const char *newline = memchr(text + start, '\n', len - start);
        size_t length = newline ? (size_t)(newline - text) - start : len - start;
        json_error_t mistake;
        json_t *line = json_loadb(text + start, length, JSON_REJECT_DUPLICATES, &mistake);
        if (!line && !newline) { /* the writer was cut off: only the last line can lack its newline */
            run->torn = true;
            return true;
        }
        bool good = line ? add_line(run, line, at)
                         : cb_report_fail(at->err, WRONG_INPUT, "%s:%zu: not a JSON object: %s (column %d)", at->name,
                                          at->line, mistake.text, mistake.column);
        json_decref(line);
        if (!good && !(how & CB_RUN_DAMAGED && run->header)) return false;
        if (!good) leave_out(run, at->err->text);
        start += length + 1;
    }
    return true;
}

/* The last folder of the path: runs/demo-step/run.jsonl -> demo-step. */
static void set_label(struct cb_report_run *run, const char *name)
{
    size_t end = strlen(name);
    run->path = cb_text_repaired(name, end);
    const char *slash = strrchr(name, '/');
    if (slash && !strcmp(slash, "/run.jsonl")) end = (size_t)(slash - name);
    while (end > 1 && name[end - 1] == '/') end--;
    size_t start = end;
    while (start > 0 && name[start - 1] != '/') start--;
    run->folder = cb_text_repaired(name + start, end - start);
    run->label = run->folder;
}

bool cb_report_run_parse(struct cb_report_run *run, const char *text, size_t len, const char *name, unsigned how,
                         struct cb_report_error *err)
{
    *run = (struct cb_report_run){
        .final_accuracy_percent = (double)NAN, .final_loss = (double)NAN, .keeps_iterations = how & CB_RUN_ITERATIONS};
    run->resumes = json_array();
    run->damaged = json_array();
    set_label(run, name);
    struct place at = {.name = name, .line = 1, .err = err};
    bool good = parse_lines(run, text, len, how, &at);
    if (good && !run->header)
        good = cb_report_fail(err, WRONG_INPUT, "%s: no complete header line; the run did not start", name);
    if (!good) cb_report_run_free(run);
    return good;
}

void cb_report_run_free(struct cb_report_run *run)
{
    json_decref(run->header);
    json_decref(run->end);
    json_decref(run->resumes);
    json_decref(run->damaged);
    free(run->epochs);
    free(run->iterations);
    free(run->folder);
    free(run->path);
    memset(run, 0, sizeof *run);
}
