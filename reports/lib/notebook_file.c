/* The notebook's tables, read strictly. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notebook.h"
#include "values.h"

enum { CANNOT_READ = 1, MAX_FIELDS = 32 };

/* From the folder of the running program: a build in the source tree (build/, build/clang/, build/clang/test/), then an
 * installation (bin/, libexec/cyclebench/). */
static const char *const folders[] = {"../reports/notebook", "../../reports/notebook", "../../../reports/notebook",
                                      "../share/cyclebench/notebook", "../../share/cyclebench/notebook"};

/* Being there is not enough: a build has folders of the sources' names. */
static bool holds_tables(const char *folder)
{
    char path[PATH_MAX];
    return (size_t)snprintf(path, sizeof path, "%s/epochs.tsv", folder) < sizeof path && !access(path, F_OK);
}

static bool find_folder(char folder[PATH_MAX], struct cb_report_error *err)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *home = dirname(program);
    for (size_t i = 0; length > 0 && i < sizeof folders / sizeof *folders; i++)
        if ((size_t)snprintf(folder, PATH_MAX, "%s/%s", home, folders[i]) < PATH_MAX && holds_tables(folder))
            return true;
    /* A build outside the source tree, run from the tree. */
    strcpy(folder, "reports/notebook");
    if (holds_tables(folder)) return true;
    return cb_report_fail(err, CANNOT_READ,
                          "--with-notebook: no folder notebook/ with epochs.tsv beside the program "
                          "(reports/notebook in the sources, share/cyclebench/notebook installed)");
}

struct table {
    FILE *file;
    char path[PATH_MAX + 32];
    size_t line, count;
    char *text;
    char *fields[MAX_FIELDS]; /* of the last line */
};

static bool wrong(const struct table *table, const char *what, struct cb_report_error *err)
{
    return cb_report_fail(err, CANNOT_READ, "%s:%zu: %s; install cyclebench again", table->path, table->line, what);
}

/* The next line's fields; false at the end of the file. */
static bool next_line(struct table *table)
{
    size_t size = 0;
    free(table->text);
    table->text = NULL;
    table->count = 0;
    if (getline(&table->text, &size, table->file) < 0) return false;
    table->line++;
    table->text[strcspn(table->text, "\n")] = '\0';
    for (char *rest = table->text, *field; table->count < MAX_FIELDS && (field = strsep(&rest, "\t"));)
        table->fields[table->count++] = field;
    return true;
}

/* Opens the table and reads the names of its columns, which begin with the names given. */
static bool open_table(struct table *table, const char *folder, const char *name, const char *const *columns,
                       size_t count, struct cb_report_error *err)
{
    memset(table, 0, sizeof *table);
    snprintf(table->path, sizeof table->path, "%s/%s", folder, name);
    table->file = fopen(table->path, "re");
    if (!table->file) return cb_report_fail(err, CANNOT_READ, "%s: %s", table->path, strerror(errno));
    bool good = next_line(table) && table->count >= count;
    for (size_t i = 0; i < count && good; i++) good = !strcmp(table->fields[i], columns[i]);
    return good || wrong(table, "not the columns of this version", err);
}

static bool close_table(struct table *table, bool good, struct cb_report_error *err)
{
    if (good && ferror(table->file)) good = cb_report_fail(err, CANNOT_READ, "%s: %s", table->path, strerror(errno));
    if (table->file) fclose(table->file);
    free(table->text);
    return good;
}

static bool number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end;
}

/* Each experiment: "cell", "keys" (of a recipe, as text) and no "epochs" yet. */
static bool read_experiments(json_t *notebook, const char *folder, struct cb_report_error *err)
{
    static const char *const columns[] = {"experiment", "cell"};
    struct table table;
    bool good = open_table(&table, folder, "experiments.tsv", columns, 2, err);
    size_t width = table.count;
    char *header = table.text, *names[MAX_FIELDS];
    memcpy(names, table.fields, sizeof names);
    table.text = NULL; /* the names stay */
    while (good && next_line(&table)) {
        double cell;
        if (table.count != width || width == MAX_FIELDS || !number(table.fields[1], &cell)) {
            good = wrong(&table, "not as many fields as columns", err);
            break;
        }
        json_t *experiment = json_object(), *keys = json_object();
        cb_put(experiment, "cell", json_integer((json_int_t)cell));
        cb_put(experiment, "keys", keys);
        cb_put(experiment, "epochs", json_array());
        for (size_t i = 2; i < width; i++) cb_put(keys, names[i], json_string(table.fields[i]));
        cb_put(notebook, table.fields[0], experiment);
    }
    free(header);
    return close_table(&table, good, err);
}

/* Appends to each experiment's "epochs" an array of training loss, validation loss and accuracy. */
static bool read_epochs(json_t *notebook, const char *folder, struct cb_report_error *err)
{
    static const char *const columns[] = {"experiment", "epoch_from_0", "train_loss", "val_loss",
                                          "val_accuracy_percent"};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    struct table table;
    bool good = open_table(&table, folder, "epochs.tsv", columns, COLUMNS, err);
    while (good && next_line(&table)) {
        double values[COLUMNS] = {0};
        bool whole = table.count == COLUMNS;
        for (size_t i = 1; i < COLUMNS && whole; i++) whole = number(table.fields[i], &values[i]);
        json_t *epochs = whole ? json_object_get(json_object_get(notebook, table.fields[0]), "epochs") : NULL;
        if (!epochs || (size_t)values[1] != json_array_size(epochs)) {
            good =
                wrong(&table, "expected the next epoch of an experiment: its name, epoch, two losses, accuracy", err);
            break;
        }
        json_t *epoch = json_array();
        for (size_t i = 2; i < COLUMNS; i++) cb_append(epoch, json_real(values[i]));
        cb_append(epochs, epoch);
    }
    return close_table(&table, good, err);
}

json_t *cb_notebook_read(struct cb_report_error *err)
{
    char folder[PATH_MAX];
    json_t *notebook = json_object(), *experiment;
    const char *name;
    bool good =
        find_folder(folder, err) && read_experiments(notebook, folder, err) && read_epochs(notebook, folder, err);
    json_object_foreach(notebook, name, experiment) if (good && !json_array_size(json_object_get(experiment, "epochs")))
        good =
            cb_report_fail(err, CANNOT_READ, "%s/epochs.tsv: no epoch of %s; install cyclebench again", folder, name);
    if (good) return notebook;
    json_decref(notebook);
    return NULL;
}
