#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "find.h"
#include "shapes.h"

static int is_shape_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && !strcmp(entry->d_name + len - 4, ".txt");
}

/* Being there is not enough: a build has a folder bench/suites of object files. */
static bool holds_shapes(const char *path)
{
    DIR *dir = opendir(path);
    bool found = false;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) found = is_shape_file(entry);
    if (dir) closedir(dir);
    return found;
}

static enum cb_status find(char folder[PATH_MAX], struct cb_error *err)
{
    const char *chosen = getenv("CYCLEBENCH_SHAPES");
    if (chosen && *chosen) {
        if ((size_t)snprintf(folder, PATH_MAX, "%s", chosen) < PATH_MAX && holds_shapes(folder)) return CB_OK;
        return cb_fail(err, CB_BAD_INPUT, "CYCLEBENCH_SHAPES is %.900s: no shapes (*.txt) there", chosen);
    }
    if (cb_find_beside_program(folder, "bench/suites", "shapes", holds_shapes)) return CB_OK;
    return cb_fail(
        err, CB_UNAVAILABLE,
        "the folder of the shapes is not found beside the program; set CYCLEBENCH_SHAPES, or name a file with "
        "--shapes");
}

enum cb_status cb_shapes_read_folder(struct cb_shapes *shapes, const char *folder,
                                     const struct cb_shape_form *const *forms, size_t n_forms, struct cb_error *err)
{
    char path[PATH_MAX + 256];
    struct dirent **entries;
    enum cb_status status = CB_OK;
    int n = scandir(folder, &entries, is_shape_file, alphasort);
    if (n < 0) return cb_fail(err, CB_IO_ERROR, "%.900s: cannot read the folder of the shapes", folder);
    if (n == 0) status = cb_fail(err, CB_BAD_INPUT, "%.900s: no shapes (*.txt) in this folder", folder);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (!status) status = cb_shapes_read(shapes, path, forms, n_forms, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum cb_status cb_shapes_read_all(struct cb_shapes *shapes, const struct cb_shape_form *const *forms, size_t n_forms,
                                  struct cb_error *err)
{
    char folder[PATH_MAX];
    enum cb_status status = find(folder, err);
    return status ? status : cb_shapes_read_folder(shapes, folder, forms, n_forms, err);
}
