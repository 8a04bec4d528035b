#include "recipes/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/printable.h"
#include "files/files.h"

/* From the folder of the running program: a build in the source tree (build/, build/clang/, build/clang/test/), then an
 * installation (bin/, libexec/cyclebench/). */
static const char *const places[] = {
    "../train", "../../train", "../../../train", "../share/cyclebench", "../../share/cyclebench",
};

static const size_t max_bytes = 1 << 20;

static int is_ini(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && !strcmp(entry->d_name + len - 4, ".ini");
}

/* Being there is not enough: a build has a folder of object files of this name. */
static int holds_ini(const char *path)
{
    DIR *dir = opendir(path);
    int found = 0;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) found = is_ini(entry);
    if (dir) closedir(dir);
    return found;
}

static enum cb_status find_folder(const struct cb_shelf *shelf, char folder[PATH_MAX], struct cb_error *err)
{
    const char *chosen = shelf->variable ? getenv(shelf->variable) : NULL;
    if (chosen && *chosen) {
        if ((size_t)snprintf(folder, PATH_MAX, "%s", chosen) < PATH_MAX && holds_ini(folder)) return CB_OK;
        return cb_fail(err, CB_BAD_INPUT, "%s is %s: no %s (*.ini) there", shelf->variable, chosen, shelf->folder);
    }
    char program[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len > 0) {
        program[len] = '\0';
        const char *home = dirname(program);
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            if ((size_t)snprintf(folder, PATH_MAX, "%s/%s/%s", home, places[i], shelf->folder) < PATH_MAX &&
                holds_ini(folder))
                return CB_OK;
    }
    /* A build outside the source tree, run from the tree. */
    snprintf(folder, PATH_MAX, "train/%s", shelf->folder);
    if (holds_ini(folder)) return CB_OK;
    return cb_fail(err, CB_UNAVAILABLE, "the folder of the %s is not found beside the program; %s%sgive a path",
                   shelf->folder, shelf->variable ? shelf->variable : "", shelf->variable ? " may name it, or " : "");
}

static enum cb_status unknown_name(const struct cb_shelf *shelf, const char *name, struct cb_error *err)
{
    char list[768] = "", (*names)[CB_RECIPE_NAME];
    size_t len = 0, count;
    const enum cb_status status = cb_shelf_list(shelf, &names, &count, err);
    if (status) return status;
    for (size_t i = 0; i < count; i++)
        if (len + strlen(names[i]) + 2 < sizeof list)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", names[i]);
    free(names);
    return cb_fail(err, CB_BAD_INPUT, "no %s \"%.100s\"; there are %s; or give the path of a file (with a / or .ini)",
                   shelf->one, name, len ? list : "none");
}

int cb_is_ini_path(const char *name)
{
    const size_t len = strlen(name);
    return strchr(name, '/') || (len > 4 && !strcmp(name + len - 4, ".ini"));
}

/* The path of the file that a name means. */
static enum cb_status find(const struct cb_shelf *shelf, char path[PATH_MAX], const char *name, struct cb_error *err)
{
    const size_t len = strlen(name);
    if (cb_is_ini_path(name)) {
        if (len >= PATH_MAX)
            return cb_fail(err, CB_BAD_INPUT, "path of the %s is longer than %d bytes", shelf->one, PATH_MAX - 1);
        strcpy(path, name);
        return CB_OK;
    }
    char folder[PATH_MAX];
    const enum cb_status status = find_folder(shelf, folder, err);
    if (status) return status;
    if (len == 0 || (size_t)snprintf(path, PATH_MAX, "%s/%s.ini", folder, name) >= PATH_MAX)
        return unknown_name(shelf, name, err);
    if (!access(path, F_OK)) return CB_OK;
    if (errno == ENOENT) return unknown_name(shelf, name, err);
    return cb_fail(err, CB_IO_ERROR, "%s: cannot be examined: %s", path, strerror(errno));
}

enum cb_status cb_shelf_open(const struct cb_shelf *shelf, struct cb_bytes *bytes, char path[PATH_MAX],
                             const char *name, struct cb_error *err)
{
    const enum cb_status status = find(shelf, path, name, err);
    return status ? status : cb_read_file(bytes, path, max_bytes, err);
}

enum cb_status cb_shelf_describe(const struct cb_shelf *shelf, char text[CB_DESCRIPTION_BYTES], const char *name,
                                 struct cb_error *err)
{
    char path[PATH_MAX];
    struct cb_bytes bytes;
    const enum cb_status status = cb_shelf_open(shelf, &bytes, path, name, err);
    if (status) return status;
    /* "; NAME: description" */
    const char *line = (const char *)bytes.data, *end = memchr(line, '\n', bytes.len);
    const size_t len = end ? (size_t)(end - line) : bytes.len, prefix = strlen(name) + 4;
    text[0] = '\0';
    if (len > prefix && line[0] == ';' && !memcmp(line + prefix - 2, ": ", 2))
        snprintf(text, CB_DESCRIPTION_BYTES, "%.*s", (int)(len - prefix), line + prefix);
    cb_make_printable(text);
    free(bytes.data);
    return CB_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum cb_status cb_shelf_list(const struct cb_shelf *shelf, char (**names)[CB_RECIPE_NAME], size_t *count,
                             struct cb_error *err)
{
    char folder[PATH_MAX];
    const enum cb_status status = find_folder(shelf, folder, err);
    if (status) return status;
    struct dirent **entries;
    const int found = scandir(folder, &entries, is_ini, NULL);
    if (found < 0) return cb_fail(err, CB_IO_ERROR, "%s: cannot be read: %s", folder, strerror(errno));
    *names = calloc((size_t)found + 1, sizeof **names);
    for (int i = 0; i < found; i++) {
        const int stem = (int)strlen(entries[i]->d_name) - 4;
        if (*names) snprintf((*names)[i], sizeof **names, "%.*s", stem, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    *count = (size_t)found;
    if (*names) qsort(*names, *count, sizeof **names, by_name);
    return *names ? CB_OK : cb_fail(err, CB_NO_MEMORY, "out of memory for the names of %d %s", found, shelf->folder);
}
