#include "loop/preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/printable.h"
#include "instruments.h"
#include "loop/status_line.h"
#include "loop/timing.h"

static size_t iterations_of_an_epoch(const struct cb_recipe *r, size_t images)
{
    return (images + r->data.batch - 1) / r->data.batch;
}

void cb_print_plan(const struct cb_session *s)
{
    const struct cb_recipe *r = &s->recipe;
    const struct cb_network *network = cb_model_network(s->run.model);
    const size_t epoch = iterations_of_an_epoch(r, s->train.n);
    struct cb_memory_plan plan;
    char name[sizeof r->name], data[sizeof s->source.path], dir[sizeof s->run.dir.path];
    cb_model_memory(s->run.model, &plan);
    printf(
        "recipe %s: ResNet-%zu, option %c, %zu parameters; %zu images, batch %zu, %zu iterations (%.4g epochs of %zu); "
        "evaluated on %zu %s images\n",
        cb_printable(name, sizeof name, r->name), cb_network_depth(network), network->shortcut,
        cb_model_parameter_count(s->run.model), s->train.n, r->data.batch, r->schedule.iterations,
        (double)r->schedule.iterations / (double)epoch, epoch, s->eval.n, s->run.evaluated_on);
    printf("memory planned: %.0f MiB (parameters %.0f, activations %.0f, gradients %.0f, workspace %.0f), images %.0f "
           "MiB\n",
           (double)plan.total / 0x1p20, (double)plan.parameters / 0x1p20, (double)plan.activations / 0x1p20,
           (double)plan.gradients / 0x1p20, (double)plan.workspace / 0x1p20,
           (double)((s->train.n + s->eval.n) * CB_IMAGE_PIXELS) / 0x1p20);
    printf("data: %s (%s); run directory: %s\n", cb_printable(data, sizeof data, s->source.path), s->run.data_kind,
           cb_printable(dir, sizeof dir, s->run.dir.path));
}

/* --- --dry-run ---------------------------------------------------------------------------------------------------- */

/* As if the official files were here. */
static enum cb_status assume_images(struct cb_session *s, struct cb_error *err)
{
    const struct cb_recipe *r = &s->recipe;
    const struct cb_dataset *set = &cb_datasets[r->data.set];
    const size_t images = cb_dataset_images(set, r->data.train_files), held = r->data.holdout;
    const enum cb_status status = cb_resolve_for_official(&s->recipe, err);
    if (status != CB_OK) return status;
    s->train.n = images - held;
    s->eval.n = held ? held : cb_dataset_images(set, cb_dataset_test_file(set));
    s->run.evaluated_on = held ? "holdout" : "test";
    s->run.data_kind = "assumed official";
    snprintf(s->source.path, sizeof s->source.path, "%s is not found", set->title);
    return CB_OK;
}

enum cb_status cb_dry_run(struct cb_session *s, const struct cb_session_options *o, struct cb_error *err)
{
    enum cb_status status = cb_session_machine(s, o, err);
    if (status == CB_OK) status = cb_recipe_read(&s->recipe, o->recipe, o->overrides, o->override_count, err);
    if (status == CB_OK) status = cb_session_data(s, o, err);
    if (status == CB_UNAVAILABLE) status = assume_images(s, err);
    if (status == CB_OK) status = cb_session_model(s, o, err);
    if (status != CB_OK) return status;
    struct cb_run_dir *dir = &s->run.dir;
    snprintf(dir->path, sizeof dir->path, o->run ? "%.2900s" : "runs/%s", o->run ? o->run : s->recipe.name);
    snprintf(dir->record, sizeof dir->record, "%s/run.jsonl", dir->path);
    char *text = cb_recipe_text(&s->recipe);
    if (!text) return cb_fail(err, CB_NO_MEMORY, "out of memory for the recipe's text");
    printf("%s\n%s\nthreads: %zu (%s), %s\n", text, cb_machine_line(s->threads), s->threads, s->threads_reason,
           s->placement);
    free(text);
    cb_print_plan(s);
    printf("%s\n", cb_run_dir_has(dir->record) ? "the run directory already holds a run; nothing was done"
                                               : "nothing was done");
    return cb_finish_output(err);
}

/* --- --list ------------------------------------------------------------------------------------------------------- */

static enum cb_status print_time(const char *name, const struct cb_session_options *o, size_t threads,
                                 const volatile sig_atomic_t *stop, struct cb_error *err)
{
    struct cb_recipe recipe;
    struct cb_recipe_timing timing;
    enum cb_status status = cb_recipe_read(&recipe, name, NULL, 0, err);
    if (status == CB_OK) status = cb_resolve_for_official(&recipe, err);
    if (status == CB_OK) status = cb_time_recipe(&timing, &recipe, o, threads, stop, err);
    if (status != CB_OK || *stop) return status;
    char time[32];
    cb_format_minutes(time, cb_timed_seconds(&timing, recipe.schedule.iterations, timing.evaluations));
    printf("    %s here: %zu iterations of %zu images at %.3g s (measured: %.3g, %.3g, %.3g), %zu evaluation%s at %.3g "
           "s\n",
           time, recipe.schedule.iterations, recipe.data.batch, timing.iteration_s, timing.measured_s[0],
           timing.measured_s[1], timing.measured_s[2], timing.evaluations, timing.evaluations == 1 ? "" : "s",
           timing.evaluation_s);
    fflush(stdout);
    return CB_OK;
}

enum cb_status cb_list_recipes(const struct cb_session_options *o, int timed, const volatile sig_atomic_t *stop,
                               struct cb_error *err)
{
    struct cb_session machine = {.run.dir.lock = -1};
    char(*names)[CB_RECIPE_NAME];
    size_t count;
    enum cb_status status = timed ? cb_session_machine(&machine, o, err) : CB_OK;
    if (status == CB_OK) status = cb_recipe_list(&names, &count, err);
    if (status != CB_OK) return status;
    if (timed) printf("%s\n", cb_machine_line(machine.threads));
    for (size_t i = 0; i < count && status == CB_OK && !*stop; i++) {
        char description[CB_DESCRIPTION_BYTES];
        status = cb_recipe_describe(description, names[i], err);
        if (status != CB_OK) break;
        printf("%-28s %s\n", names[i], description);
        if (timed) status = print_time(names[i], o, machine.threads, stop, err);
    }
    free(names);
    return status == CB_OK ? cb_finish_output(err) : status;
}
