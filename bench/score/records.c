#include "records.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "find.h"

enum cb_status cb_score_training(const struct cb_recipe *recipe, char training[CB_SHA256_HEX], struct cb_error *err)
{
    struct cb_recipe alike = *recipe;
    alike.network.numerics = CB_FP32_WINOGRAD;
    alike.run.seed = 1;
    alike.run.target = 93;
    alike.run.eval_every = 1;
    alike.run.checkpoint_every = 0;
    alike.run.log_iterations = 0;
    return cb_recipe_sha256(&alike, training, err);
}

/* --- the folder --- */

static int has_record(const char *folder, const char *name)
{
    char path[PATH_MAX + 300];
    snprintf(path, sizeof path, "%s/%s/run.jsonl", folder, name);
    return name[0] != '.' && !access(path, F_OK);
}

static bool holds_records(const char *path)
{
    DIR *dir = opendir(path);
    bool found = false;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) found = has_record(path, entry->d_name);
    if (dir) closedir(dir);
    return found;
}

static enum cb_status find_folder(char folder[PATH_MAX], struct cb_error *err)
{
    const char *chosen = getenv("CYCLEBENCH_RUNS");
    if (chosen && *chosen) {
        if ((size_t)snprintf(folder, PATH_MAX, "%s", chosen) < PATH_MAX && holds_records(folder)) return CB_OK;
        return cb_fail(err, CB_BAD_INPUT, "CYCLEBENCH_RUNS is %.900s: no run directories (*/run.jsonl) there", chosen);
    }
    if (cb_find_beside_program(folder, "reports/results/runs", "runs", holds_records)) return CB_OK;
    return cb_fail(err, CB_UNAVAILABLE,
                   "the folder of the runs is not found beside the program; set CYCLEBENCH_RUNS to a folder of run "
                   "directories");
}

/* --- a record --- */

/* Official images, as far as the record knows (format 1 does not), and initial weights from the seed. */
static bool tells_epochs(const struct cb_report_run *run)
{
    const char *kind = json_string_value(json_object_get(run->header, "data_kind"));
    return (!kind || !strcmp(kind, "official")) && !json_is_object(json_object_get(run->header, "init_weights"));
}

static enum cb_status keep(struct cb_score_records *records, struct cb_report_run *run, struct cb_error *err)
{
    struct cb_recipe recipe;
    struct cb_score_record record = {.run = *run};
    const char *text = json_string_value(json_object_get(run->header, "recipe_text"));
    if (!text) return cb_fail(err, CB_BAD_INPUT, "%s: header: no recipe_text", run->path);
    enum cb_status status = cb_recipe_parse(&recipe, text, strlen(text), run->path, NULL, 0, err);
    if (status == CB_OK) status = cb_score_training(&recipe, record.training, err);
    if (status != CB_OK) return status;
    record.numerics = recipe.network.numerics;
    record.seed = recipe.run.seed;
    struct cb_score_record *more = realloc(records->record, (records->n + 1) * sizeof *more);
    if (!more) return cb_fail(err, CB_NO_MEMORY, "out of memory for the records");
    records->record = more;
    records->record[records->n++] = record;
    memset(run, 0, sizeof *run); /* kept */
    return CB_OK;
}

static enum cb_status read_record(struct cb_score_records *records, const char *name, struct cb_error *err)
{
    char path[PATH_MAX + 300];
    struct cb_report_run run;
    struct cb_report_error problem;
    snprintf(path, sizeof path, "%s/%s/run.jsonl", records->folder, name);
    if (!cb_report_run_read(&run, path, 0, &problem))
        return cb_fail(err, problem.exit_status == 2 ? CB_BAD_INPUT : CB_IO_ERROR, "%s", problem.text);
    const enum cb_status status = tells_epochs(&run) ? keep(records, &run, err) : CB_OK;
    cb_report_run_free(&run);
    return status;
}

