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

/* --- what all have in common -------------------------------------------------------------------------------------- */

/* A member of objects: a column, or where it is the same in all, a part of one sentence. */
struct column {
    const char *key, *name;
};

static bool is_common(const json_t *objects, const char *key)
{
    const json_t *first = json_array_get(objects, 0);
    json_t *object;
    size_t i;
    json_array_foreach((json_t *)objects, i, object) if (strcmp(text(object, key), text(first, key))) return false;
    return json_array_size(objects) > 1;
}

static void add_columns(json_t *grid, const json_t *objects, const struct column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_common(objects, columns[i].key)) cb_grid_column(grid, columns[i].name, false);
}

static void add_cells(json_t *grid, const json_t *objects, const json_t *object, const struct column *columns,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_common(objects, columns[i].key)) cb_grid_text(grid, text(object, columns[i].key));
}

/* "All: compiler gcc 12.2; flags -O3." */
static void say_common(json_t *section, const json_t *objects, const struct column *columns, size_t count)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < count; i++)
        if (is_common(objects, columns[i].key))
            cb_append(parts, cb_sentence("%s %s", columns[i].name, text(json_array_get(objects, 0), columns[i].key)));
    json_t *all = cb_joined_by(parts, "; ");
    if (json_array_size(parts)) cb_say(section, "All: %s.", json_string_value(all));
    json_decref(all);
    json_decref(parts);
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

static const struct column run_machine[] = {{"cpu", "CPU"}, {"isa", "instruction set"}, {"threads_text", "threads"}},
                           run_build[] = {{"started", "started"},
                                          {"commit", "commit"},
                                          {"compiler", "compiler"},
                                          {"flags", "flags"},
                                          {"data", "data"}};
enum {
    MACHINE_COLUMNS = sizeof run_machine / sizeof *run_machine,
    BUILD_COLUMNS = sizeof run_build / sizeof *run_build
};

/* Why a run's times are not those of its group. What a comparison could do about it stands behind a semicolon. */
static void add_whether_times_count(json_t *grid, const struct cb_experiment *e, size_t run)
{
    const char *why = e->times.barred[run],
               *disturbed = json_string_value(json_object_get(json_array_get(e->objects, run), "disturbed"));
    if (cb_times_count(&e->times, &e->in, run))
        cb_grid_text(grid, "yes");
    else if (!why)
        cb_grid_text(grid, "no: those of its recipe are of another machine");
    else {
        json_t *said =
            disturbed ? cb_sentence("no: %s", disturbed) : cb_sentence("no: %.*s", (int)strcspn(why, ";"), why);
        cb_grid_text(grid, json_string_value(said));
        json_decref(said);
    }
}

static void add_run(json_t *grid, const json_t *objects, const struct cb_experiment *e, size_t run)
{
    const json_t *object = json_array_get(objects, run);
    const long long epochs = (long long)json_integer_value(json_object_get(object, "epochs"));
    const json_t *seconds = json_object_get(object, "seconds");
    cb_grid_row(grid);
    cb_grid_text(grid, e->runs[run].label);
    cb_grid_text(grid, text(object, "status"));
    cb_grid_number(grid, (double)epochs, "%lld", epochs);
    if (json_is_number(seconds))
        cb_grid_number(grid, json_number_value(seconds), "%.1f", json_number_value(seconds) / 60);
    else
        cb_grid_number(grid, (double)NAN, "no epoch was finished");
    add_whether_times_count(grid, e, run);
    add_cells(grid, objects, object, run_machine, MACHINE_COLUMNS);
}

/* The objects of the runs, with what the table has beside: "threads_text" and "started". New reference. */
static json_t *objects_of(const struct cb_experiment *e)
{
    json_t *objects = json_array();
    for (size_t i = 0; i < e->count; i++) {
        json_t *object = json_copy(json_array_get(e->objects, i)),
               *started = json_object_get(e->runs[i].header, "started"), *threads = json_object_get(object, "threads");
        if (json_is_integer(threads)) cb_put(object, "threads_text", cb_value_text(threads));
        if (started) cb_put(object, "started", json_incref(started));
        cb_append(objects, object);
    }
    return objects;
}

