#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regress.h"

bool rg_is_folder(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISDIR(about.st_mode);
}

/* Two cases of one name: only the first would be compared. */
static const char *name_twice(const json_t *group)
{
    json_t *seen = json_object(), *one;
    const char *twice = NULL;
    size_t i;
    json_array_foreach(json_object_get(group, "cases"), i, one)
    {
        if (json_object_get(seen, rg_text(one, "name"))) twice = rg_text(one, "name");
        json_object_set_new(seen, rg_text(one, "name"), json_true());
    }
    json_decref(seen);
    return twice;
}

static enum cb_status check(const json_t *counts, const char *path, struct cb_error *err)
{
    const json_t *groups = json_object_get(counts, "groups");
    size_t i;
    json_t *group;
    if (!json_is_array(groups))
        return cb_fail(err, CB_BAD_INPUT, "%.500s: no \"groups\": expected a file of cyclebench count --json", path);
    json_array_foreach(groups, i, group)
    {
        const char *twice = name_twice(group);
        if (twice)
            return cb_fail(err, CB_BAD_INPUT, "%.400s: %.60s-%.60s has the case %.200s twice: give them two names",
                           path, rg_text(group, "source"), rg_text(group, "isa"), twice);
    }
    return CB_OK;
}

static enum cb_status read_counts(json_t **counts, const char *path, struct cb_error *err)
{
    json_error_t wrong;
    *counts = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
    if (*counts) return CB_OK;
    return cb_fail(err, CB_BAD_INPUT, "%.500s:%d:%d: %s: expected a file of cyclebench count --json", path, wrong.line,
                   wrong.column, wrong.text);
}

/* Where nothing could be counted its status is 1, and the reasons are in what it wrote. */
static enum cb_status run_count(json_t **counts, const char *build, struct cb_error *err)
{
    char program[PATH_MAX];
    int status;
    snprintf(program, sizeof program, "%.4000s/cyclebench-count", build);
    if (access(program, X_OK))
        return cb_fail(err, CB_BAD_INPUT,
                       "%.500s: no cyclebench-count: expected the folder of a build (make), or a file of "
                       "cyclebench count --json",
                       build);
    *counts = rg_run((const char *const[]){program, "--json", RG_RESULT_FILE, NULL}, &status);
    return *counts ? CB_OK : cb_fail(err, CB_FAILED, "%.500s: exit status %d, and no counts", program, status);
}

enum cb_status rg_count_side(json_t **counts, const char *path, struct cb_error *err)
{
    struct stat about;
    if (stat(path, &about)) return cb_fail(err, CB_BAD_INPUT, "%.500s: %s", path, strerror(errno));
    enum cb_status status = S_ISDIR(about.st_mode) ? run_count(counts, path, err) : read_counts(counts, path, err);
    return status ? status : check(*counts, path, err);
}
