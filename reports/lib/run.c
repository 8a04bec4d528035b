#include "run.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WRONG_INPUT = 2, CANNOT_READ = 1, FORMAT = 1, MAX_FILE_BYTES = 1 << 30 };

static bool fail(struct cb_report_error *err, int exit_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct cb_report_error *err, int exit_status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->exit_status = exit_status;
    return false;
}

/* Where a line stands, for messages. */
struct place {
    const char *name;
    size_t line;
    struct cb_report_error *err;
};

static bool wrong(const struct place *at, const char *what)
{
    return fail(at->err, WRONG_INPUT, "%s:%zu: %s", at->name, at->line, what);
}

/* A key that must be there: a number, or null for "not known" (NaN here). */
static bool number(const json_t *object, const char *key, double *value, const struct place *at)
{
    const json_t *member = json_object_get(object, key);
    *value = json_is_number(member) ? json_number_value(member) : (double)NAN;
    if (json_is_number(member) || json_is_null(member)) return true;
    return fail(at->err, WRONG_INPUT, "%s:%zu: key \"%s\": expected a number or null, got %s", at->name, at->line, key,
                member ? "another type" : "nothing");
}

static bool index_number(const json_t *object, const char *key, size_t *value, const struct place *at)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_integer(member) || json_integer_value(member) < 0)
        return fail(at->err, WRONG_INPUT, "%s:%zu: key \"%s\": expected an integer >= 0", at->name, at->line, key);
    *value = (size_t)json_integer_value(member);
    return true;
}

/* Keeps the line's object as one of the run's two single lines. */
static bool keep(json_t **slot, json_t *line, const struct place *at)
{
    if (*slot) return wrong(at, "a second line of this type; expected one");
    *slot = json_incref(line);
    return true;
}

static bool add_header(struct cb_report_run *run, json_t *line, const struct place *at)
{
    json_error_t mismatch;
    int format;
    const char *text, *kind;
    json_t *object;
    double number_value;
    if (json_unpack_ex(line, &mismatch, 0, "{s:i, s:s, s:s, s:s, s:{s:s}, s:{s:{s:i}, s:{s:s}, s:{s:F}}, s:o}",
                       "format", &format, "name", &text, "evaluated_on", &text, "data", &text, "network", "name", &text,
                       "recipe", "data", "batch", &(int){0}, "schedule", "kind", &kind, "run", "target", &number_value,
                       "machine", &object))
        return fail(at->err, WRONG_INPUT, "%s:%zu: header: %s", at->name, at->line, mismatch.text);
    if (format != FORMAT)
        return fail(at->err, WRONG_INPUT, "%s:%zu: header: format %d; this program reads format %d", at->name, at->line,
                    format, FORMAT);
    if (!json_is_object(object)) return wrong(at, "header: \"machine\" is not an object");
    return keep(&run->header, line, at);
}

static bool add_epoch(struct cb_report_run *run, const json_t *line, const struct place *at)
{
    struct cb_report_epoch epoch;
    if (!index_number(line, "epoch", &epoch.epoch, at) || !index_number(line, "iteration", &epoch.iteration, at) ||
        !number(line, "test_accuracy_percent", &epoch.accuracy_percent, at) ||
        !number(line, "seconds_total", &epoch.seconds_total, at) ||
        !number(line, "images_per_second", &epoch.images_per_second, at))
        return false;
    if (!isfinite(epoch.seconds_total)) return wrong(at, "key \"seconds_total\": expected a number");
    const struct cb_report_epoch *last = run->epoch_count ? &run->epochs[run->epoch_count - 1] : NULL;
    if (last && (epoch.epoch <= last->epoch || epoch.seconds_total < last->seconds_total))
        return fail(at->err, WRONG_INPUT, "%s:%zu: epoch %zu at %.9g s follows epoch %zu at %.9g s", at->name, at->line,
                    epoch.epoch, epoch.seconds_total, last->epoch, last->seconds_total);
    /* Grown when the count is a power of two. */
    if (!(run->epoch_count & (run->epoch_count - 1))) {
        size_t capacity = run->epoch_count ? 2 * run->epoch_count : 1;
        struct cb_report_epoch *grown = realloc(run->epochs, capacity * sizeof *grown);
        if (!grown) return fail(at->err, CANNOT_READ, "%s: out of memory", at->name);
        run->epochs = grown;
    }
    run->epochs[run->epoch_count++] = epoch;
    return true;
}

static bool add_end(struct cb_report_run *run, json_t *line, const struct place *at)
{
    static const char *const statuses[] = {"completed", "diverged", "interrupted"};
    double value;
    size_t iterations = 0;
    const char *status = json_string_value(json_object_get(line, "status"));
    bool known = false;
    for (size_t i = 0; status && i < sizeof statuses / sizeof *statuses; i++)
        known = known || !strcmp(status, statuses[i]);
    if (!known) return wrong(at, "end: \"status\" must be completed, diverged or interrupted");
    if (!index_number(line, "iterations", &iterations, at) || !number(line, "seconds", &value, at) ||
        !number(line, "seconds_to_target", &value, at) || !number(line, "final_test_accuracy_percent", &value, at))
        return false;
    if (!json_is_string(json_object_get(line, "loss_fingerprint")))
        return wrong(at, "end: \"loss_fingerprint\" is not a string");
    return keep(&run->end, line, at);
}