enum cb_status cb_score_records_read(struct cb_score_records *records, struct cb_error *err)
{
    *records = (struct cb_score_records){0};
    struct dirent **entries;
    enum cb_status status = find_folder(records->folder, err);
    if (status != CB_OK) return status;
    const int n = scandir(records->folder, &entries, NULL, alphasort);
    if (n < 0) return cb_fail(err, CB_IO_ERROR, "%.900s: cannot read the folder of the runs", records->folder);
    for (int i = 0; i < n; i++) {
        if (status == CB_OK && has_record(records->folder, entries[i]->d_name))
            status = read_record(records, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

void cb_score_records_free(struct cb_score_records *records)
{
    for (size_t i = 0; i < records->n; i++) cb_report_run_free(&records->record[i].run);
    free(records->record);
    *records = (struct cb_score_records){0};
}

/* --- epochs to a target --- */

/* What a record says of its seed; false: nothing. */
static bool read_seed(struct cb_score_seed *seed, const struct cb_score_record *record, double target,
                      size_t iterations)
{
    const struct cb_report_run *run = &record->run;
    /* Another number of images: no official ones, which format 1 does not say. */
    if (!run->epoch_count || run->epochs[0].iteration != iterations * run->epochs[0].epoch) return false;
    *seed = (struct cb_score_seed){.seed = record->seed, .run = run->label};
    for (size_t i = 0; i < run->epoch_count && !seed->reached; i++) {
        if (!(run->epochs[i].accuracy_percent >= target)) continue;
        seed->reached = true;
        seed->epoch = run->epochs[i].epoch;
        seed->epochs = (double)run->epochs[i].iteration / (double)iterations;
    }
    const char *status = json_string_value(json_object_get(run->end, "status"));
    return seed->reached || (status && !strcmp(status, "completed"));
}

static enum cb_status add_seed(struct cb_score_epochs *epochs, const struct cb_score_seed *seed, double target,
                               struct cb_error *err)
{
    size_t at = 0;
    while (at < epochs->n && epochs->seed[at].seed < seed->seed) at++;
    const struct cb_score_seed *same = at < epochs->n && epochs->seed[at].seed == seed->seed ? &epochs->seed[at] : NULL;
    if (same && same->reached == seed->reached && same->epoch == seed->epoch) return CB_OK;
    if (same)
        return cb_fail(err, CB_BAD_INPUT,
                       "the runs %s and %s are the same training with the same seed, but reach %g %% in epochs %zu and "
                       "%zu (0: not at all); one of them is wrong",
                       same->run, seed->run, target, same->epoch, seed->epoch);
    if (epochs->n == CB_SCORE_MAX_SEEDS)
        return cb_fail(err, CB_BAD_INPUT, "%s: more than %d seeds of one training", seed->run, CB_SCORE_MAX_SEEDS);
    memmove(&epochs->seed[at + 1], &epochs->seed[at], (epochs->n - at) * sizeof *seed);
    epochs->seed[at] = *seed;
    epochs->n++;
    epochs->reached += seed->reached;
    return CB_OK;
}

enum cb_status cb_score_epochs_of(struct cb_score_epochs *epochs, const struct cb_score_records *records,
                                  const char *training, enum cb_numerics numerics, double target, size_t iterations,
                                  struct cb_error *err)
{
    *epochs = (struct cb_score_epochs){.from = numerics};
    for (enum cb_numerics version = 0; version < CB_NUMERICS_COUNT; version++) {
        struct cb_score_epochs found = {.from = version};
        enum cb_status status = CB_OK;
        for (size_t i = 0; i < records->n && status == CB_OK; i++) {
            struct cb_score_seed seed;
            const struct cb_score_record *record = &records->record[i];
            if (record->numerics == version && !strcmp(record->training, training) &&
                read_seed(&seed, record, target, iterations))
                status = add_seed(&found, &seed, target, err);
        }
        if (status != CB_OK) return status;
        const bool asked = version == numerics, have_asked = epochs->n && epochs->from == numerics;
        if (found.n && (asked || (!have_asked && found.n > epochs->n))) *epochs = found;
    }
    return CB_OK;
}
