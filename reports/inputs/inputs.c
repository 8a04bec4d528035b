#include "inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/memory.h"
#include "../lib/text.h"
#include "../lib/values.h"

enum { CANNOT_READ = 1, WRONG_INPUT = 2, DEEPEST = 16 };
static const off_t largest = (off_t)1 << 28;

struct cb_inputs cb_inputs_make(void)
{
    return (struct cb_inputs){.benches = json_array(),
                              .finders = json_array(),
                              .scores = json_array(),
                              .histories = json_array(),
                              .problems = json_array()};
}

void cb_inputs_free(struct cb_inputs *inputs)
{
    for (size_t i = 0; i < inputs->run_count; i++) cb_report_run_free(&inputs->runs[i]);
    free(inputs->runs);
    json_decref(inputs->benches);
    json_decref(inputs->finders);
    json_decref(inputs->scores);
    json_decref(inputs->histories);
    json_decref(inputs->problems);
    memset(inputs, 0, sizeof *inputs);
}

bool cb_inputs_are_empty(const struct cb_inputs *inputs)
{
    return !inputs->run_count && !json_array_size(inputs->benches) && !json_array_size(inputs->finders) &&
           !json_array_size(inputs->scores) && !json_array_size(inputs->histories);
}

static bool add_run(struct cb_inputs *inputs, const char *path, struct cb_report_error *err)
{
    const size_t count = inputs->run_count;
    struct cb_report_run run;
    if (!cb_report_run_read(&run, path, CB_RUN_DAMAGED, err)) return false;
    if (!(count & (count - 1)))
        inputs->runs = cb_report_realloc(inputs->runs, (count ? 2 * count : 1) * sizeof *inputs->runs);
    inputs->runs[inputs->run_count++] = run;
    return true;
}

/* --- JSON files --------------------------------------------------------------------------------------------------- */

/* The list that a JSON file belongs to; NULL: it is none of ours. */
static json_t *list_of(const struct cb_inputs *inputs, const json_t *json)
{
    const char *type = json_string_value(json_object_get(json, "type"));
    if (json_is_array(json_object_get(json, "benchmarks")) && json_is_object(json_object_get(json, "machine")))
        return inputs->benches;
    if (json_is_array(json_object_get(json, "projections")) && json_object_get(json, "score_format"))
        return inputs->scores;
    if (type && !strcmp(type, "lr_find") && json_is_array(json_object_get(json, "curves"))) return inputs->finders;
    return NULL;
}

/* To open a FIFO would wait for whoever writes into it. */
static bool is_readable(const char *path, struct cb_report_error *err)
{
    struct stat info;
    if (stat(path, &info))
        return cb_report_fail(err, errno == ENOENT || errno == ENOTDIR ? WRONG_INPUT : CANNOT_READ, "%s: %s", path,
                              strerror(errno));
    return (S_ISREG(info.st_mode) && info.st_size <= largest) ||
           cb_report_fail(err, WRONG_INPUT, "%s: expected a regular file of at most 256 MiB", path);
}

static json_t *load(const char *path, struct cb_report_error *err)
{
    if (!is_readable(path, err)) return NULL;
    json_error_t mistake;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &mistake);
    if (!json && mistake.line < 0)
        cb_report_fail(err, CANNOT_READ, "%s: %s", path, mistake.text);
    else if (!json)
        cb_report_fail(err, WRONG_INPUT, "%s:%d: not a JSON object: %s (column %d)", path, mistake.line, mistake.text,
                       mistake.column);
    return json;
}

/* whole_folder: what is not ours is passed by. */
static bool add_json(struct cb_inputs *inputs, const char *path, bool whole_folder, struct cb_report_error *err)
{
    json_t *json = load(path, err), *list = list_of(inputs, json);
    if (!json) return false;
    if (list) {
        char *name = cb_text_repaired(path, strlen(path));
        cb_put(json, "file", json_string(name));
        free(name);
        cb_append(list, json);
        return true;
    }
    json_decref(json);
    return whole_folder || cb_report_fail(err, WRONG_INPUT,
                                          "%s: expected a run.jsonl, or what bench --benchmark_out, lr-find --json or "
                                          "score wrote",
                                          path);
}

static void note_problem(struct cb_inputs *inputs, const char *text)
{
    char *repaired = cb_text_repaired(text, strlen(text));
    cb_append(inputs->problems, json_string(repaired));
    free(repaired);
}

/* --- histories ---------------------------------------------------------------------------------------------------- */

/* A line of the history; NULL and a problem if it is none. */
static json_t *history_line(const char *line, const char *path, size_t number, struct cb_report_error *err)
{
    json_error_t mistake;
    json_t *run = json_loads(line, JSON_REJECT_DUPLICATES, &mistake);
    if (run && json_integer_value(json_object_get(run, "history")) == 1 && json_is_array(json_object_get(run, "cases")))
        return run;
    cb_report_fail(err, WRONG_INPUT, "%s:%zu: %s%s", path, number, run ? "" : "not a JSON object: ",
                   run ? "expected a line of cyclebench regress --history" : mistake.text);
    json_decref(run);
    return NULL;
}