static bool add_line(struct cb_report_run *run, json_t *line, const struct place *at)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    if (!type) return wrong(at, "expected an object with a string \"type\"");
    if (run->end) return wrong(at, "a line after the end of the run");
    if (!run->header && strcmp(type, "header")) return wrong(at, "expected the header as the first line");
    if (!strcmp(type, "header")) return add_header(run, line, at);
    if (!strcmp(type, "end")) return add_end(run, line, at);

    size_t iteration = 0;
    if (!index_number(line, "iteration", &iteration, at)) return false;
    if (iteration > run->last_iteration) run->last_iteration = iteration;
    if (!strcmp(type, "epoch")) return add_epoch(run, line, at);
    if (!strcmp(type, "resume")) run->resumes++;
    if (!strcmp(type, "resume") || !strcmp(type, "iteration")) return true;
    return fail(at->err, WRONG_INPUT, "%s:%zu: unknown type \"%s\"; expected header, iteration, epoch, resume or end",
                at->name, at->line, type);
}

static bool parse_lines(struct cb_report_run *run, const char *text, size_t len, struct place *at)
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
        if (!line)
            return fail(at->err, WRONG_INPUT, "%s:%zu: not a JSON object: %s (column %d)", at->name, at->line,
                        mistake.text, mistake.column);
        bool good = add_line(run, line, at);
        json_decref(line);
        if (!good) return false;
        start += length + 1;
    }
    return true;
}

/* The last folder of the path: runs/demo-step/run.jsonl -> demo-step. */
static void set_label(struct cb_report_run *run, const char *name)
{
    snprintf(run->path, sizeof run->path, "%s", name);
    run->label = run->folder;
    size_t end = strlen(name);
    const char *slash = strrchr(name, '/');
    if (slash && !strcmp(slash, "/run.jsonl")) end = (size_t)(slash - name);
    while (end > 1 && name[end - 1] == '/') end--;
    size_t start = end;
    while (start > 0 && name[start - 1] != '/') start--;
    snprintf(run->folder, sizeof run->folder, "%.*s", (int)(end - start), name + start);
}

bool cb_report_run_parse(struct cb_report_run *run, const char *text, size_t len, const char *name,
                         struct cb_report_error *err)
{
    memset(run, 0, sizeof *run);
    set_label(run, name);
    struct place at = {.name = name, .line = 1, .err = err};
    bool good = parse_lines(run, text, len, &at);
    if (good && !run->header) good = fail(err, WRONG_INPUT, "%s: no complete header line; the run did not start", name);
    if (!good) cb_report_run_free(run);
    return good;
}

static bool read_file(FILE *file, const char *path, char **text, size_t *len, struct cb_report_error *err)
{
    struct stat info;
    if (fstat(fileno(file), &info)) return fail(err, CANNOT_READ, "%s: %s", path, strerror(errno));
    if (info.st_size > MAX_FILE_BYTES)
        return fail(err, WRONG_INPUT, "%s: larger than 1 GiB, so not a run record", path);
    *text = malloc((size_t)info.st_size + 1);
    if (!*text) return fail(err, CANNOT_READ, "%s: out of memory", path);
    *len = fread(*text, 1, (size_t)info.st_size, file);
    if (!ferror(file)) return true;
    free(*text);
    return fail(err, CANNOT_READ, "%s: %s", path, strerror(errno));
}

bool cb_report_run_read(struct cb_report_run *run, const char *path, struct cb_report_error *err)
{
    memset(run, 0, sizeof *run);
    char name[sizeof run->path];
    struct stat info;
    bool folder = !stat(path, &info) && S_ISDIR(info.st_mode);
    int length = snprintf(name, sizeof name, "%s%s", path, folder ? "/run.jsonl" : "");
    if (length < 0 || (size_t)length >= sizeof name)
        return fail(err, WRONG_INPUT, "%.200s...: the path is too long", path);
    FILE *file = fopen(name, "rbe");
    if (!file)
        return fail(err, WRONG_INPUT,
                    "%s: %s; expected the directory of a run (cyclebench train --run) or its run.jsonl", name,
                    strerror(errno));
    char *text = NULL;
    size_t len = 0;
    bool good = read_file(file, name, &text, &len, err);
    fclose(file);
    if (!good) return false;
    good = cb_report_run_parse(run, text, len, name, err);
    free(text);
    return good;
}

void cb_report_run_free(struct cb_report_run *run)
{
    json_decref(run->header);
    json_decref(run->end);
    free(run->epochs);
    memset(run, 0, sizeof *run);
}
