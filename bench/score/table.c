#include "table.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "find.h"
#include "print.h"
#include "sentence.h"

static int is_score(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static bool holds_scores(const char *path)
{
    DIR *dir = opendir(path);
    bool found = false;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) found = is_score(entry);
    if (dir) closedir(dir);
    return found;
}

static long long whole(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

enum { CPU, ISA, THREADS, NUMERICS, IMAGES_PER_SECOND, OF_PEAK, FIRST_RECIPE };

/* The column of a recipe, new if it has none; CB_GRID_COLUMNS if there is no room. */
static size_t column_of(struct cb_grid *grid, const char *recipe, double target)
{
    char head[CB_GRID_TEXT];
    size_t c = FIRST_RECIPE;
    snprintf(head, sizeof head, "%.50s to %g %%", recipe, target);
    while (c < grid->columns && strcmp(grid->cell[0][c], head)) c++;
    cb_grid_set(grid, 0, c, "%s", head);
    return c;
}

/* The row of a version among the rows of this machine, from `first` on; new if it has none. */
static size_t row_of(struct cb_grid *grid, size_t first, const json_t *machine, const json_t *projection)
{
    size_t row = first;
    while (row < grid->rows && strcmp(grid->cell[row][NUMERICS], cb_score_text(projection, "numerics"))) row++;
    if (row < grid->rows) return row;
    cb_grid_set(grid, row, CPU, "%.50s (%lld, %lld)", cb_score_text(machine, "cpu_model"), whole(machine, "cpu_family"),
                whole(machine, "cpu_model_number"));
    cb_grid_set(grid, row, ISA, "%s", cb_score_text(machine, "isa_selected"));
    cb_grid_set(grid, row, THREADS, "%lld", whole(machine, "threads"));
    cb_grid_set(grid, row, NUMERICS, "%s", cb_score_text(projection, "numerics"));
    cb_score_rate_cells(grid, row, IMAGES_PER_SECOND, projection); /* of the machine's first recipe */
    return row;
}

static void add_score(struct cb_grid *grid, const json_t *score)
{
    const size_t first = grid->rows;
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(score, "projections"), i, p)
    {
        const size_t row = row_of(grid, first, json_object_get(score, "machine"), p);
        const double target = json_number_value(json_object_get(score, "target_percent"));
        cb_score_time_cell(grid, row, column_of(grid, cb_score_text(p, "recipe"), target), p);
    }
}

static enum cb_status read_score(struct cb_grid *grid, const char *path, struct cb_error *err)
{
    json_error_t mistake;
    json_t *score = json_load_file(path, JSON_REJECT_DUPLICATES, &mistake);
    if (!score) return cb_fail(err, CB_BAD_INPUT, "%.700s:%d: %s", path, mistake.line, mistake.text);
    const bool good = json_integer_value(json_object_get(score, "score_format")) == 1 &&
                      json_is_object(json_object_get(score, "machine")) &&
                      json_is_array(json_object_get(score, "projections"));
    if (good) add_score(grid, score);
    json_decref(score);
    if (good) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%.900s: expected a file of cyclebench score --out (score_format 1)", path);
}

static enum cb_status read_folder(struct cb_grid *grid, const char *folder, struct cb_error *err)
{
    struct dirent **entries;
    enum cb_status status = CB_OK;
    const int n = scandir(folder, &entries, is_score, alphasort);
    if (n < 0) return cb_fail(err, CB_BAD_INPUT, "--table: %.900s: cannot be read as a folder", folder);
    if (n == 0) status = cb_fail(err, CB_BAD_INPUT, "--table: %.900s: no scores (*.json) there", folder);
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX + 300];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (status == CB_OK) status = read_score(grid, path, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum cb_status cb_score_table(const char *folder, FILE *out, struct cb_error *err)
{
    static const char *const head[] = {"CPU", "ISA", "threads", "numerics", "images/s", "of peak"};
    char shipped[PATH_MAX];
    if (!folder && !cb_find_beside_program(shipped, "reports/results/scores", "scores", holds_scores))
        return cb_fail(err, CB_UNAVAILABLE, "no scores are found beside the program; give the folder of --table");
    struct cb_grid *grid = calloc(1, sizeof *grid);
    if (!grid) return cb_fail(err, CB_NO_MEMORY, "out of memory for the table");
    for (size_t c = 0; c < sizeof head / sizeof *head; c++) cb_grid_set(grid, 0, c, "%s", head[c]);
    const enum cb_status status = read_folder(grid, folder ? folder : shipped, err);
    if (status == CB_OK) cb_grid_print(grid, true, out);
    free(grid);
    return status;
}