/* The first line decides whether it is a history; later ones that are damaged are named and left out. */
static bool add_history(struct cb_inputs *inputs, const char *path, struct cb_report_error *err)
{
    if (!is_readable(path, err)) return false;
    FILE *in = fopen(path, "r");
    if (!in) return cb_report_fail(err, CANNOT_READ, "%s: %s", path, strerror(errno));
    json_t *runs = json_array();
    char *line = NULL;
    size_t room = 0, number = 0;
    bool good = true;
    while (good && getline(&line, &room, in) > 0) {
        json_t *run = history_line(line, path, ++number, err);
        if (run)
            cb_append(runs, run);
        else if (!(good = number > 1))
            break;
        else
            note_problem(inputs, err->text);
    }
    if (good && ferror(in)) good = cb_report_fail(err, CANNOT_READ, "%s: %s", path, strerror(errno));
    free(line);
    fclose(in);
    if (good && !number) good = cb_report_fail(err, WRONG_INPUT, "%s: empty; expected a history", path);
    if (good) {
        json_t *history = json_object();
        char *name = cb_text_repaired(path, strlen(path));
        cb_put(history, "file", json_string(name));
        cb_put(history, "runs", json_incref(runs));
        cb_append(inputs->histories, history);
        free(name);
    }
    json_decref(runs);
    return good;
}

/* --- folders ------------------------------------------------------------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

static char *inside(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = cb_report_alloc(size);
    snprintf(path, size, "%s%s%s", folder, ends_with(folder, "/") ? "" : "/", name);
    return path;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static bool add_folder(struct cb_inputs *inputs, const char *folder, int depth, struct cb_report_error *err);

/* Links to folders are not followed below a folder: they may lead back. */
static bool is_own_folder(const char *path)
{
    struct stat info;
    return !lstat(path, &info) && S_ISDIR(info.st_mode);
}

/* What cannot be used below a folder is a problem of the report, not its end. */
static void add_entry(struct cb_inputs *inputs, const char *path, int depth)
{
    struct cb_report_error err;
    bool good = true;
    if (is_own_folder(path))
        good = depth < DEEPEST
                   ? add_folder(inputs, path, depth + 1, &err)
                   : cb_report_fail(&err, WRONG_INPUT,
                                    "%s: more than %d folders deep, so nothing in it is read; give it itself", path,
                                    DEEPEST);
    else if (ends_with(path, "/run.jsonl"))
        good = add_run(inputs, path, &err);
    else if (ends_with(path, ".json"))
        good = add_json(inputs, path, true, &err);
    else if (ends_with(path, "history.jsonl"))
        good = add_history(inputs, path, &err);
    if (!good) note_problem(inputs, err.text);
}

static bool add_folder(struct cb_inputs *inputs, const char *folder, int depth, struct cb_report_error *err)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) return cb_report_fail(err, CANNOT_READ, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *path = inside(folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') add_entry(inputs, path, depth);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return true;
}

/* A record, by whatever name: what is none may be a result in a file that is not called one. */
static bool add_record(struct cb_inputs *inputs, const char *path, struct cb_report_error *err)
{
    static const char expected[] = "; expected a run.jsonl; a result of bench, lr-find or score must be named *.json";
    if (add_run(inputs, path, err)) return true;
    if (err->exit_status == WRONG_INPUT && !ends_with(path, ".jsonl") && !is_folder(path) && !access(path, F_OK))
        strncat(err->text, expected, sizeof err->text - strlen(err->text) - 1);
    return false;
}

/* A file of the user's choice, which begins as a history. */
static bool is_history(const char *path)
{
    struct stat info;
    char start[16] = "";
    FILE *in = !stat(path, &info) && S_ISREG(info.st_mode) ? fopen(path, "r") : NULL;
    const size_t got = in ? fread(start, 1, sizeof start - 1, in) : 0;
    if (in) fclose(in);
    return got && !strncmp(start, "{\"history\":", 11);
}

bool cb_inputs_add(struct cb_inputs *inputs, const char *path, struct cb_report_error *err)
{
    if (is_history(path)) return add_history(inputs, path, err);
    if (!is_folder(path))
        return ends_with(path, ".json") ? add_json(inputs, path, false, err) : add_record(inputs, path, err);
    char *record = inside(path, "run.jsonl");
    const bool is_run = !access(record, F_OK),
               good = is_run ? add_run(inputs, path, err) : add_folder(inputs, path, 0, err);
    free(record);
    return good;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static int by_folder(const void *a, const void *b)
{
    return strcmp((*(struct cb_report_run *const *)a)->folder, (*(struct cb_report_run *const *)b)->folder);
}

void cb_inputs_tell_apart(struct cb_inputs *inputs)
{
    const size_t count = inputs->run_count;
    struct cb_report_run **sorted = cb_report_alloc(count * sizeof(struct cb_report_run *));
    for (size_t i = 0; i < count; i++) sorted[i] = &inputs->runs[i];
    if (count) qsort(sorted, count, sizeof *sorted, by_folder);
    for (size_t i = 1; i < count; i++)
        if (!strcmp(sorted[i]->folder, sorted[i - 1]->folder)) {
            sorted[i]->label = sorted[i]->path;
            sorted[i - 1]->label = sorted[i - 1]->path;
        }
    free(sorted);
}
