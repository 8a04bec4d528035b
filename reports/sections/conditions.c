/* Machines, builds, what disturbed the runs and measurements, and how to repeat them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/identity.h"
#include "../lib/values.h"
#include "../lib/warnings.h"
#include "../page/document.h"
#include "sections.h"

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "not known";
}

static void list(json_t *section, const json_t *sentences)
{
    json_t *sentence;
    size_t i;
    json_array_foreach((json_t *)sentences, i, sentence) cb_say(section, "- %s", json_string_value(sentence));
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

static void add_run(json_t *grid, const struct cb_experiment *e, size_t run)
{
    static const char *const keys[] = {"cpu", "isa", "compiler", "commit"};
    const json_t *object = json_array_get(e->objects, run);
    const char *why = e->times.barred[run];
    cb_grid_row(grid);
    cb_grid_text(grid, e->runs[run].label);
    cb_grid_text(grid, text(object, "status"));
    cb_grid_number(grid, (double)json_integer_value(json_object_get(object, "epochs")), "%lld",
                   (long long)json_integer_value(json_object_get(object, "epochs")));
    const double seconds = json_is_number(json_object_get(object, "seconds"))
                               ? json_number_value(json_object_get(object, "seconds"))
                               : (double)NAN;
    if (isfinite(seconds))
        cb_grid_number(grid, seconds, "%.1f", seconds / 60);
    else
        cb_grid_number(grid, seconds, "no epoch was finished");
    const char *disturbed = json_string_value(json_object_get(object, "disturbed"));
    cb_grid_text(grid, why && disturbed ? disturbed : why ? why : "yes");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) cb_grid_text(grid, text(object, keys[i]));
    const long long threads = (long long)json_integer_value(json_object_get(object, "threads"));
    cb_grid_number(grid, (double)threads, "%lld", threads);
    cb_grid_text(grid, text(e->runs[run].header, "started"));
    cb_grid_text(grid, text(object, "data"));
}

static void add_runs(json_t *section, const struct cb_experiment *e)
{
    static const char *const columns[] = {
        "run",    "status",  "epochs",  "minutes", "its times count", "CPU", "instruction set", "compiler",
        "commit", "threads", "started", "data"};
    json_t *grid = cb_grid(section, e->title);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        cb_grid_column(grid, columns[i], i == 2 || i == 3 || i == 9);
    for (size_t i = 0; i < e->count; i++) add_run(grid, e, i);
    for (size_t i = 0; i < e->count; i++) list(section, e->runs[i].damaged);
    json_t *warnings = cb_warnings(e->runs, e->count, e->objects, e->target, true);
    if (json_array_size(warnings)) list(cb_fold(section, "What to know of these runs"), warnings);
    json_decref(warnings);
}

/* What a user types to have the training of a group again. */
static void add_recipes(json_t *section, const struct cb_experiment *e)
{
    json_t *fold = cb_fold(section, "How to repeat these trainings");
    cb_say(fold, "Save a recipe as NAME.ini, then: cyclebench train ./NAME.ini --run runs/NAME. Equal bits give an "
                 "equal loss fingerprint.");
    for (size_t g = 0; g < e->in.groups && g < 16; g++) {
        size_t i = 0;
        while (e->in.group[i] != g) i++;
        const char *recipe = json_string_value(json_object_get(e->runs[i].header, "recipe_text"));
        cb_say(fold, "%s, seed %s:", cb_group_label(e, g), text(json_array_get(e->objects, i), "seed"));
        cb_code(fold, recipe && *recipe ? recipe : "the record has no recipe");
    }
    if (e->in.groups > 16) cb_say(fold, "%zu more recipes stand in the records.", e->in.groups - 16);
}

/* --- measurements ------------------------------------------------------------------------------------------------- */

static void add_measurement(json_t *grid, json_t *section, const json_t *file, const char *of)
{
    static const char *const keys[] = {"cpu", "isa", "compiler", "flags", "commit"};
    const json_t *machine = json_object_get(file, "machine"), *warning;
    json_t *said = json_object();
    cb_put_machine(said, machine);
    cb_grid_row(grid);
    cb_grid_text(grid, text(file, "file"));
    cb_grid_text(grid, of);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) cb_grid_text(grid, text(said, keys[i]));
    const long long threads = (long long)json_integer_value(json_object_get(machine, "threads"));
    cb_grid_number(grid, (double)threads, "%lld", threads);
    for (size_t i = 0; (warning = json_array_get(json_object_get(machine, "warnings"), i)); i++)
        cb_say(section, "- %s: %s", text(file, "file"), text(warning, "finding"));
    json_decref(said);
}

static void add_measurements(json_t *section, const struct cb_inputs *inputs)
{
    const struct {
        const json_t *files;
        const char *of;
    } kinds[] = {{inputs->benches, "bench"}, {inputs->finders, "lr-find"}, {inputs->scores, "score"}};
    static const char *const columns[] = {"file",     "of",    "CPU",    "instruction set",
                                          "compiler", "flags", "commit", "threads"};
    size_t files = 0;
    for (size_t k = 0; k < 3; k++) files += json_array_size(kinds[k].files);
    if (!files) return;
    json_t *grid = cb_grid(section, "Measurements");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) cb_grid_column(grid, columns[i], i == 7);
    json_t *fold = cb_fold(section, "What may have disturbed these measurements");
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < json_array_size(kinds[k].files); i++)
            add_measurement(grid, fold, json_array_get(kinds[k].files, i), kinds[k].of);
}

void cb_section_conditions(struct cb_report *report)
{
    json_t *section = cb_section(report->document, "conditions", "Conditions, and how to repeat it");
    if (!report->draws) cb_note(section, "There are no pictures: gnuplot is missing (apt install gnuplot-nox).");
    list(section, report->inputs->problems);
    for (size_t i = 0; i < report->experiment_count; i++) {
        add_runs(section, &report->experiments[i]);
        add_recipes(section, &report->experiments[i]);
    }
    add_measurements(section, report->inputs);
    cb_section_end(report->document);
}