static void add_machines(json_t *section, const struct cb_experiment *e, const json_t *objects)
{
    static const char *const columns[] = {"run", "status", "epochs", "minutes", "its times count"};
    json_t *grid = cb_grid(section, e->title);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) cb_grid_column(grid, columns[i], i == 2 || i == 3);
    add_columns(grid, objects, run_machine, MACHINE_COLUMNS);
    for (size_t i = 0; i < e->count; i++) add_run(grid, objects, e, i);
    cb_grid_end(section, grid);
    say_common(section, objects, run_machine, MACHINE_COLUMNS);
}

static void add_builds(json_t *section, const struct cb_experiment *e, const json_t *objects)
{
    json_t *grid = cb_grid(section, "Builds and data");
    cb_grid_column(grid, "run", false);
    add_columns(grid, objects, run_build, BUILD_COLUMNS);
    for (size_t i = 0; i < e->count; i++) {
        cb_grid_row(grid);
        cb_grid_text(grid, e->runs[i].label);
        add_cells(grid, objects, json_array_get(objects, i), run_build, BUILD_COLUMNS);
    }
    say_common(section, objects, run_build, BUILD_COLUMNS);
}

static void add_runs(json_t *section, const struct cb_experiment *e)
{
    json_t *objects = objects_of(e);
    add_machines(section, e, objects);
    add_builds(section, e, objects);
    json_decref(objects);
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

static const struct column file_columns[] = {{"cpu", "CPU"},       {"isa", "instruction set"}, {"threads", "threads"},
                                             {"commit", "commit"}, {"compiler", "compiler"},   {"flags", "flags"}};
enum { FILE_COLUMNS = sizeof file_columns / sizeof *file_columns };

/* Of a file: its name, what wrote it, and the members of file_columns. New reference. */
static json_t *object_of(const json_t *file, const char *of)
{
    const json_t *machine = json_object_get(file, "machine"), *threads = json_object_get(machine, "threads");
    json_t *object = json_object();
    cb_put_machine(object, machine);
    cb_put(object, "file", cb_sentence("%s", text(file, "file")));
    cb_put(object, "of", cb_sentence("%s", of));
    if (json_is_integer(threads)) cb_put(object, "threads", cb_value_text(threads));
    return object;
}

static void add_warnings(json_t *section, const json_t *file)
{
    json_t *warning;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(file, "machine"), "warnings"), i, warning)
        cb_say(section, "- %s: %s", text(file, "file"), text(warning, "finding"));
}

static void add_measurements(json_t *section, const struct cb_inputs *inputs)
{
    const struct {
        const json_t *files;
        const char *of;
    } kinds[] = {{inputs->benches, "bench"}, {inputs->finders, "lr-find"}, {inputs->scores, "score"}};
    json_t *objects = json_array(), *object, *file;
    size_t i;
    for (size_t k = 0; k < 3; k++)
        json_array_foreach((json_t *)kinds[k].files, i, file) cb_append(objects, object_of(file, kinds[k].of));
    if (json_array_size(objects)) {
        json_t *grid = cb_grid(section, "Measurements");
        cb_grid_column(grid, "file", false);
        cb_grid_column(grid, "of", false);
        add_columns(grid, objects, file_columns, FILE_COLUMNS);
        json_array_foreach(objects, i, object)
        {
            cb_grid_row(grid);
            cb_grid_text(grid, text(object, "file"));
            cb_grid_text(grid, text(object, "of"));
            add_cells(grid, objects, object, file_columns, FILE_COLUMNS);
        }
        say_common(section, objects, file_columns, FILE_COLUMNS);
        json_t *fold = cb_fold(section, "What may have disturbed these measurements");
        for (size_t k = 0; k < 3; k++) json_array_foreach((json_t *)kinds[k].files, i, file) add_warnings(fold, file);
    }
    json_decref(objects);
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
